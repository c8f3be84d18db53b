"""IonQ on Azure: IonQ's JSON of the gateset ``qis`` in, probabilities of integers out.

Sources: IonQ's API reference ("Writing quantum programs", "Supported gates"). A key of the result is the
measured integer in decimal, qubit 0 being its least significant bit; all qubits are reported. The counts are
drawn here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from qhub_qiskit.options import RunOptions
from qhub_qiskit.target import build_target
from shared_transport.bits import ClassicalLayout, ClassicalMemory
from shared_transport.json_text import JsonArray
from shared_transport.models import InputFormat

from .base import Decoded, Device, Encoded, ResultText, Sent, System

if TYPE_CHECKING:
    from qiskit.transpiler import Target

    from qhub_qiskit.circuits import GateList, Program

__all__ = ["AzureIonq"]

# IonQ's word for each of Qiskit's gates, and how many of its first qubits are controls.
_WORDS: Mapping[str, tuple[str, int]] = {
    **{name: (name, 0) for name in "x y z h s t rx ry rz swap".split()},
    "sdg": ("si", 0),
    "tdg": ("ti", 0),
    "sx": ("v", 0),
    "sxdg": ("vi", 0),
    "rxx": ("xx", 0),
    "ryy": ("yy", 0),
    "rzz": ("zz", 0),
    "cx": ("cnot", 1),
}
# Those that need controls on gates that IonQ documents without: the device document says how many are taken.
_CONTROLLED: Mapping[str, tuple[str, int]] = {
    "cy": ("y", 1),
    "cz": ("z", 1),
    "ch": ("h", 1),
    "cs": ("s", 1),
    "csdg": ("si", 1),
    "csx": ("v", 1),
    "crx": ("rx", 1),
    "cry": ("ry", 1),
    "crz": ("rz", 1),
    "cswap": ("swap", 1),
    "ccx": ("cnot", 2),
    "ccz": ("z", 2),
}
_ALL = {**_WORDS, **_CONTROLLED}


class AzureIonqOptions(RunOptions):
    """Options of IonQ's simulator: it returns probabilities, so that a seed of the draw can be honoured."""

    draws_counts: ClassVar[bool] = True


class AzureIonq(System[AzureIonqOptions]):
    """azure.ionq.simulator and its like."""

    input_format = InputFormat.IONQ_CIRCUIT_V1
    uses_config = True
    options = AzureIonqOptions

    def target(self, device: Device) -> Target:
        """The target: the gates that the Hub names, and what the device's controls make of them."""
        gates = device.backend.configuration.gates
        named = {gate.name.lower() for gate in gates if gate.name}
        controls = device.config.get("controls") or {}
        most = controls.get("maximum") or 0
        names = [name for name, (word, _) in _WORDS.items() if word in named]
        for name, (word, count) in _CONTROLLED.items():
            if word in named and count <= controls.get(word, most):
                names.append(name)
        return build_target(device, names)

    def encode(
        self, programs: Sequence[Program], options: AzureIonqOptions, device: Device
    ) -> Encoded:
        """One circuit over the active qubits."""
        (program,) = programs
        program = program.compacted()
        document = {
            "gateset": "qis",
            "qubits": program.num_qubits,
            "circuit": JsonArray(_applications(program.gates)),
        }
        said = (_all_in_order(program.num_qubits),)
        return Encoded(document, {}, options.shots, (program.layout,), said=said)

    def layouts(self, job_input: Mapping[str, Any]) -> tuple[ClassicalLayout | None, ...]:
        """The registers of the input, whose numbers are qubits; where there is none, all qubits in their order."""
        qubits = int(job_input["qubits"])
        registers = job_input.get("registers")
        if not registers:
            return (_all_in_order(qubits),)
        sources = tuple(qubit for members in registers.values() for qubit in members)
        if not all(isinstance(qubit, int) and 0 <= qubit < qubits for qubit in sources):
            raise ValueError(f"registers {registers} of a circuit of {qubits} qubits")
        sizes = tuple((name, len(members)) for name, members in registers.items())
        return (ClassicalLayout(sizes, sources),)

    def decode(self, result: ResultText, sent: Sent) -> list[Decoded]:
        """Draw the counts from ``histogram``, by the job's seed."""
        layout = sent.layouts[0]
        if layout is None:
            raise ValueError("nothing says which qubits were measured")
        states = {int(state): float(p) for state, p in result.json()["histogram"].items()}
        highest = max((qubit for qubit in layout.sources if isinstance(qubit, int)), default=0)
        width = max(highest + 1, max(states).bit_length())
        probabilities = {f"{state:0{width}b}": p for state, p in states.items()}
        memory = ClassicalMemory.from_probabilities(
            probabilities, range(width)[::-1], layout, shots=sent.shots, seed=sent.seed
        )
        return [Decoded(memory)]


def _all_in_order(qubits: int) -> ClassicalLayout:
    return ClassicalLayout((("meas", qubits),), tuple(range(qubits)))


def _applications(gates: GateList) -> list[str]:
    """IonQ's object for each gate, as JSON: a dictionary a gate takes twice as long. Barriers have none."""
    applications: list[str] = []
    for name, params, qubits in gates:
        known = _ALL.get(name)
        if known is None:
            continue
        word, controls = known
        if controls == 0 and len(qubits) == 1:
            on = f'"targets":[{qubits[0]}]'
        elif controls == 1 and len(qubits) == 2:
            on = f'"targets":[{qubits[1]}],"controls":[{qubits[0]}]'
        else:
            on = f'"targets":{list(qubits[controls:])}'
            on += f',"controls":{list(qubits[:controls])}' if controls else ""
        turned = f',"rotation":{params[0]!r}' if params else ""
        applications.append(f'{{"gate":"{word}",{on}{turned}}}')
    return applications
