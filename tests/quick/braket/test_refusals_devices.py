"""What quantum computers refuse before anything is sent."""

import math
from typing import Any

import pytest
from braket.ahs import AnalogHamiltonianSimulation, AtomArrangement, DrivingField, LocalDetuning
from braket.ahs.atom_arrangement import SiteType
from braket.circuits import Circuit, Observable
from braket.circuits import result_types as rt
from braket.timings.time_series import TimeSeries

from qhub_braket import HubDevice, HubProvider
from tests.quick.braket.refused import refusal

pytestmark = pytest.mark.usefixtures("untouched")

HALF = math.pi / 2


class TestCepheus:
    @pytest.fixture
    def cepheus(self, provider: HubProvider) -> HubDevice:
        return provider.get_device("aws.rigetti.cepheus")

    @pytest.mark.parametrize(
        ("circuit", "words"),
        [
            (Circuit().gpi(0, 0.1), ["GPi on qubits [0]", "cphaseshift"]),
            (Circuit().rx(0, 0.3, control=1), ["Rx on qubits [0] with control qubits"]),
            (Circuit().x(0, power=0.5), ["X on qubits [0] with a power"]),
            (Circuit().h(0).phase_flip(0, 0.1), ["PhaseFlip"]),
            (
                Circuit().add_verbatim_box(Circuit().h(0)),
                ["H on qubits [0] is not native", "cz, rx, rz"],
            ),
            (
                Circuit().add_verbatim_box(Circuit().cz(0, 2)),
                ["CZ on qubits [0, 2]", "not coupled", "Qubit 0 is coupled with 1, 9"],
            ),
            (Circuit().add_verbatim_box(Circuit().rx(200, HALF)), ["no qubit 200"]),
            (
                Circuit().add_verbatim_box(Circuit().rx(0, HALF, control=1)),
                ["Rx on qubits [0] is not native"],
            ),
            (
                Circuit().h(0).expectation(Observable.Hermitian(Observable.X().to_matrix()), 0),
                ["observable Hermitian", "h, i, x, y, z"],
            ),
            (Circuit().h(0).density_matrix(), ["DensityMatrix", "Expectation"]),
        ],
    )
    def test_circuits(self, cepheus: HubDevice, circuit: Circuit, words: list[str]) -> None:
        said = refusal(cepheus, circuit, shots=10)
        assert [word for word in words if word not in said] == [], said

    def test_shots(self, cepheus: HubDevice) -> None:
        for shots in (0, 50_001):
            assert f"shots={shots}" in refusal(cepheus, Circuit().h(0), shots)

    def test_qubits_that_it_does_not_have(self, cepheus: HubDevice) -> None:
        said = refusal(cepheus, Circuit().h(108), shots=5, disable_qubit_rewiring=True)
        assert "no qubit 108" in said


class TestForte:
    @pytest.fixture
    def forte(self, provider: HubProvider) -> HubDevice:
        return provider.get_device("aws.ionq.forte")

    def test_a_box_holds_everything(self, forte: HubDevice) -> None:
        circuit = Circuit().h(0).add_verbatim_box(Circuit().gpi(0, 0.1))
        assert "H is outside of the verbatim box" in refusal(forte, circuit, shots=5)

    def test_result_types(self, forte: HubDevice) -> None:
        circuit = Circuit().h(0).add_result_type(rt.StateVector())
        assert "StateVector" in refusal(forte, circuit, shots=5)

    def test_too_many_qubits(self, forte: HubDevice) -> None:
        assert "37 qubits" in refusal(forte, Circuit().h(range(37)), shots=5)


def series(*points: tuple[float, float]) -> TimeSeries:
    """Times in microseconds, values in 1e6 rad/s."""
    result = TimeSeries()
    for time, value in points:
        result.put(time * 1e-6, value * 1e6)
    return result


def program(**changes: Any) -> AnalogHamiltonianSimulation:
    sites = changes.pop("sites", [(0, 0), (0, 5)])
    filling = changes.pop("filling", [1] * len(sites))
    extra = changes.pop("extra", None)
    register = AtomArrangement()
    for (x, y), filled in zip(sites, filling, strict=True):
        register.add([x * 1e-6, y * 1e-6], SiteType.FILLED if filled else SiteType.VACANT)
    fields = {
        "amplitude": series((0, 0), (0.1, 6.4), (0.9, 6.4), (1, 0)),
        "phase": series((0, 0), (1, 0)),
        "detuning": series((0, -4), (1, 8)),
        **changes,
    }
    hamiltonian: Any = DrivingField(**fields)
    if extra is not None:
        hamiltonian = hamiltonian + extra
    return AnalogHamiltonianSimulation(register, hamiltonian)


def shift(points: TimeSeries, pattern: list[float]) -> LocalDetuning:
    return LocalDetuning.from_lists(points.times(), points.values(), pattern)


