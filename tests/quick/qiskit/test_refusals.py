"""What a backend cannot do is refused before anything is sent, by a message with the thing and the way out."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Gate, Parameter
from qiskit.circuit.classical import expr

from qhub_qiskit import HubProvider, HubSession
from shared_transport import (
    AuthenticationError,
    ConfigurationError,
    HubClient,
    HubError,
    NotFoundError,
    RetryPolicy,
    Settings,
    TransportError,
    ValidationError,
)


def measured(width: int = 1) -> QuantumCircuit:
    circuit = QuantumCircuit(width, width)
    circuit.measure(range(width), range(width))
    return circuit


def too_wide() -> QuantumCircuit:
    return measured(40)


def gate_outside() -> QuantumCircuit:
    circuit = QuantumCircuit(3, 1)
    circuit.rzx(0.3, 0, 2)
    circuit.measure(0, 0)
    return circuit


def impostor() -> QuantumCircuit:
    """A gate named like a standard one that does something else."""
    circuit = QuantumCircuit(2, 2)
    circuit.append(Gate("cx", 2, []), [0, 1])
    circuit.measure([0, 1], [0, 1])
    return circuit


def open_control() -> QuantumCircuit:
    circuit = QuantumCircuit(2, 2)
    circuit.cx(0, 1, ctrl_state=0)
    circuit.measure([0, 1], [0, 1])
    return circuit


def unmeasured() -> QuantumCircuit:
    circuit = QuantumCircuit(1, 1)
    circuit.h(0)
    return circuit


def unbound() -> QuantumCircuit:
    circuit = QuantumCircuit(1, 1)
    circuit.rx(Parameter("theta"), 0)
    circuit.measure(0, 0)
    return circuit


def infinite() -> QuantumCircuit:
    circuit = QuantumCircuit(1, 1)
    circuit.rx(math.inf, 0)
    circuit.measure(0, 0)
    return circuit


def midway() -> QuantumCircuit:
    circuit = QuantumCircuit(3, 2)
    circuit.measure(2, 0)
    circuit.x(2)
    circuit.measure(2, 1)
    return circuit


def with_reset() -> QuantumCircuit:
    circuit = QuantumCircuit(2, 1)
    circuit.reset(1)
    circuit.measure(0, 0)
    return circuit


def conditional() -> QuantumCircuit:
    circuit = QuantumCircuit(2, 2)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.x(1)
    circuit.measure(1, 1)
    return circuit


REFUSED = [
    (too_wide, ["40 qubits", "larger backend"]),
    (gate_outside, ["'rzx'", "qubits 0, 2", "transpile(circuit, backend)"]),
    (impostor, ["'cx'", "qubits 0, 1", "standard gate"]),
    (open_control, ["'cx_o0'", "transpile"]),
    (unmeasured, ["measures nothing", "measure_all()"]),
    (unbound, ["theta", "assign_parameters"]),
    (infinite, ["'rx'", "finite"]),
    (midway, ["mid-circuit measurement", "'x'", "qubit 2"]),
    (with_reset, ["'reset'", "qubit 1"]),
    (conditional, ["'if_else'"]),
]


@pytest.mark.parametrize(
    ("make", "words"), REFUSED, ids=lambda value: getattr(value, "__name__", "")
)
def test_circuits(backend, make, words):
    before = newest_job(backend)
    with pytest.raises(ValidationError) as caught:
        backend.run(make(), shots=10)
    for word in words:
        assert word in str(caught.value)
    assert newest_job(backend) == before


def test_one_bad_circuit_of_a_list_and_nothing_is_sent(backend):
    before = newest_job(backend)
    with pytest.raises(ValidationError, match="theta"):
        backend.run([measured(), unbound(), measured()], shots=10)
    assert newest_job(backend) == before


def newest_job(backend) -> object:
    page = backend._client.jobs.page(0, 1)
    return page.total_elements


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"shots": 0}, ["1 to 100000 shots", "not 0"]),
        ({"shots": -5}, ["not -5"]),
        ({"shots": 100_001}, ["not 100001"]),
        ({"shots": 2.5}, ["shots=2.5", "integer"]),
        ({"shots": "10"}, ["shots='10'"]),
        ({"shots": True}, ["shots=True"]),
        ({"shotss": 10}, ["'shotss'", "Did you mean 'shots'?"]),
        ({"seed_simulator": 3}, ["seed_simulator", "HubProvider.local(seed=...)"]),
        ({"meas_level": 1}, ["meas_level=1", "classified"]),
        ({"tags": "mine"}, ["sequence of texts, not 'mine'"]),
        ({"tags": [7]}, ["sequence of texts, not [7]"]),
    ],
    ids=str,
)
def test_options_of_run(backend, given, words):
    with pytest.raises(ValidationError) as caught:
        backend.run(measured(), **given)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize("nothing", [[], ()])
def test_no_circuit(backend, nothing):
    with pytest.raises(ValidationError, match="no circuit"):
        backend.run(nothing)


def test_something_else_than_a_circuit(backend):
    with pytest.raises(ValidationError, match=r"not str.*qasm2\.loads"):
        backend.run("OPENQASM 2.0;")


def test_a_mode_of_one_system_is_unknown_to_another(sv1, qsim):
    with pytest.raises(ValidationError, match="'mode'"):
        sv1.run(measured(), mode="statevector")
    with pytest.raises(ValidationError, match="'guess'"):
        qsim.run(measured(), mode="guess")


@pytest.mark.parametrize("bitstrings", [None, ["0"], ["012"], ["000"]])
def test_amplitudes_need_words_of_the_circuits_width(qsim, bitstrings):
    with pytest.raises(ValidationError, match="bitstrings needs words of 2 bits"):
        qsim.run(QuantumCircuit(2), mode="amplitudes", bitstrings=bitstrings)


def test_bitstrings_without_their_mode(qsim):
    with pytest.raises(ValidationError, match="mode='amplitudes'"):
        qsim.run(measured(), bitstrings=["0"])


def test_what_the_local_hub_refuses_names_its_limit(sv1):
    circuit = QuantumCircuit(30, 1)
    for qubit in range(30):
        circuit.h(qubit)
    circuit.measure(0, 0)
    with pytest.raises(HubError) as caught:
        sv1.run(circuit, shots=1).result(timeout=60)
    assert "local limit" in str(caught.value)


def test_unknown_backend_offers_the_nearest(provider):
    with pytest.raises(NotFoundError, match=r"'aws\.sim\.sv2'.*'aws\.sim\.sv1'"):
        provider.get_backend("aws.sim.sv2")


def test_no_token(provider, monkeypatch, tmp_path):
    clear_credentials(monkeypatch, tmp_path)
    nobody = HubProvider(base_url=provider.client.settings.base_url)
    with pytest.raises(AuthenticationError) as caught:
        nobody.get_backend("kipu.sim.qsim").run(measured(), shots=10)
    assert "KQH_PERSONAL_ACCESS_TOKEN" in str(caught.value)
    assert "HubProvider.local()" in str(caught.value)


def test_wrong_token(provider, monkeypatch, tmp_path):
    clear_credentials(monkeypatch, tmp_path)
    stranger = HubProvider("not-the-token", base_url=provider.client.settings.base_url)
    with pytest.raises(AuthenticationError) as caught:
        stranger.backends()
    assert "does not accept the token" in str(caught.value)
    assert "not-the-token" not in str(caught.value)


def test_unreachable_hub():
    settings = Settings.resolve(
        base_url="http://127.0.0.1:9/quantum",
        token="x",
        retry=RetryPolicy(attempts=2, first_delay=0.01),
    )
    with pytest.raises(TransportError, match=r"127\.0\.0\.1:9.*QHUB_QUANTUM_BASE_URL"):
        HubProvider(client=HubClient(settings)).get_backend("aws.sim.sv1")


def test_a_hub_that_does_not_start(tmp_path):
    occupied = tmp_path / "a file"
    occupied.write_text("not a folder")
    with pytest.raises(ConfigurationError, match="does not start"):
        HubProvider.local(state=occupied)


def clear_credentials(monkeypatch: pytest.MonkeyPatch, home) -> None:
    for name in (
        "KQH_SERVICE_EXECUTION_TOKEN",
        "KQH_PERSONAL_ACCESS_TOKEN",
        "PLANQK_SERVICE_EXECUTION_TOKEN",
        "SERVICE_EXECUTION_TOKEN",
        "PLANQK_PERSONAL_ACCESS_TOKEN",
        "KQH_CONFIG_FILE_PATH",
        "PLANQK_CONFIG_FILE_PATH",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home))


def test_default_shots_and_set_options(provider):
    backend = provider.get_backend("kipu.sim.qsim")
    assert backend.options.shots == 1024
    assert sum(backend.run(measured()).result().get_counts().values()) == 1024
    backend.set_options(shots=77, memory=True)
    result = backend.run(measured()).result()
    assert sum(result.get_counts().values()) == 77
    assert len(result.get_memory()) == 77
    assert dict(backend.options)["shots"] == 77
    with pytest.raises(ValidationError):
        backend.set_options(shots=0)
    with pytest.raises(ValidationError, match="Did you mean 'memory'"):
        backend.set_options(memori=True)
    with pytest.raises(ValidationError, match=r"run\(\.\.\., shots=\.\.\., split_shots=True\)"):
        backend.set_options(shots=10**9)
    with pytest.raises(ValidationError, match="shots='x'"):
        backend.options.shots = "x"
    assert backend.options.shots == 77
    backend.options.shots = 10**9  # `run` says what it takes
    assert pickle.loads(pickle.dumps(backend)).options.shots == 10**9


def test_a_seed_below_0_is_refused_before_anything_is_sent(provider):
    backend = provider.get_backend("azure.ionq.simulator")
    before = newest_job(backend)
    with pytest.raises(ValidationError, match="seed_simulator=-1"):
        backend.run(measured(), seed_simulator=-1)
    assert newest_job(backend) == before


def test_a_variable_is_no_instruction_on_qubits(sv1):
    circuit = QuantumCircuit(1, 1)
    circuit.add_var("a", expr.lift(True))
    circuit.measure(0, 0)
    with pytest.raises(ValidationError, match=r"^aws.sim.sv1 has no instruction 'store'\."):
        sv1.run(circuit)


def test_what_is_no_id_and_no_backend(provider):
    for call in (
        lambda: provider.get_backend(None),
        lambda: provider.job(None),
        lambda: HubSession("ibm.qpu.fez"),
        lambda: list(provider.jobs(tags="mine")),
    ):
        with pytest.raises(ValidationError, match=r"not None|'ibm\.qpu\.fez'|'mine'"):
            call()


def test_numpys_integers_are_integers(qsim):
    assert sum(qsim.run(measured(), shots=np.int64(12)).result().get_counts().values()) == 12
