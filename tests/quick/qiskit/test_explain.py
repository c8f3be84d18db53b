"""`explain`: figures against the documents they come from, what is sent against what `run` sends, and no POST."""

from __future__ import annotations

import base64
import gzip
import io
import json
import math
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit, qpy, transpile
from qiskit.circuit import Gate, Parameter
from qiskit.transpiler import InstructionProperties, Target

from qhub_qiskit import HubBackend, HubProvider
from qhub_qiskit.explain import success_of
from shared_transport import ServerError, ValidationError
from shared_transport.explanation import Explanation, Explanations
from shared_transport.prices import Price

CATALOG = Path(__file__).parents[3] / "local_hub" / "catalog"
PRICES = {"ibm.*": {"per_second": 1.6}, "aws.ionq.*": Price(per_task=0.3, per_shot=0.08)}


def document(kind: str, backend_id: str) -> dict[str, Any]:
    packed = CATALOG / kind / f"{backend_id}.json.gz"
    if packed.exists():
        return json.loads(gzip.decompress(packed.read_bytes()))
    return json.loads((CATALOG / kind / f"{backend_id}.json").read_text())


def ghz(size: int = 3, name: str = "ghz") -> QuantumCircuit:
    circuit = QuantumCircuit(size, name=name)
    circuit.h(0)
    for qubit in range(1, size):
        circuit.cx(0, qubit)
    circuit.measure_all()
    return circuit


def with_reset() -> QuantumCircuit:
    circuit = QuantumCircuit(1, 2, name="twice")
    circuit.h(0)
    circuit.measure(0, 0)
    circuit.reset(0)
    circuit.h(0)
    circuit.measure(0, 1)
    return circuit


def unpacked(value: dict[str, str]) -> QuantumCircuit:
    (circuit,) = qpy.load(io.BytesIO(zlib.decompress(base64.b64decode(value["__value__"]))))
    return circuit


@pytest.fixture(scope="module")
def everywhere(provider: HubProvider) -> Explanations:
    return provider.explain(ghz(), shots=1000, prices=PRICES, seed_transpiler=3)


def executed(circuit: QuantumCircuit) -> list[tuple[str, tuple[int, ...]]]:
    """Name and qubits of all but barriers."""
    return [
        (one.name, tuple(circuit.find_bit(qubit).index for qubit in one.qubits))
        for one in circuit.data
        if one.name != "barrier"
    ]


def garnet_errors(explained: Explanation) -> list[float]:
    config = document("devices", "iqm.qpu.garnet")
    told = {one["dut_field"]: one["value"] for one in config["calibrationData"]["observations"]}
    errors = []
    for name, qubits in executed(explained.circuit):
        labels = [config["qubits"][q] for q in qubits]
        if name == "r":
            (field,) = [f for f in told if f.startswith("metrics.rb.prx") and f"{labels[0]}." in f]
        elif name == "measure":
            field = f"metrics.ssro.measure.constant.{labels[0]}.fidelity"
        else:
            first, second = sorted(labels, key=lambda label: int(label[2:]))
            field = f"metrics.irb.cz.crf.{first}__{second}.fidelity"
        errors.append(1 - told[field])
    return errors


def fez_errors(explained: Explanation) -> list[float]:
    properties = document("devices", "ibm.qpu.fez")["properties"]
    gates = {
        (one["gate"], tuple(one["qubits"])): figure["value"]
        for one in properties["gates"]
        for figure in one["parameters"]
        if figure["name"] == "gate_error"
    }
    readout = [
        next(figure["value"] for figure in qubit if figure["name"] == "readout_error")
        for qubit in properties["qubits"]
    ]
    return [
        readout[qubits[0]] if name == "measure" else gates[name, qubits]
        for name, qubits in executed(explained.circuit)
    ]


def cepheus_errors(explained: Explanation) -> list[float]:
    standard = document("devices", "aws.rigetti.cepheus")["standardized"]
    errors = []
    for name, qubits in executed(explained.circuit):
        if name == "cz":
            a, b = sorted(qubits)
            pair = standard["twoQubitProperties"][f"{a}-{b}"]["twoQubitGateFidelity"]
            errors.append(1 - next(one["fidelity"] for one in pair if one["gateName"] == "CZ"))
            continue
        kinds = {
            one["fidelityType"]["name"]: one["fidelity"]
            for one in standard["oneQubitProperties"][str(qubits[0])]["oneQubitFidelity"]
        }
        wanted = "READOUT" if name == "measure" else "RANDOMIZED_BENCHMARKING"
        errors.append(0.0 if name == "rz" else 1 - kinds[wanted])  # rz is a change of frame
    return errors