LOCAL = series((0, 0), (0.3, 20), (0.7, 20), (1, 0))


class TestAquila:
    @pytest.fixture
    def aquila(self, provider: HubProvider) -> HubDevice:
        return provider.get_device("aws.quera.aquila")

    @pytest.mark.parametrize(
        ("wrong", "words"),
        [
            (program(filling=[0, 0]), ["no atom"]),
            (program(sites=[(0, 0), (0, 3)]), ["Sites 0 and 1 are 3e-06 m apart", "4e-06"]),
            (program(sites=[(0, 0), (9, 1)]), ["in rows 1e-06 m apart"]),
            (program(sites=[(0, 0), (80, 0)]), ["width", "8e-05 m", "7.5e-05"]),
            (program(sites=[(0, 0), (0, 80)]), ["height", "8e-05 m"]),
            (program(sites=[(0, 0), (0, 5.001)]), ["Site 1", "discretize"]),
            (program(sites=[(4 * (n % 16), 4 * (n // 16)) for n in range(257)]), ["257", "256"]),
            (program(amplitude=series((0, 0), (0.1, 16), (0.9, 16), (1, 0))), ["1.6e+07"]),
            (
                program(amplitude=series((0, 1), (1, 0))),
                ["the amplitude", "begin and to end with 0"],
            ),
            (program(amplitude=series((0, 0), (0.01, 5), (1, 0))), ["too close", "5e-08"]),
            (program(amplitude=series((0, 0), (0.5, 0.0001), (1, 0))), ["multiple of 400"]),
            (program(detuning=series((0, -126), (1, 8))), ["the detuning", "-1.26e+08"]),
            (program(phase=series((0, 0), (0.5, 1000), (1, 0))), ["the phase", "1e+09"]),
            (program(detuning=series((0, -4), (2, 8))), ["different times", "detuning at 2e-06 s"]),
            (program(detuning=series((0.1, -4), (1, 8))), ["begin at 0"]),
            (
                program(
                    amplitude=series((0, 0), (5, 0)),
                    phase=series((0, 0), (5, 0)),
                    detuning=series((0, 0), (5, 0)),
                ),
                ["lasts 5e-06 s", "4e-06"],
            ),
            (program(extra=shift(LOCAL, [0.5, 1.5])), ["pattern", "1.5"]),
            (program(extra=shift(LOCAL, [0.5])), ["each of the 2 sites"]),
            (
                program(extra=shift(series((0, 5), (1, 0)), [0.5, 1])),
                ["local detuning has to begin"],
            ),
            (
                program(
                    extra=DrivingField(
                        series((0, 0), (1, 0)), series((0, 0), (1, 0)), series((0, 0), (1, 0))
                    )
                ),
                ["2 driving fields", "exactly one"],
            ),
        ],
    )
    def test_programs(self, aquila: HubDevice, wrong: Any, words: list[str]) -> None:
        said = refusal(aquila, wrong, shots=5)
        assert [word for word in words if word not in said] == [], said

    def test_slew_rates(self, aquila: HubDevice) -> None:
        fast = program(amplitude=series((0, 0), (0.05, 15.8), (0.1, 0), (1, 0)))
        # 15.8e6 rad/s in 0.05 us is 3.16e14 a second, below 4e14; half the time is not to be had.
        with pytest.raises(AssertionError, match="a job was sent"):
            aquila.run(fast.discretize(aquila), shots=5)
        local = series((0, 0), (0.05, 100), (0.95, 100), (1, 0))
        said = refusal(aquila, program(extra=shift(local, [1, 1])), shots=5)
        assert "changes by 2e+15 a second" in said
        assert "1.2566e+15" in said

    @pytest.mark.parametrize("options", [{"inputs": {"a": 1}}, {"disable_qubit_rewiring": True}])
    def test_options_of_circuits(self, aquila: HubDevice, options: dict[str, Any]) -> None:
        said = refusal(aquila, program().discretize(aquila), 5, **options)
        assert next(iter(options)) in said

    def test_circuits(self, aquila: HubDevice) -> None:
        said = refusal(aquila, Circuit().h(0), shots=5)
        assert "braket.circuits.circuit.Circuit" in said
        assert "AnalogHamiltonianSimulation" in said

    def test_texts(self, aquila: HubDevice) -> None:
        said = refusal(aquila, "OPENQASM 3.0; qubit q;", shots=5)
        assert said.startswith("aws.quera.aquila does not run a string. It runs programs of atoms")

    def test_shots(self, aquila: HubDevice) -> None:
        for shots in (0, 1001):
            assert f"shots={shots}" in refusal(aquila, program().discretize(aquila), shots)

    def test_atoms_on_a_device_of_circuits(self, provider: HubProvider) -> None:
        said = refusal(provider.get_device("aws.ionq.forte"), program(), shots=5)
        assert "AnalogHamiltonianSimulation" in said
        assert "braket.circuits.Circuit" in said
