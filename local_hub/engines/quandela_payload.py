"""A Perceval payload, of either form, as experiments that the platform takes.

The older form (Perceval up to 0.12: `circuit`, `input_state`, `noise`, `postselect`, `heralds`, `parameters`) becomes
the newer (`experiment`), by the rules of Perceval's own `PayloadUpdater`. An `iterator` makes several computations of
one payload, each with something of its own. Source: perceval-quandela 1.3.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from exqalibur.serialization import circuit_pb2
from perceval import Experiment, FockState, NoiseModel
from perceval.serialization.deserialize import deserialize_experiment

from local_hub.engines.base import Refused, Task
from local_hub.engines.quandela_serialized import (
    PERCEVAL_ERRORS,
    CircuitCheck,
    message,
    noise,
    selection,
    state,
    unpack,
)

# How Perceval writes that no least number of photons is set.
_NOT_SET = 0x0FFFFFFF
_MOST_WIRES, _MOST_LAYERS = 24, 3
# A platform's figures by their older names, and the fields of a noise model that they are.
_FIGURES = {
    "HOM": "indistinguishability",
    "g2": "g2",
    "transmittance": "transmittance",
    "phase_imprecision": "phase_imprecision",
}
# Accepted, and without effect here.
_RECORDED = ("backend_name",)
_CONVERSIONS = frozenset(
    {
        "samples_to_sample_count",
        "samples_to_probs",
        "sample_count_to_probs",
        "sample_count_to_samples",
        "probs_to_samples",
        "probs_to_sample_count",
    }
)
_CONVERTED_WITH = frozenset({"max_samples", "max_shots", "count"})


@dataclass(frozen=True)
class Platform:
    """What a platform takes.

    Attributes:
        name: Its name at Quandela, for messages.
        commands: What it can be asked for.
        modes: The most modes of a circuit, heralded ones included.
        photons: The most photons of an input, heralds included.
        many_in_a_mode: Whether an input may have several photons in a mode.
        detector: What its detectors are; `pnr` where it simulates those of the experiment.
        parameters: The names of its parameters.
        is_qpu: Whether it is a quantum computer, which has noise and detectors of its own.
    """

    name: str
    commands: list[str]
    modes: int
    photons: int
    many_in_a_mode: bool
    detector: str
    parameters: list[str]
    is_qpu: bool

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Platform:
        """Read it from the platform's details, as `/config` gives them."""
        specs = document["specs"]
        limits = specs["constraints"]
        return cls(
            document["name"],
            specs["available_commands"],
            limits["max_mode_count"],
            limits["max_photon_count"],
            limits["support_multi_photon"],
            specs["detector"],
            list(specs["parameters"]),
            document["type"] == "qpu",
        )


@dataclass
class Computation:
    """One experiment and how often it runs.

    Attributes:
        experiment: What is computed; its noise is in `noise` alone.
        noise: The noise that the payload asks for.
        max_shots: Shots, which are events with at least one photon; None where samples alone bound.
        max_samples: Events that pass every selection; None where shots alone bound.
        compilation_seed: Seed of the phases' errors.
        iteration: What the payload says of this computation alone, if there are several.
    """

    experiment: Experiment
    noise: NoiseModel | None
    max_shots: int | None
    max_samples: int | None
    compilation_seed: int | None = None
    iteration: dict[str, Any] | None = None


def read(task: Task, platform: Platform) -> list[Computation]:
    """Read a payload and hold it against the platform.

    Raises:
        Refused: the platform does not take it.
    """
    payload = task.input
    if payload["command"] not in platform.commands:
        ways = ", ".join(platform.commands)
        raise Refused(
            f"`command` {payload['command'][:40]!r} is not one of {platform.name}: {ways}."
        )
    _check_context(payload.get("job_context"))
    parameters = _parameters(payload.get("parameters") or {}, platform)
    base, components = _base(task, payload, parameters, platform)
    iterations = payload.get("iterator") or []
    if not iterations:
        _check(base, platform, "")
        return [base]
    most = task.limits["iterations"]
    if len(iterations) > most:
        raise Refused(
            f"`iterator` has {len(iterations)} entries, above this machine's local limit of {most}: send several jobs."
        )
    total, most = components * len(iterations), task.limits["components_of_all"]
    if total > most:
        raise Refused(
            f"`iterator` makes {total} components of all iterations, above this machine's local limit of {most}: "
            "send several jobs."
        )
    computations = []
    for number, iteration in enumerate(iterations):
        where = f"iterator.{number}"
        computation = _iterate(base, iteration, where)
        _check(computation, platform, f" (`{where}`)")
        computations.append(computation)
    return computations


def without_effect(payload: Mapping[str, Any], params: Mapping[str, Any]) -> list[str]:
    """The options of a job that were accepted and change nothing here."""
    given = payload.get("parameters") or {}
    found = [f"parameters.{name}" for name in _RECORDED if name in given]
    return found + (["input_params.max_duration"] if "max_duration" in params else [])