@pytest.mark.parametrize(
    ("backend_id", "errors"),
    [
        ("iqm.qpu.garnet", garnet_errors),
        ("ibm.qpu.fez", fez_errors),
        ("aws.rigetti.cepheus", cepheus_errors),
    ],
)
def test_success_is_the_product_over_the_device_document(everywhere, backend_id, errors):
    explained = everywhere[backend_id]
    kept = 1 - np.array(errors(explained))
    assert len(kept) >= 8
    assert explained.success.estimate == pytest.approx(np.prod(kept), rel=1e-12)
    assert 0.5 < explained.success.estimate < 1
    assert not explained.success.uncounted
    assert f"over {len(kept)} gates and readouts" in explained.success.basis
    assert "calibration of 202" in explained.success.basis


@pytest.mark.parametrize("backend_id", ["iqm.qpu.garnet", "ibm.qpu.fez"])
def test_success_is_what_the_noisy_simulation_shows(provider, backend_id):
    """A chain of 5: readouts and cz alike cost it some percent. Errors that leave the outcome right, and idle time, are
    worth 2 %; the statistical bound is 6 standard errors of 2,000 shots."""
    circuit = QuantumCircuit(5)
    circuit.h(0)
    for qubit in range(4):
        circuit.cx(qubit, qubit + 1)
    circuit.measure_all()
    backend = provider.get_backend(backend_id)
    explained = backend.explain(circuit, seed_transpiler=1)
    counts = backend.run(explained.circuit, shots=2000).result().get_counts()
    right = (counts["00000"] + counts["11111"]) / 2000
    bound = 6 * math.sqrt(right * (1 - right) / 2000) + 0.02
    assert explained.success.estimate == pytest.approx(right, abs=bound)


@pytest.mark.parametrize(
    "backend_id", ["iqm.qpu.emerald", "ibm.qpu.miami", "aws.ionq.forte", "kipu.sim.qsim"]
)
def test_depth_and_gates_are_those_of_qiskits_own_transpiler(everywhere, provider, backend_id):
    explained = everywhere[backend_id]
    backend = provider.get_backend(backend_id)
    fits_as_it_is = backend_id == "kipu.sim.qsim"
    ready = ghz() if fits_as_it_is else transpile(ghz(), backend, seed_transpiler=3)
    counted = dict(ready.count_ops())
    counted.pop("barrier")
    assert explained.transpiled is not fits_as_it_is
    assert explained.depth == ready.depth()
    assert explained.two_qubit_gates == ready.num_nonlocal_gates() == 2
    assert explained.larger_gates == 0
    assert dict(explained.gates) == counted
    assert explained.circuit == ready


def test_a_duration_is_the_sum_along_the_longest_way(everywhere):
    """Garnet's GHZ circuit: its gates one after the other on the qubit that is in both cz."""
    explained = everywhere["iqm.qpu.garnet"]
    config = document("devices", "iqm.qpu.garnet")
    told = {one["dut_field"]: one["value"] for one in config["calibrationData"]["observations"]}
    ends = np.zeros(20)
    lasts = {"r": "gates.prx", "cz": "gates.cz", "measure": "gates.measure"}
    for name, qubits in executed(explained.circuit):
        fields = [f for f in told if f.startswith(lasts[name]) and f.endswith(".duration")]
        labels = [f"QB{q + 1}" for q in sorted(qubits)]
        (field,) = [f for f in fields if f.split(".")[-2] == "__".join(labels)]
        ends[list(qubits)] = ends[list(qubits)].max() + told[field]
    assert explained.seconds == pytest.approx(ends.max())


@pytest.mark.parametrize(
    "backend_id", ["iqm.qpu.garnet", "ibm.qpu.fez", "quandela.sim.altair", "aws.sim.sv1"]
)
def test_what_would_be_sent_is_what_run_sends_and_nothing_is_sent(provider, requests, backend_id):
    backend = provider.get_backend(backend_id)
    explained = backend.explain(ghz(2), shots=200, name="mine", tags=["a", "b"], memory=True)
    assert requests.methods == {"GET"}
    assert explained.fits
    job = backend.run(explained.circuit, shots=200, name="mine", tags=["a", "b"], memory=True)
    (told,), (sent,) = [json.loads(text) for text in explained.json], requests.bodies
    if backend_id.startswith("ibm."):
        # Qiskit writes the registers of a layout in whatever order: it is the circuits that are compared.
        circuits = [unpacked(body["input"]["pubs"][0].pop(0)) for body in (told, sent)]
        assert circuits == [explained.circuit, explained.circuit]
    assert told == sent
    assert explained.requests[0].input_format == explained.input_format
    job.cancel()


