"""The job of `HubSampler` and `HubEstimator`: several calls of `run`, put together."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from qiskit.circuit import QuantumCircuit
from qiskit.primitives import BasePrimitiveJob, PrimitiveResult
from qiskit.providers import JobStatus

from shared_transport.errors import HubError, ValidationError

from .backend import HubBackend
from .job import SEPARATOR, HubJob, least_finished
from .results import PackedData, seed_of
from .session import HubSession

if TYPE_CHECKING:
    from qiskit.result import Result

__all__ = ["HubPrimitiveJob", "Measured", "Mode", "RunOptionsOf", "Submitted"]

Mode: TypeAlias = HubBackend | HubSession
R = TypeVar("R", bound=PrimitiveResult[Any])


@dataclass(frozen=True)
class Measured:
    """One circuit's outcomes.

    Attributes:
        data: The experiment's data.
        metadata: The experiment's metadata.
        seed: Of the order of shots where only counts are known.
    """

    data: PackedData
    metadata: Mapping[str, Any]
    seed: int


@dataclass(frozen=True)
class Submitted:
    """Calls of `run`.

    Attributes:
        jobs: One for each number of shots.
        where: For each circuit its job's number, and its place in that job's list.
    """

    jobs: tuple[HubJob, ...]
    where: tuple[tuple[int, int], ...]

    def measured(self, results: Sequence[Result]) -> list[Measured]:
        """The outcomes of each circuit, in the order in which they were given."""
        found = []
        for job, place in self.where:
            experiment = results[job].results[place]
            seed = seed_of(self.jobs[job].job_id(), f"primitive/{place}")
            found.append(Measured(experiment.data, experiment.metadata, seed))
        return found


class RunOptionsOf:
    """Where a primitive runs, and with which options of `HubBackend.run`.

    Args:
        mode: A backend, or a session.
        options: The options.
        instead: What says the number of shots, for the error.

    Raises:
        ValidationError: `mode` is neither a backend nor a session, or an option that the backend does not have.
    """

    def __init__(self, mode: Mode, options: Mapping[str, Any], *, instead: str) -> None:
        if isinstance(mode, HubSession):
            self.backend: HubBackend = mode.backend
            self._session: HubSession | None = mode
        elif isinstance(mode, HubBackend):
            self.backend, self._session = mode, None
        else:
            raise ValidationError(
                f"mode has to be a HubBackend or a HubSession, not {type(mode).__name__}.",
                hint="Give HubProvider().get_backend(id).",
            )
        if "shots" in options:
            raise ValidationError(
                "shots is no option of a primitive: each PUB has its own.", hint=f"Give {instead}."
            )
        run_only = {"name", "tags", "split_shots"}
        self.backend.options.changed(
            **{name: value for name, value in options.items() if name not in run_only}
        )
        self._options = dict(options)

    def submit(self, circuits: Sequence[QuantumCircuit], shots: Sequence[int]) -> Submitted:
        """Run circuits, those of equal shots as one list.

        Raises:
            HubError: As `HubBackend.run`; jobs that were already created are the error's ``job``.
        """
        by_shots: dict[int, list[int]] = {}
        for position, number in enumerate(shots):
            by_shots.setdefault(number, []).append(position)
        where: list[tuple[int, int]] = [(0, 0)] * len(circuits)
        jobs: list[HubJob] = []
        for number, positions in by_shots.items():
            for place, position in enumerate(positions):
                where[position] = (len(jobs), place)
            listed = [circuits[position] for position in positions]
            try:
                jobs.append(
                    self.backend.run(listed, shots=number, session=self._session, **self._options)
                )
            except HubError as problem:
                if jobs:
                    parts = [*jobs, *([problem.job] if problem.job is not None else [])]
                    ids = SEPARATOR.join(job.job_id() for job in parts)
                    problem.job = HubJob.open(self.backend.client, ids)
                raise
        return Submitted(tuple(jobs), tuple(where))


class HubPrimitiveJob(BasePrimitiveJob[R, JobStatus]):
    """A primitive's job. It can be awaited.

    Attributes:
        hub_jobs: The jobs behind it; ``provider.job(job_id)`` opens each of them anywhere.
    """

    def __init__(self, submitted: Submitted, assemble: Callable[[Sequence[Measured]], R]) -> None:
        super().__init__(SEPARATOR.join(job.job_id() for job in submitted.jobs))
        self.hub_jobs = submitted.jobs
        self._submitted = submitted
        self._assemble = assemble
        self._made: R | None = None

    def result(self, timeout: float | None = None) -> R:
        """Wait for the end and give the result.

        Args:
            timeout: Seconds to wait for each of the jobs behind it, or None for as long as it takes.

        Raises:
            WaitTimeoutError, JobFailedError, JobCancelledError: As `HubJob.result`.
        """
        if self._made is None:
            results = [job.result(timeout) for job in self.hub_jobs]
            self._made = self._assemble(self._submitted.measured(results))
        return self._made

    def status(self) -> JobStatus:
        """The status of its least finished job."""
        return least_finished([job.status() for job in self.hub_jobs])

    def done(self) -> bool:
        """Whether it ended with a result."""
        return self.status() is JobStatus.DONE

    def running(self) -> bool:
        """Whether it runs."""
        return self.status() is JobStatus.RUNNING

    def cancelled(self) -> bool:
        """Whether it was cancelled."""
        return self.status() is JobStatus.CANCELLED

    def in_final_state(self) -> bool:
        """Whether it has ended."""
        return self.status() in (JobStatus.DONE, JobStatus.CANCELLED, JobStatus.ERROR)

    def cancel(self) -> bool:
        """Ask for the cancellation of every job that has not ended; whether there was any."""
        asked = [job.cancel() for job in self.hub_jobs]
        return any(asked)

    def __await__(self) -> Generator[Any, None, R]:
        return self._await_result().__await__()

    async def _await_result(self) -> R:
        import asyncio

        await asyncio.gather(*self.hub_jobs)
        return await asyncio.to_thread(self.result)
