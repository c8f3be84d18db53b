"""Quandela's platforms, run by Perceval: exact probabilities by SLOS, from which samples are drawn.

A shot is an event with at least one photon; a sample is a shot that passes every selection. So fewer samples than
asked may come back. Belenos has the noise of its newest calibration and threshold detectors, whatever the payload says
of either. Altair is a simulator: ideal, unless the payload has noise; it counts photons, unless the payload has
detectors of its own.

Results are those of Quandela's cloud: `results` is JSON text with Perceval's serialized objects. Source:
perceval-quandela 1.3 (`remote_job`, `providers.kipu`).
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from perceval import BSCount, BSDistribution, BSSamples, FockState, NoiseModel, Source
from perceval.runtime import SimulatedComputer
from perceval.serialization import serialize

from local_hub.catalog import device_document, newest_calibration
from local_hub.engines.base import Refused, Task
from local_hub.engines.quandela_payload import Computation, Platform, read, without_effect
from local_hub.engines.quandela_serialized import PERCEVAL_ERRORS

# Input states of a noisy source that are less likely than this, relative to the likeliest, are left out; below a
# size there is time for the finer one.
_PRECISION, _FINE_PRECISION = 1e-6, 1e-9
_FINE_STATES = 2_000
_MOST_DRAWN = 10**15


def prepare(task: Task) -> PreparedPayload:
    """Read a payload and hold it against the platform and this machine.

    Raises:
        Refused: one of them does not take it.
    """
    platform, calibrated = _device(task.backend_id)
    computations = read(task, platform)
    for computation in computations:
        _check_size(computation, task, platform)
    return PreparedPayload(task, platform, calibrated, computations)


@dataclass
class PreparedPayload:
    """Computations that the platform takes."""

    task: Task
    platform: Platform
    calibrated: NoiseModel | None
    computations: list[Computation]

    def run(self, job_id: str, seed: int) -> bytes:
        """Compute, draw samples, and write the result document.

        Raises:
            Refused: Perceval refuses an experiment.
        """
        rng = np.random.default_rng(seed)
        found = [self._run_one(computation, rng) for computation in self.computations]
        results: dict[str, Any]
        if self.computations[0].iteration is None:
            results = found[0]
        else:
            results = {
                "results_list": [
                    {**result, "iteration": computation.iteration}
                    for result, computation in zip(found, self.computations, strict=True)
                ]
            }
        if context := self.task.input.get("job_context"):
            results["job_context"] = context
        document: dict[str, Any] = {
            "job_id": job_id,
            "duration": None,
            "intermediate_results": [],
            "results": _json(results),
            "results_type": None,
            "shots": self.task.shots,
            "metadata": {
                "localHub": {
                    "noise": self._said_of_noise(),
                    "without_effect": without_effect(self.task.input, self.task.params),
                }
            },
        }
        return _json(document).encode()

    def _run_one(self, computation: Computation, rng: np.random.Generator) -> dict[str, Any]:
        noise = self._noise(computation)
        computer = SimulatedComputer("SLOS")
        computer.noise = noise
        computer.compute_physical_logical_perf(True)
        compilation_seed = computation.compilation_seed
        if compilation_seed is None:
            compilation_seed = int(rng.integers(2**31))
        fine = _states(computation) <= _FINE_STATES
        try:
            computed = computer.probs(
                computation.experiment,
                precision=_FINE_PRECISION if fine else _PRECISION,
                compilation_seed=compilation_seed,
            )
        except PERCEVAL_ERRORS as error:
            raise Refused(f"Perceval refuses the experiment: {error}.") from error
        # In an order of our own, so that a seed means the same on every machine.
        chances = sorted(
            ((tuple(state), float(chance)) for state, chance in computed["results"].items()),
        )
        result = {
            key: float(computed[key]) for key in ("global_perf", "physical_perf", "logical_perf")
        }
        if self.task.input["command"] == "probs":
            exact = BSDistribution()
            for photons, chance in chances:
                exact[FockState(list(photons))] = chance
            return {"results": serialize(exact), **result}
        kept = _chance_of_a_sample(computation, noise, result["global_perf"]) if chances else 0.0
        samples, shots = _sizes(computation, kept, rng)
        drawn = _draw(chances, samples, rng)
        if self.task.input["command"] == "samples":
            written = _samples(chances, drawn, self.task.limits["samples"], rng)
        else:
            written = _counts(chances, drawn)
        return {"results": serialize(written), **result, "nb_shots_used": shots}

    def _noise(self, computation: Computation) -> NoiseModel:
        if not self.platform.is_qpu:
            return computation.noise or NoiseModel()
        if self.calibrated is None or not self.task.noise or not _is_small(computation, self.task):
            return NoiseModel()
        return self.calibrated

    def _said_of_noise(self) -> str:
        if not self.platform.is_qpu:
            if any(computation.noise is not None for computation in self.computations):
                return "simulated with the noise of the payload"
            return "simulated without noise: the platform is an ideal simulator"
        said = "simulated without noise: the Hub was started so"
        if self.task.noise:
            ideal = [
                str(number)
                for number, computation in enumerate(self.computations)
                if not _is_small(computation, self.task)
            ]
            limits = self.task.limits
            size = f"of more than {limits['noisy_photons']} photons or {limits['noisy_states']} output states"
            if len(ideal) == len(self.computations):
                said = f"simulated without noise: {size}"
            else:
                said = "simulated with the noise of the newest calibration"
                if ideal:
                    said += f"; without noise, being {size}: iteration {', '.join(ideal)}"
        if any(computation.noise is not None for computation in self.computations):
            said += "; the payload's noise was left out, as the platform is a quantum computer"
        return said


@cache
def _device(backend_id: str) -> tuple[Platform, NoiseModel | None]:
    platform = Platform.of(device_document(backend_id))
    if not platform.is_qpu:
        return platform, None
    return platform, NoiseModel(**newest_calibration(backend_id)["noise"])


def _states(computation: Computation) -> int:
    """How many output states there are, for as many photons as go in."""
    photons, modes = computation.experiment.input_state.n, computation.experiment.circuit_size
    return math.comb(photons + modes - 1, photons)


def _is_small(computation: Computation, task: Task) -> bool:
    """Whether this machine simulates the noise of a computation."""
    photons = computation.experiment.input_state.n
    return (
        photons <= task.limits["noisy_photons"]
        and _states(computation) <= task.limits["noisy_states"]
    )


def _check_size(computation: Computation, task: Task, platform: Platform) -> None:
    experiment = computation.experiment
    if (computation.max_shots or 0) > task.limits["shots"]:
        raise Refused(
            f"`max_shots` is {computation.max_shots}; {task.backend_id} takes up to {task.limits['shots']}."
        )
    size = f"{experiment.input_state.n} photons in {experiment.circuit_size} modes"
    states, most = _states(computation), task.limits["states"]
    if states > most:
        raise Refused(
            f"{size} have {states} output states, above this machine's local limit of {most} for {task.backend_id}: "
            "use fewer, or run it on the real Hub."
        )
    if not platform.is_qpu and computation.noise is not None and not _is_small(computation, task):
        raise Refused(
            f"`noise`: {size} are above this machine's local limit for noise, {task.limits['noisy_photons']} photons "
            f"and {task.limits['noisy_states']} output states: use fewer, or leave the noise out."
        )
    least, most = _asked(computation), task.limits["samples"]
    if task.input["command"] == "samples" and least > most:
        raise Refused(
            f"`max_samples`: {least} samples one by one are above this machine's local limit of {most}: ask for "
            "`sample_count`, or for fewer."
        )


def _asked(computation: Computation) -> int:
    """The most samples that may come back."""
    bounds = [
        bound for bound in (computation.max_samples, computation.max_shots) if bound is not None
    ]
    return min(bounds)


def _chance_of_a_sample(computation: Computation, noise: NoiseModel, passing: float) -> float:
    """The chance that a shot passes every selection.

    Perceval's figure is for a pulse of the source. A shot is one with a photon, where the filter asks for any.
    """
    experiment = computation.experiment
    if experiment.min_photons_filter + sum(experiment.heralds.values()) == 0:
        return min(1.0, passing)
    source = Source.from_noise_model(noise)
    empty = 0.0 if source.is_perfect() else source.create_sampler(experiment.input_state, 0).zpp
    return min(1.0, passing / (1 - empty)) if empty < 1 else 0.0


def _sizes(computation: Computation, kept: float, rng: np.random.Generator) -> tuple[int, int]:
    """How many samples come back, and how many shots that takes."""
    wanted, shots = computation.max_samples, computation.max_shots
    if wanted == 0 or kept <= 0:
        return 0, 0 if wanted == 0 else shots or 0
    if shots is None:
        assert wanted is not None
        # As many shots as the samples take; that number is rounded where numpy cannot draw it.
        if wanted / kept > _MOST_DRAWN:
            return wanted, min(int(wanted / kept), 10 * _MOST_DRAWN)
        return wanted, wanted + (int(rng.negative_binomial(wanted, kept)) if kept < 1 else 0)
    passed = int(rng.binomial(shots, kept))
    if wanted is None or passed < wanted:
        return passed, shots
    # The last of the samples wanted lies where an order statistic does.
    used = math.ceil(shots * rng.beta(wanted, passed + 1 - wanted))
    return wanted, min(max(used, wanted), shots)


_Chances = list[tuple[tuple[int, ...], float]]


def _draw(chances: _Chances, samples: int, rng: np.random.Generator) -> list[int]:
    if not samples:
        return [0] * len(chances)
    weights = np.array([chance for _, chance in chances])
    return [int(number) for number in rng.multinomial(samples, weights / weights.sum())]


def _counts(chances: _Chances, drawn: list[int]) -> BSCount:
    counts = BSCount()
    for (photons, _), number in zip(chances, drawn, strict=True):
        if number:
            counts[FockState(list(photons))] = number
    return counts


def _samples(chances: _Chances, drawn: list[int], most: int, rng: np.random.Generator) -> BSSamples:
    """The samples one by one, in a random order."""
    assert sum(drawn) <= most
    order = rng.permutation(np.repeat(np.arange(len(drawn)), drawn))
    states = [FockState(list(photons)) for photons, _ in chances]
    samples = BSSamples()
    samples.extend([states[index] for index in order])
    return samples


def _json(document: Any) -> str:
    return json.dumps(document, separators=(",", ":"), allow_nan=False)