def test_a_split_run_is_all_its_jobs(provider):
    backend = provider.get_backend("kipu.sim.qsim")
    explained = backend.explain(ghz(2), shots=250_000, split_shots=True, prices={"*": Price(1, 2)})
    assert [request.shots for request in explained.requests] == [83_334, 83_333, 83_333]
    assert explained.price == 3 * 1 + 250_000 * 2


def test_explaining_everywhere_only_reads(provider, requests):
    rows = provider.explain(ghz(), where={"name": "*.sim.*"})
    assert requests.methods == {"GET"}
    assert {row.backend for row in rows} == {
        backend.name for backend in provider.backends("*.sim.*")
    }


def parametrized() -> QuantumCircuit:
    circuit = QuantumCircuit(1, 1)
    circuit.rx(Parameter("angle"), 0)
    circuit.measure(0, 0)
    return circuit


def unmeasured() -> QuantumCircuit:
    circuit = ghz(2)
    circuit.remove_final_measurements()
    return circuit


@pytest.mark.parametrize(
    ("backend_id", "circuit", "run", "words"),
    [
        ("iqm.qpu.garnet", ghz(21), {}, "21 qubits; iqm.qpu.garnet has 20"),
        ("kipu.sim.qsim", parametrized(), {}, "unbound parameters: angle"),
        ("aws.sim.sv1", unmeasured(), {}, "measures nothing"),
        ("aws.sim.sv1", ghz(2), {"shots": 10**9}, "at most"),
        ("aws.sim.sv1", ghz(2), {"shots": "ten"}, "shots='ten'"),
        ("aws.sim.sv1", ghz(2), {"seed_simulator": 5}, "cannot be honoured"),
        ("aws.sim.sv1", ghz(2), {"shotz": 5}, "no option 'shotz'"),
        ("kipu.sim.qsim", with_reset(), {}, "no instruction 'reset'"),
    ],
)
def test_why_a_circuit_does_not_fit_is_what_run_says(provider, backend_id, circuit, run, words):
    backend = provider.get_backend(backend_id)
    explained = backend.explain(circuit, **run)
    with pytest.raises(ValidationError) as refused:
        backend.run(circuit, **run)
    assert explained.fits is False
    assert explained.why == refused.value.message
    assert explained.hint == refused.value.hint
    assert words in explained.why
    assert explained.requests == ()
    assert explained.circuit is None
    assert explained.why.split()[0] in str(explained)


def test_what_no_transpiler_replaces_is_named_where_the_circuit_has_to_be_transpiled(provider):
    """Rigetti has neither h nor reset; the transpiler would find another h."""
    explained = provider.get_backend("aws.rigetti.cepheus").explain(with_reset())
    assert explained.fits is False
    assert explained.why == "aws.rigetti.cepheus has no instruction 'reset' (on qubit 0)."
    assert "leave it out" in explained.hint


def test_a_gate_that_can_nowhere_be_replaced_has_the_transpilers_words(provider):
    strange = QuantumCircuit(1, 1)
    strange.append(QuantumCircuit(1, name="inner").to_gate(), [0])
    strange.measure(0, 0)
    opaque = QuantumCircuit(1, 1)
    opaque.append(Gate("opaque", 1, []), [0])
    opaque.measure(0, 0)
    sv1 = provider.get_backend("aws.sim.sv1")
    assert sv1.explain(strange).fits
    explained = sv1.explain(opaque)
    assert explained.fits is False
    assert "no instruction 'opaque'" in explained.why
    assert "Transpiling does not help" in explained.why


def test_what_has_no_figure_is_left_out_and_named(provider):
    """A reset has no error in any calibration."""
    explained = provider.get_backend("iqm.qpu.garnet").explain(with_reset(), seed_transpiler=1)
    assert explained.fits
    assert dict(explained.success.uncounted) == {"reset": 1}
    assert explained.success.short.startswith("at most ")
    assert "left out: 1 reset" in explained.success.basis


def test_control_flow_has_no_estimate_and_its_blocks_are_counted(provider):
    circuit = QuantumCircuit(2, 2)
    circuit.x(0)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.cz(0, 1)
    circuit.measure(1, 1)
    explained = provider.get_backend("ibm.qpu.fez").explain(circuit, seed_transpiler=1)
    assert explained.fits
    assert explained.success.estimate is None
    assert "if_else" in explained.success.basis
    assert explained.gates["cz"] == explained.two_qubit_gates == 1
    assert explained.gates["measure"] == 2
    assert explained.seconds is None


