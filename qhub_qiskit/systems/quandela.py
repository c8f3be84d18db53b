"""Quandela's photonic platforms: a Perceval experiment in, detected photons out.

A qubit is one photon in two modes (dual rail): 0 in the first, 1 in the second. An entangling gate works with a
known probability, and detection tells whether it did; only those shots are kept. So fewer shots come back than
were asked for: about one in nine of a Bell pair's. The result's metadata says how many were kept.

Sources: perceval-quandela 1.3 (`PayloadGenerator` for the payload, `providers.kipu` and `remote_job` for the
result); perceval-interop 1.3 (`QiskitConverter`) for the optics.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from qhub_qiskit.options import RunOptions
from qhub_qiskit.target import build_target
from shared_transport.bits import ClassicalLayout, ClassicalMemory
from shared_transport.errors import ValidationError
from shared_transport.models import InputFormat

from .base import Decoded, Device, Encoded, ResultText, Sent, System
from .quandela_optics import GATES, Optics, plan_optics, serialized_experiment
from .quandela_photons import Photons, read_photons

if TYPE_CHECKING:
    from qiskit.transpiler import Target

    from qhub_qiskit.circuits import Program

__all__ = ["Quandela"]

# Beyond these too few shots survive to be worth sending: at 4 entangling gates 1 in 9,800 to 22,000 does.
_MOST_QUBITS, _MOST_GATES = 4, 4


class QuandelaOptions(RunOptions):
    """Options of Quandela's platforms.

    `shots` are the platform's: events with at least one photon, kept or not. With `max_shots` they are those that are
    kept.

    Attributes:
        command: ``sample_count`` for counts, ``samples`` for each shot in its order, ``probs`` for exact
            probabilities, from which all of `shots` are drawn here, by `seed_simulator` if it is given. By
            default ``samples`` where `memory` is asked for, else ``sample_count``.
        max_samples: Stop when so many shots were kept.
        max_shots: Go on until `shots` shots were kept, for at most so many of the platform's. That is what programs
            need that count on as many shots as they asked for, such as Qiskit's `BackendSamplerV2`.
        parameters: Perceval's own parameters, such as ``{"transmittance": 0.1}`` on a simulator.
        platform_name: Quandela's name of the platform; by default the one that the Hub tells.
        process_id: A name for the process that sends, for Quandela's records.
        job_group_name: Name of a group of jobs, for Quandela's records.
        max_duration: Longest duration of the job in seconds.
    """

    draws_counts: ClassVar[bool] = True

    command: Literal["sample_count", "samples", "probs"] | None = None
    max_samples: int | None = Field(default=None, ge=1)
    max_shots: int | None = Field(default=None, ge=1)
    parameters: dict[str, float] | None = None
    platform_name: str | None = None
    process_id: str | None = None
    job_group_name: str | None = None
    max_duration: int | None = Field(default=None, ge=1)


class Quandela(System[QuandelaOptions]):
    """quandela.qpu.belenos, quandela.sim.altair and their like."""

    input_format = InputFormat.PERCEVAL
    options = QuandelaOptions

    def target(self, device: Device) -> Target:
        """The target: as many qubits as the Hub says, all connected. `encode` says how many may be used at once."""
        most = _most(device, "max_modes") // 2
        width = min(device.backend.configuration.qubit_count or most, most)
        return build_target(device, GATES, num_qubits=width)

    def encode(
        self, programs: Sequence[Program], options: QuandelaOptions, device: Device
    ) -> Encoded:
        """One circuit over its active qubits, as Perceval's payload.

        Column i of the result is the i-th pair of modes. The header of the result has
        ``expected_success_rate``, the share of the shots that is kept without losses and noise.

        Raises:
            ValidationError: It needs more qubits, entangling gates, modes or photons than there are; the error
                says which share of the shots would be kept. Or the platform lacks the command.
        """
        (program,) = programs
        optics = plan_optics(program.compacted())
        _check_size(program, optics, device)
        command = _command(options, device)
        shots, samples = _shots(options, device)
        version, experiment = serialized_experiment(optics)
        job_input: dict[str, Any] = {"command": command, "experiment": experiment}
        if command != "probs":
            job_input["max_shots"] = shots
            if samples is not None:
                job_input["max_samples"] = samples
        if options.parameters:
            job_input["parameters"] = dict(options.parameters)
        params: dict[str, Any] = {"pcvl_version": version}
        if device.backend.name is not None:
            params["platform_name"] = device.backend.name
        for name in ("platform_name", "process_id", "job_group_name", "max_duration"):
            if options[name] is not None:
                params[name] = options[name]
        header = {"expected_success_rate": optics.success_rate}
        return Encoded(job_input, params, shots, (optics.layout,), (header,), said=(None,))

    def layouts(self, job_input: Mapping[str, Any]) -> tuple[ClassicalLayout | None, ...]:
        """None for each computation of the payload: optics know no classical bits."""
        return (None,) * len(job_input.get("iterator") or [None])

    def decode(self, result: ResultText, sent: Sent) -> list[Decoded]:
        """Read detected photons as bits.

        A state that is not one photon in each pair of modes is dropped: a photon was lost, or two came together.
        The metadata has

        - ``success_rate``: the kept share of the shots that the platform used;
        - ``physical_perf``, ``logical_perf``, ``global_perf``: the platform's own figures, as it gives them: the
          share of pulses with enough photons, of those the share that passes the selection, and their product;
        - ``shots_used``, ``kept``, ``dropped``: numbers of shots. With ``probs``, ``kept`` and ``dropped`` are
          shares of 1 and nothing was used.

        What is not known is left out. A job of another client has ``photon_counts`` in its data instead of
        counts: how many samples (or what share of 1) had each state, such as ``"|1,0,1>"``.
        """
        answer = _answer(result.json())
        answers = answer.get("results_list", [answer])
        return [
            _decoded(one, layout, sent) for one, layout in zip(answers, sent.layouts, strict=True)
        ]


def _most(device: Device, name: str) -> int:
    """A bound among the Hub's photonic properties; without one, what the largest circuit here can need."""
    found = (device.backend.configuration.photonic_properties or {}).get(name)
    return found if isinstance(found, int) else 1 << 10