def _base(
    task: Task, payload: Mapping[str, Any], parameters: dict[str, Any], platform: Platform
) -> tuple[Computation, int]:
    """What holds for all iterations, and how many components it has."""
    most = task.limits["serialized_characters"]
    if "experiment" in payload:
        field = "experiment"
        described = message(field, payload["experiment"], "Experiment", most)
    else:
        field = "circuit"
        described = _older(payload, message(field, payload["circuit"], "ACircuit", most))
    modes = described.n_mode
    if not 1 <= modes <= platform.modes:
        raise Refused(f"`{field}` has {modes} modes; {platform.name} takes 1 to {platform.modes}.")
    check = CircuitCheck(task.limits["components"])
    check.check(field, described.components, modes)
    _gather(described)
    if described.min_photons_filter < 0:
        raise Refused(f"`{field}` asks for {described.min_photons_filter} photons at least.")
    _check_heralds(described, field, modes, platform)
    _set_detectors(described, field, modes, platform)
    asked = _noise(described, payload, parameters)
    if described.input_state:
        where = "input_state" if field == "circuit" else "experiment.input_state"
        described.input_state = f":PCVL:BasicState:{state(where, described.input_state)}"
    if described.post_select:
        where = "postselect" if field == "circuit" else "experiment.post_select"
        selection(where, described.post_select, modes)
        content = unpack(where, described.post_select, "PostSelect", most)
        described.post_select = f":PCVL:PostSelect:{content}"
    if described.min_photons_filter == _NOT_SET and "min_detected_photons" in parameters:
        described.min_photons_filter = parameters["min_detected_photons"]
    try:
        experiment = deserialize_experiment(described)
    except PERCEVAL_ERRORS as error:
        raise Refused(f"`{field}` is not one that Perceval can make: {error}.") from error
    samples = payload.get("max_samples")
    # A quantum computer always counts shots; a simulator goes on until it has the samples.
    until = samples is not None and not platform.is_qpu
    shots = payload.get("max_shots", None if until else task.shots)
    return Computation(experiment, asked, shots, samples), check.seen


def _older(payload: Mapping[str, Any], circuit: Any) -> Any:
    """Bring the older form of a payload into the newer."""
    described = circuit_pb2.Experiment(n_mode=circuit.n_mode, min_photons_filter=_NOT_SET)
    described.components.extend(circuit.components)
    described.input_state = payload.get("input_state", "")
    described.post_select = payload.get("postselect", "")
    for key, photons in payload.get("heralds", {}).items():
        if not key.isdecimal() or int(key) >= circuit.n_mode:
            raise Refused(
                f"`heralds` names mode {key[:20]}; the circuit has {circuit.n_mode}, from 0 on."
            )
        for ports in (described.input_ports, described.output_ports):
            ports[int(key)].herald.value = min(photons, 2**31 - 1)
            ports[int(key)].herald.autogenerated_name = True
    return described


def _gather(described: Any) -> None:
    """Put the components into one circuit: adding each to an experiment takes a time that is quadratic in them."""
    whole = circuit_pb2.Circuit(n_mode=described.n_mode)
    whole.components.extend(described.components)
    del described.components[:]
    if whole.components:
        described.components.add(n_mode=described.n_mode).circuit.CopyFrom(whole)


def _noise(
    described: Any, payload: Mapping[str, Any], parameters: dict[str, Any]
) -> NoiseModel | None:
    """The noise that a payload asks for, from the three places where it can be."""
    asked = None
    if described.noise_model:
        asked = noise("experiment.noise_model", described.noise_model)
        described.noise_model = ""
    if "noise" in payload:
        asked = noise("noise", payload["noise"])
    figures = {field: parameters[name] for name, field in _FIGURES.items() if name in parameters}
    if figures:
        try:
            return NoiseModel(**(asked.__dict__() if asked is not None else {}) | figures)
        except PERCEVAL_ERRORS as error:
            raise Refused(f"`parameters`: {error}.") from None
    return asked


def _parameters(given: dict[str, Any], platform: Platform) -> dict[str, Any]:
    for name, value in given.items():
        if name not in platform.parameters:
            known = ", ".join(platform.parameters)
            raise Refused(
                f"`parameters.{name[:40]}` is not one of {platform.name}: it has {known}."
            )
        if name == "min_detected_photons":
            if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < _NOT_SET:
                raise Refused(f"`parameters.{name}` is not a number of photons.")
        elif name == "compute_physical_logical_perf":
            if not isinstance(value, bool):
                raise Refused(f"`parameters.{name}` is neither true nor false.")
        elif name in _FIGURES and (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not math.isfinite(value)
        ):
            raise Refused(f"`parameters.{name}` is not a number.")
    return given


def _check_context(context: Mapping[str, Any] | None) -> None:
    """Let Perceval's conversions pass, and nothing else: a client that reads the results imports what stands there."""
    if not context:
        return
    mapping = context.get("result_mapping")
    known = mapping is None or (
        len(mapping) == 2 and mapping[0] == "perceval.utils" and mapping[1] in _CONVERSIONS
    )
    if not known or not _CONVERTED_WITH.issuperset(context.get("mapping_delta_parameters") or {}):
        raise Refused("`job_context` is not one that Perceval writes: leave it out.")


