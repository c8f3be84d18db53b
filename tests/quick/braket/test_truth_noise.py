"""Noise: what aws.sim.dm1 computes, against Amazon's local density matrix simulator; and noisy devices."""

import math
import pickle

import numpy as np
import pytest
from braket.circuits import Circuit, FreeParameter, Gate, Observable, noises
from braket.circuits.noise_model import GateCriteria, NoiseModel
from braket.devices import LocalSimulator
from braket.program_sets import ProgramSet

from qhub_braket import HubDevice, HubProvider
from shared_transport import ValidationError

pytestmark = pytest.mark.usefixtures("quiet")

FLIP = [math.sqrt(0.8) * np.eye(2), math.sqrt(0.2) * np.array([[0, 1], [1, 0]])]
CHANNELS = {
    "bit flip": lambda c: c.bit_flip(2, 0.2),
    "phase flip": lambda c: c.phase_flip(0, 0.2),
    "pauli channel": lambda c: c.pauli_channel(2, 0.1, 0.2, 0.05),
    "depolarizing": lambda c: c.depolarizing(0, 0.3),
    "two qubit depolarizing": lambda c: c.two_qubit_depolarizing(2, 0, 0.3),
    "two qubit dephasing": lambda c: c.two_qubit_dephasing(2, 0, 0.3),
    "amplitude damping": lambda c: c.amplitude_damping(2, 0.3),
    "generalized amplitude damping": lambda c: c.generalized_amplitude_damping(2, 0.3, 0.8),
    "phase damping": lambda c: c.phase_damping(0, 0.3),
    "kraus": lambda c: c.kraus([1], FLIP),
}


@pytest.fixture(scope="module")
def dm1(provider: HubProvider) -> HubDevice:
    return provider.get_device("aws.sim.dm1")


def entangled() -> Circuit:
    return Circuit().ry(0, 0.7).ry(2, 1.3).rz(2, 0.4).cnot(2, 1).t(0)


def state(circuit: Circuit) -> np.ndarray:
    exact = circuit.copy().density_matrix()
    return LocalSimulator("braket_dm").run(exact, shots=0).result().values[0]


@pytest.mark.parametrize("name", CHANNELS)
def test_each_channel(dm1: HubDevice, name: str) -> None:
    circuit = CHANNELS[name](entangled()).rx(2, 0.3)
    value = dm1.run(circuit.copy().density_matrix(), shots=0).result().values[0]
    np.testing.assert_allclose(value, state(circuit), atol=1e-9)


def test_every_channel_that_the_device_names_is_tested(dm1: HubDevice) -> None:
    pragmas = dm1.properties.action["braket.ir.openqasm.program"].supportedPragmas
    named = {p.removeprefix("braket_noise_") for p in pragmas if p.startswith("braket_noise_")}
    assert named == {name.replace(" ", "_") for name in CHANNELS}


def test_values_of_a_noisy_state_with_and_without_shots(dm1: HubDevice) -> None:
    circuit = entangled().bit_flip(2, 0.2).expectation(Observable.Z() @ Observable.X(), [2, 0])
    exact = LocalSimulator("braket_dm").run(circuit, shots=0).result().values[0]
    assert dm1.run(circuit, shots=0).result().values[0] == pytest.approx(exact, abs=1e-9)
    sampled = dm1.run(circuit, shots=4000).result().values[0]
    assert sampled == pytest.approx(exact, abs=6 / math.sqrt(4000))  # six standard errors


def test_noise_with_a_parameter(dm1: HubDevice) -> None:
    open_ = entangled().bit_flip(2, FreeParameter("p")).density_matrix()
    value = dm1.run(open_, shots=0, inputs={"p": 0.2}).result().values[0]
    np.testing.assert_allclose(value, state(entangled().bit_flip(2, 0.2)), atol=1e-9)


class TestNoiseModels:
    MODEL = NoiseModel().add_noise(noises.BitFlip(0.1), GateCriteria(Gate.CNot))

    def test_it_is_added_to_circuits(self, provider: HubProvider) -> None:
        noisy = provider.get_device("aws.sim.dm1", noise_model=self.MODEL)
        circuit = Circuit().x(0).cnot(0, 1)
        value = noisy.run(circuit.copy().density_matrix(), shots=0).result().values[0]
        np.testing.assert_allclose(value, state(self.MODEL.apply(circuit)), atol=1e-9)
        assert abs(value[3, 3]) < 0.95
        again = pickle.loads(pickle.dumps(noisy))
        value = again.run(circuit.copy().density_matrix(), shots=0).result().values[0]
        np.testing.assert_allclose(value, state(self.MODEL.apply(circuit)), atol=1e-9)

    def test_it_is_added_to_program_sets_and_batches(self, provider: HubProvider) -> None:
        certain = NoiseModel().add_noise(noises.AmplitudeDamping(1.0), GateCriteria(Gate.X))
        noisy = provider.get_device("aws.sim.dm1", noise_model=certain)
        counts = noisy.run(ProgramSet([Circuit().x(0)], 5)).result()[0].entries[0].counts
        assert counts == {"0": 5}
        (result,) = noisy.run_batch([Circuit().x(0)], shots=4).results()
        assert result.measurement_counts == {"0": 4}

    def test_texts_and_devices_without_noise_are_refused(self, provider: HubProvider) -> None:
        noisy = provider.get_device("aws.sim.dm1", noise_model=self.MODEL)
        with pytest.raises(ValidationError, match="noise model cannot be added to a str"):
            noisy.run("OPENQASM 3.0; qubit q; bit b; b = measure q;", shots=5)
        for name in ("aws.sim.sv1", "aws.ionq.forte", "aws.quera.aquila"):
            with pytest.raises(ValidationError, match="does not simulate the noise"):
                provider.get_device(name, noise_model=self.MODEL)


@pytest.mark.parametrize("id", ["aws.rigetti.cepheus", "aws.ionq.forte"])
def test_a_noisy_device_errs_and_is_mostly_right(provider: HubProvider, id: str) -> None:
    counts = provider.get_device(id).run(Circuit().h(0).cnot(0, 1), shots=4000).result()
    right = counts.measurement_counts["00"] + counts.measurement_counts["11"]
    assert 2800 < right < 4000