def _check_size(program: Program, optics: Optics, device: Device) -> None:
    bounds = (
        ("qubits", optics.num_qubits, _MOST_QUBITS),
        ("two-qubit gates", optics.entangling_gates, _MOST_GATES),
        ("modes", optics.modes, _most(device, "max_modes")),
        ("photons", optics.photons, _most(device, "max_photons")),
    )
    for what, needed, most in bounds:
        if needed > most:
            raise ValidationError(
                f"The circuit {program.name!r} takes {needed} {what}; {device.backend.id} runs up to {most}. Its "
                f"expected success rate is {optics.success_rate:.2g}: that share of the shots would be kept, "
                "before losses.",
                hint=f"Use at most {_MOST_QUBITS} qubits and {_MOST_GATES} two-qubit gates (cx, cz; swap is free); "
                "transpile(circuit, backend, optimization_level=3) may save some.",
            )


def _command(options: QuandelaOptions, device: Device) -> str:
    """What the platform is asked for. A Hub that names no command of its backend decides itself."""
    can = [word for word in ("sample_count", "samples", "probs") if word in device.declared]
    command = options.command
    if command is None:
        command = "samples" if options.memory and "samples" in can else "sample_count"
    if can and command not in can:
        raise ValidationError(
            f"{device.backend.id} has no command {command!r}.",
            hint=f"It has {', '.join(can)}.",
        )
    if options.seed_simulator is not None and command != "probs":
        raise ValidationError(
            f"seed_simulator cannot be honoured with command={command!r}: the Hub's jobs carry no seed.",
            hint="Leave it out, or give command='probs' where the platform has it.",
        )
    for name in ("max_samples", "max_shots"):
        if options[name] is not None and command == "probs":
            raise ValidationError(
                f"{name} goes with samples, not with command='probs'.", hint=f"Give {name}=None."
            )
    return command


def _shots(options: QuandelaOptions, device: Device) -> tuple[int, int | None]:
    """The most shots of the platform, and how many kept ones end it."""
    if options.max_shots is None:
        return options.shots, options.max_samples
    if options.max_samples is not None:
        raise ValidationError(
            "max_samples and max_shots do not go together: with max_shots, shots says how many are kept.",
            hint="Give one of them, and None for the other.",
        )
    shots_range = device.backend.configuration.shots_range
    most = (shots_range.max if shots_range else None) or options.max_shots
    if not options.shots <= options.max_shots <= most:
        raise ValidationError(
            f"max_shots={options.max_shots} is not between shots={options.shots} and what {device.backend.id} "
            f"takes, {most}.",
            hint="Give it within that range.",
        )
    return options.max_shots, options.shots


def _answer(document: Any) -> Mapping[str, Any]:
    """The platform's answer within the Hub's document: itself, or JSON text, or one bare serialized object."""
    if isinstance(document, str):
        document = {"results": document}
    inner = document.get("results")
    if isinstance(inner, str) and not inner.startswith(":PCVL:"):
        inner = json.loads(inner)
    if isinstance(inner, Mapping):
        return inner
    return document  # type: ignore[no-any-return]


def _decoded(answer: Mapping[str, Any], layout: ClassicalLayout | None, sent: Sent) -> Decoded:
    photons = read_photons(answer["results"])
    metadata: dict[str, Any] = {
        name: float(answer[name])
        for name in ("physical_perf", "logical_perf", "global_perf")
        if answer.get(name) is not None
    }
    if answer.get("nb_shots_used") is not None:
        metadata["shots_used"] = int(answer["nb_shots_used"])
    if layout is None:
        return Decoded(None, {"photon_counts": photons.by_state()}, metadata)
    kept = photons.as_qubits(_qubits(photons, layout))
    metadata["kept"] = kept.total
    metadata["dropped"] = photons.total - kept.total
    if metadata.get("shots_used"):
        metadata["success_rate"] = kept.total / metadata["shots_used"]
    elif photons.total and "global_perf" in metadata:
        metadata["success_rate"] = metadata["global_perf"] * kept.total / photons.total
    columns = range(kept.states.shape[1])
    if kept.weights is None:
        return Decoded(ClassicalMemory.from_shots(kept.states, columns, layout), {}, metadata)
    words = ["".join(map(str, row)) for row in kept.states.tolist()]
    found = dict(zip(words, kept.weights.tolist(), strict=True))
    if kept.exact and found:
        memory = ClassicalMemory.from_probabilities(
            found, columns, layout, shots=sent.shots, seed=sent.seed
        )
    else:
        memory = ClassicalMemory.from_counts(found, columns, layout)
    return Decoded(memory, {}, metadata)


def _qubits(photons: Photons, layout: ClassicalLayout) -> int:
    """How many pairs of modes there are: Perceval leaves heralded modes out of its results."""
    if len(photons.states):
        return int(photons.states.shape[1]) // 2
    return max((source + 1 for source in layout.measured if isinstance(source, int)), default=0)