def test_simulators_have_no_figures(everywhere):
    for backend_id in ("kipu.sim.qsim", "aws.sim.sv1", "azure.ionq.simulator"):
        assert everywhere[backend_id].success.estimate is None
        assert "no figures" in everywhere[backend_id].success.basis


def test_an_error_above_one_is_a_certain_failure():
    target = Target(num_qubits=1)
    circuit = QuantumCircuit(1, 1)
    circuit.x(0)
    circuit.measure(0, 0)
    gate = circuit.data[0].operation
    target.add_instruction(gate, {(0,): InstructionProperties(error=1.5)})
    target.add_instruction(
        circuit.data[1].operation, {(0,): InstructionProperties(error=-0.1)}, name="measure"
    )
    assert success_of(circuit, target).estimate == 0.0


def test_prices_are_the_users(everywhere, provider):
    forte = everywhere["aws.ionq.forte"]
    assert forte.price == pytest.approx(0.3 + 1000 * 0.08)
    assert forte.price_basis == "1 x 0.3 a task + 1,000 x 0.08 a shot"
    fez = everywhere["ibm.qpu.fez"]
    assert fez.price == pytest.approx(1000 * fez.seconds * 1.6)
    assert fez.price_basis.startswith("at least ")
    sv1 = everywhere["aws.sim.sv1"]
    assert (sv1.price, sv1.price_basis) == (None, "none was given for this backend")
    qsim = provider.get_backend("kipu.sim.qsim")
    assert qsim.explain(ghz()).price_basis is None
    timed = qsim.explain(ghz(), prices={"kipu.*": {"per_second": 1.0}})
    assert timed.price is None
    assert "no duration" in timed.price_basis
    with pytest.raises(ValidationError, match=r"no 'per_shots'.*per_shot"):
        qsim.explain(ghz(), prices={"kipu.sim.qsim": {"per_shots": 1.0}})
    for wrong in (-1, math.nan, "1", True):
        with pytest.raises(ValidationError, match="is no price"):
            Price(per_shot=wrong)
    with pytest.raises(ValidationError, match="no dictionary"):
        provider.explain(ghz(), where={"name": "kipu.*"}, prices={"*": 3})


def test_the_table_has_every_backend_with_the_best_first(everywhere, provider):
    listed = {described.id for described in provider.client.backends.list()}
    assert {row.backend for row in everywhere} == listed
    assert len(everywhere) == len(listed)
    estimates = [row.success.estimate for row in everywhere.fitting]
    known = [estimate for estimate in estimates if estimate is not None]
    assert known == sorted(known, reverse=True)
    assert estimates == known + [None] * (len(estimates) - len(known))
    aquila = everywhere["aws.quera.aquila"]
    assert aquila is everywhere[-1]
    assert aquila.fits is False
    assert "qhub_braket" in aquila.hint
    with pytest.raises(KeyError):
        everywhere["no.such.backend"]


def test_it_reads_as_text_of_80_columns_and_as_json(everywhere):
    for text in (str(everywhere), *map(str, everywhere)):
        assert max(map(len, text.splitlines())) <= 80
    lines = str(everywhere).splitlines()
    assert lines[0].split() == "backend fits depth 2-qubit success queue price".split()
    assert lines[1].split()[0] == everywhere[0].backend
    fez = everywhere["ibm.qpu.fez"]
    assert "fits after transpiling" in str(fez)
    assert "the product of 1 - error" in str(fez)
    told = json.loads(json.dumps(everywhere.to_dict()))
    (row,) = [row for row in told if row["backend"] == "ibm.qpu.fez"]
    assert row["success"]["estimate"] == fez.success.estimate
    assert row["requests"] == [json.loads(text) for text in fez.json]
    assert row["requests"][0]["backend_id"] == "ibm.qpu.fez"
    assert row["shots_range"] == [1, 100_000]


def test_a_backend_that_cannot_be_asked_is_a_row_that_says_so(provider, monkeypatch):
    def config(backend_id: str) -> Any:
        raise ServerError(f"{backend_id} is on fire")

    monkeypatch.setattr(provider.client.backends, "config", config)
    rows = provider.explain(ghz(), where={"name": "*garnet"})
    assert rows[0].fits is None
    assert "on fire" in rows[0].why
    assert "on fire" in str(rows)


def test_only_circuits_are_explained(provider, qsim: HubBackend):
    for explain in (qsim.explain, provider.explain):
        with pytest.raises(ValidationError, match="takes a QuantumCircuit, not list"):
            explain([ghz(), ghz()])
