"""AWS analog: Rydberg atoms under an analog Hamiltonian, run by Amazon's AHS simulator.

With noise, sites stay empty, atoms in the ground state are lost and atoms in the Rydberg state are seen, each with
the probability of the device's calibration. Fields and positions are exact. The simulator's phase is that of |r><g|.
"""

from __future__ import annotations

import io
import json
from collections import Counter
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from braket.analog_hamiltonian_simulator.rydberg.rydberg_simulator import RydbergAtomSimulator
from braket.ir.ahs import Program
from numpy.typing import NDArray

from local_hub.catalog import device_document, newest_calibration
from local_hub.engines import aws_analog_rules
from local_hub.engines.base import Refused, Task

# Time steps of the simulator a microsecond: with these, populations are good to 1e-4 at the device's fastest fields.
_STEPS_A_MICROSECOND = 250
_FEWEST_STEPS = 100
_SEEDS = 1 << 32


def prepare(task: Task) -> PreparedAnalog:
    """Hold a program against the device's capabilities and this machine.

    Raises:
        Refused: the device or this machine does not take it.
    """
    program = task.input["ahs_program"]
    paradigm = device_document(task.backend_id)["paradigm"]
    aws_analog_rules.check(program, paradigm, task.backend_id)
    atoms = sum(program["setup"]["ahs_register"]["filling"])
    if not atoms:
        raise Refused("`filling` has no atom: at least one site has to be filled.")
    if atoms > task.limits["atoms"]:
        raise Refused(
            f"{atoms} atoms are above this machine's local limit of {task.limits['atoms']} for {task.backend_id}: "
            "use fewer, or run it on the real Hub."
        )
    noise = None
    if task.noise:
        noise = Noise.of(newest_calibration(task.backend_id))
        if atoms > task.limits["noisy_atoms"]:
            noise = noise.of_detection
    return PreparedAnalog(task, program, noise)


@dataclass(frozen=True)
class Noise:
    """Errors of a device, as probabilities.

    Attributes:
        empty: That a site stays empty.
        ground_lost: That an atom in the ground state is not seen.
        rydberg_seen: That an atom in the Rydberg state is seen.
    """

    empty: float
    ground_lost: float
    rydberg_seen: float

    @classmethod
    def of(cls, calibration: dict[str, Any]) -> Noise:
        """Read a calibration: the `performance` of Braket's capabilities."""
        rydberg = calibration["rydberg"]["rydbergGlobal"]
        return cls(
            calibration["lattice"]["fillingErrorTypical"],
            rydberg["groundDetectionError"],
            rydberg["rydbergDetectionError"],
        )

    @property
    def of_detection(self) -> Noise:
        """The errors of detection alone: each pattern of empty sites is a simulation of its own."""
        return Noise(0.0, self.ground_lost, self.rydberg_seen)

    @property
    def words(self) -> str:
        """What a result says of them."""
        if self.empty:
            return "simulated with empty sites and detection errors of the newest calibration"
        return "simulated with the detection errors of the newest calibration; too many atoms for empty sites"


@dataclass
class PreparedAnalog:
    """A program that the device takes."""

    task: Task
    program: dict[str, Any]
    noise: Noise | None

    def run(self, job_id: str, seed: int) -> bytes:
        """Simulate and write Braket's `AnalogHamiltonianSimulationTaskResult`."""
        started = datetime.now(UTC)
        rng = np.random.default_rng(seed)
        wanted = np.array(self.program["setup"]["ahs_register"]["filling"], dtype=np.uint8)
        fillings = np.tile(wanted, (self.task.shots, 1))
        if self.noise is not None:
            fillings &= rng.random(fillings.shape) >= self.noise.empty
        rows = []
        for filling, shots in sorted(Counter(map(bytes, fillings)).items()):
            before = np.frombuffer(filling, dtype=np.uint8)
            after = self._simulate(before, shots, rng)
            rows += [(before.tolist(), row) for row in self._seen(after, before, rng).tolist()]
        order = rng.permutation(len(rows))
        measurements = [
            {
                "shotMetadata": {"shotStatus": "Success"},
                "shotResult": {"preSequence": rows[index][0], "postSequence": rows[index][1]},
            }
            for index in order
        ]
        return json.dumps(self._document(job_id, started, measurements)).encode()

    def _simulate(
        self, filling: NDArray[np.uint8], shots: int, rng: np.random.Generator
    ) -> NDArray[np.uint8]:
        """Atoms in the ground state after the evolution, shape (shots, sites)."""
        if not filling.any():
            return np.zeros((shots, len(filling)), dtype=np.uint8)
        program = Program.parse_obj(_as_ir(self.program, filling.tolist()))
        times = self.program["hamiltonian"]["drivingFields"][0]["amplitude"]["time_series"]["times"]
        steps = max(_FEWEST_STEPS, round(times[-1] * 1e6 * _STEPS_A_MICROSECOND))
        np.random.seed(int(rng.integers(_SEEDS)))
        with redirect_stdout(io.StringIO()):
            result = RydbergAtomSimulator().run(program, shots=shots, steps=steps)
        rows = [entry.shotResult.postSequence for entry in result.measurements]
        return np.array(rows, dtype=np.uint8)

    def _seen(
        self, ground: NDArray[np.uint8], filling: NDArray[np.uint8], rng: np.random.Generator
    ) -> NDArray[np.uint8]:
        """What the camera sees of atoms in the ground state and of others, shape (shots, sites)."""
        if self.noise is None:
            return ground
        chance = rng.random(ground.shape)
        kept = (ground == 1) & (chance >= self.noise.ground_lost)
        found = (ground == 0) & (filling == 1) & (chance < self.noise.rydberg_seen)
        seen: NDArray[np.uint8] = (kept | found).astype(np.uint8)
        return seen

    def _document(
        self, job_id: str, started: datetime, measurements: list[dict[str, Any]]
    ) -> dict[str, Any]:
        additional: dict[str, Any] = {
            "action": _as_ir(self.program, self.program["setup"]["ahs_register"]["filling"]),
            "queraMetadata": {
                "braketSchemaHeader": {"name": "braket.task_result.quera_metadata", "version": "1"},
                "numSuccessfulShots": self.task.shots,
            },
        }
        if self.noise is not None:
            additional["localHub"] = {"noise": self.noise.words}
        return {
            "braketSchemaHeader": {
                "name": "braket.task_result.analog_hamiltonian_simulation_task_result",
                "version": "1",
            },
            "taskMetadata": {
                "braketSchemaHeader": {"name": "braket.task_result.task_metadata", "version": "1"},
                "id": job_id,
                "shots": self.task.shots,
                "deviceId": self.task.backend_id,
                "createdAt": _timestamp(started),
                "endedAt": _timestamp(datetime.now(UTC)),
                "status": "COMPLETED",
            },
            "measurements": measurements,
            "additionalMetadata": additional,
        }


def _as_ir(program: dict[str, Any], filling: list[int]) -> dict[str, Any]:
    """The program in Braket's IR: numbers are texts, so that no digit changes."""
    sites = program["setup"]["ahs_register"]["sites"]
    return {
        "braketSchemaHeader": {"name": "braket.ir.ahs.program", "version": "1"},
        "setup": {"ahs_register": {"sites": _texts(sites), "filling": filling}},
        "hamiltonian": _texts(program["hamiltonian"]),
    }


def _texts(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _texts(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [_texts(entry) for entry in value]
    return repr(value) if isinstance(value, float) else value


def _timestamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