def _check_heralds(described: Any, field: str, modes: int, platform: Platform) -> None:
    for ports, side in ((described.input_ports, "input"), (described.output_ports, "output")):
        for mode, port in ports.items():
            if not 0 <= mode < modes:
                raise Refused(f"`{field}` has an {side} port on mode {mode}; it has {modes} modes.")
            kind = port.WhichOneof("type")
            if kind is None:
                raise Refused(f"`{field}`: the {side} port on mode {mode} is of no known kind.")
            if kind == "herald" and not 0 <= port.herald.value <= platform.photons:
                raise Refused(
                    f"`{field}`: the herald on mode {mode} expects {port.herald.value} photons; "
                    f"{platform.name} takes up to {platform.photons}."
                )


def _set_detectors(described: Any, field: str, modes: int, platform: Platform) -> None:
    """Check an experiment's detectors; where the platform has its own, these take their place."""
    for mode, detector in described.detectors.items():
        where = f"`{field}`: the detector on mode {mode}"
        if not 0 <= mode < modes:
            raise Refused(f"{where} is on no mode: there are {modes}, from 0 on.")
        kind = detector.WhichOneof("type")
        content: Any = getattr(detector, kind) if kind else None
        if kind == "ppnr":
            fits = 1 <= content.bs_layers <= _MOST_LAYERS and 0 <= content.reflectivity <= 1
        elif kind == "detector":
            fits = 0 <= content.n_wires <= _MOST_WIRES and 0 <= content.wire_efficiency <= 1
            fits = fits and 0 <= content.max_detections <= _MOST_WIRES
        else:
            fits = False
        if not fits:
            raise Refused(
                f"{where} is not one of up to {_MOST_WIRES} wires or {_MOST_LAYERS} layers, with chances of 0 to 1."
            )
        if platform.detector == "threshold" and (kind != "detector" or content.n_wires != 1):
            raise Refused(f"{where} is not a threshold detector, as those of {platform.name} are.")
    if platform.detector == "threshold":
        for mode in range(modes):
            own = described.detectors[mode].detector
            own.name, own.n_wires, own.max_detections, own.wire_efficiency = "Threshold", 1, 1, 1.0


def _iterate(base: Computation, iteration: dict[str, Any], where: str) -> Computation:
    """A computation with what an iteration changes; what comes back in the results is written anew."""
    computation = deepcopy(base)
    experiment, echo = computation.experiment, dict(iteration)
    computation.iteration = echo
    if "circuit_params" in iteration:
        parameters = experiment.get_circuit_parameters()
        for name, value in iteration["circuit_params"].items():
            if name not in parameters or not math.isfinite(value):
                raise Refused(
                    f"`{where}.circuit_params.{name[:40]}` is not a finite value of a parameter of the circuit."
                )
            parameters[name].set_value(value, force=True)
    if "input_state" in iteration:
        photons = state(f"{where}.input_state", iteration["input_state"])
        try:
            experiment.with_input(photons)
        except PERCEVAL_ERRORS as error:
            raise Refused(f"`{where}.input_state`: {error}.") from None
        echo["input_state"] = f":PCVL:BasicState:{photons}"
    if "min_detected_photons" in iteration:
        experiment.min_detected_photons_filter(iteration["min_detected_photons"])
    if "postselect" in iteration:
        chosen = selection(f"{where}.postselect", iteration["postselect"], experiment.circuit_size)
        experiment.set_postselection(chosen)
        echo["postselect"] = f":PCVL:PostSelect:{chosen}"
    if "noise" in iteration:
        computation.noise = noise(f"{where}.noise", iteration["noise"])
        content = unpack(f"{where}.noise", iteration["noise"], "NoiseModel", 10_000)
        echo["noise"] = f":PCVL:NoiseModel:{content}"
    computation.max_samples = iteration.get("max_samples", computation.max_samples)
    computation.max_shots = iteration.get("max_shots", computation.max_shots)
    computation.compilation_seed = iteration.get("compilation_seed")
    return computation


def _check(computation: Computation, platform: Platform, where: str) -> None:
    """Hold one computation against the platform, and set the least number of photons where the payload does not."""
    experiment = computation.experiment
    photons = experiment.input_state
    if not isinstance(photons, FockState):
        raise Refused(f"The payload has no input state{where}: give one, such as |1,0>.")
    if not 1 <= photons.n <= platform.photons:
        raise Refused(
            f"The input state {photons} has {photons.n} photons{where}; {platform.name} takes 1 to "
            f"{platform.photons}, heralds included."
        )
    if not platform.many_in_a_mode and max(photons) > 1:
        raise Refused(
            f"The input state {photons} has several photons in a mode{where}; {platform.name} takes one."
        )
    unset = sorted(
        name for name, value in experiment.get_circuit_parameters().items() if not value.defined
    )
    if unset:
        raise Refused(f"The circuit's parameter {unset[0]} has no value{where}: set it.")
    if experiment.min_photons_filter is None:
        heralded = sum(experiment.heralds.values())
        experiment.min_detected_photons_filter(max(0, photons.n - heralded))
