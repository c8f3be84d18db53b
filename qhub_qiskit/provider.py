"""`HubProvider`: the way to the Hub's backends for users of Qiskit."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from shared_transport.errors import NotFoundError, ValidationError
from shared_transport.extras import require_extra
from shared_transport.loading import without_collection
from shared_transport.models import Backend, BackendState
from shared_transport.provider import ProviderBase
from shared_transport.tags import checked_tags

if TYPE_CHECKING:
    from qiskit.circuit import QuantumCircuit
    from qiskit.providers import JobStatus

    from shared_transport.explanation import Explanations
    from shared_transport.prices import Prices

    from .backend import HubBackend
    from .job import HubJob

__all__ = ["HubProvider"]

_log = logging.getLogger(__name__)


class HubProvider(ProviderBase):
    """The Hub's backends and jobs, for users of Qiskit. `ProviderBase` tells how one is made."""

    def backends(
        self,
        name: str | None = None,
        *,
        provider: str | None = None,
        hardware_provider: str | None = None,
        technology: str | None = None,
        simulator: bool | None = None,
        min_num_qubits: int | None = None,
        operational: bool | None = None,
        filters: Callable[[HubBackend], bool] | None = None,
    ) -> list[HubBackend]:
        """The backends that Qiskit circuits can run on. Works without a token, but for `operational`.

        Args:
            name: An id, or a pattern such as ``ibm.*``.
            provider: The cloud, by the Hub's word in any case: ``AWS``, ``IBM``.
            hardware_provider: Who built it: ``IONQ``, ``RIGETTI``.
            technology: Such as ``SUPERCONDUCTING``.
            simulator: Whether it is a simulator.
            min_num_qubits: Fewest qubits.
            operational: Whether it runs now; asks the Hub for each backend that is left.
            filters: Any further condition.
        """
        require_extra("A Qiskit backend", "qiskit", "qiskit.circuit")
        with without_collection():
            from .opening import open_backend

        words = {
            "provider": provider,
            "hardware_provider": hardware_provider,
            "technology": technology,
        }
        usable = []
        for described in self.client.backends.list():
            if not _fits(described, name, words, simulator, min_num_qubits):
                continue
            try:
                backend = open_backend(self.client, described, provider=self)
            except ValidationError as problem:
                _log.debug("left out: %s", problem)
                continue
            if operational is not None and self._is_online(described) is not operational:
                continue
            if filters is None or filters(backend):
                usable.append(backend)
        return usable

    def get_backend(self, name: str) -> HubBackend:
        """A backend by its Hub id, such as ``kipu.sim.qsim``.

        Raises:
            NotFoundError: The Hub has none of this id; the error offers the nearest ones.
            ValidationError: Qiskit circuits cannot run on it.
            MissingExtraError: Qiskit is not installed.
        """
        require_extra("A Qiskit backend", "qiskit", "qiskit.circuit")
        with without_collection():
            from .opening import open_backend

        return open_backend(self.client, self._describe(name), provider=self)

    def _is_online(self, described: Backend) -> bool:
        return self.client.backends.status(described.id).status == BackendState.ONLINE

    def least_busy(self, **conditions: Any) -> HubBackend:
        """The operational backend with the shortest queue.

        The Hub chooses among IBM's backends, where ``provider="IBM"`` and at most ``min_num_qubits`` are given;
        elsewhere the queues that it reports are compared, and a backend without one comes last.

        Args:
            **conditions: The arguments of `backends`.

        Raises:
            NotFoundError: No backend fits.
        """
        if str(conditions.get("provider", "")).upper() == "IBM" and set(conditions) <= {
            "provider",
            "min_num_qubits",
        }:
            least = conditions.get("min_num_qubits")
            return self.get_backend(self.client.backends.least_busy("IBM", min_qubits=least).id)
        found = self.backends(**{**conditions, "operational": True})
        if not found:
            raise NotFoundError(
                "No operational backend fits "
                + (", ".join(map(str, conditions)) or "at all")
                + ".",
                hint="provider.backends() lists them all.",
            )
        queues = [self.client.backends.status(backend.name).queue_size for backend in found]
        length = [float("inf") if queue is None else queue for queue in queues]
        return found[length.index(min(length))]

    def job(self, job_id: str) -> HubJob:
        """Open a job by its id, in any process, whoever created it.

        Raises:
            NotFoundError: The Hub has no such job.
            ValidationError: It is not a job of circuits that Qiskit knows.
            MissingExtraError: Qiskit is not installed.
        """
        require_extra("A Qiskit job", "qiskit", "qiskit.circuit")
        from .job import HubJob

        return HubJob.open(self.client, job_id)

    def jobs(
        self,
        *,
        backend: str | HubBackend | None = None,
        status: str | JobStatus | Sequence[str | JobStatus] | None = None,
        name: str | None = None,
        tags: Sequence[str] = (),
        session: Any = None,
        created_after: datetime | None = None,
        created_before: datetime | None = None,
        limit: int | None = None,
    ) -> Iterator[HubJob]:
        """Your jobs of gate-model and photonic circuits, as they are read from the Hub, page by page.

        The Hub is asked for the newest first. What one call of `run` created is one job here; it fits if one of
        the Hub's jobs behind it does. Jobs of analog programs are left out.

        Args:
            backend: A backend, or its id.
            status: A status, or several: Qiskit's, or the Hub's words such as ``COMPLETED``.
            name: The job's name.
            tags: Tags that it has, all of them.
            session: A session, or its id.
            created_after: Not before this aware time.
            created_before: Not after it.
            limit: How many at the most.

        Raises:
            ValidationError: A time has no zone.
        """
        require_extra("A Qiskit job", "qiskit", "qiskit.circuit")
        from .jobs import JobFilter, find_jobs

        chosen = JobFilter(
            backend_id=backend if isinstance(backend, str) or backend is None else backend.name,
            statuses=status,
            name=name,
            tags=frozenset(checked_tags(tags)),
            session_id=getattr(session, "session_id", session),
            created_after=created_after,
            created_before=created_before,
        )
        return find_jobs(self.client, chosen, limit)

    def explain(
        self,
        circuit: QuantumCircuit,
        *,
        where: Mapping[str, Any] | None = None,
        prices: Prices | None = None,
        optimization_level: int | None = None,
        seed_transpiler: int | None = None,
        **run: Any,
    ) -> Explanations:
        """What a run of a circuit would be on each backend, as a table; nothing is submitted.

        Args:
            circuit: The circuit.
            where: Only the backends that `backends` gives for these arguments, such as ``{"name": "ibm.*"}``.
            prices: As for `HubBackend.explain`, and so are the others.
            optimization_level: For the transpiler.
            seed_transpiler: For the transpiler.
            **run: Keywords of `HubBackend.run`.

        Returns:
            One `Explanation` for each backend: where the circuit fits first, likeliest to succeed first.

        Raises:
            ValidationError: It is no circuit, or what was given as a price is none.
            MissingExtraError: Qiskit is not installed.
        """
        require_extra("A Qiskit backend", "qiskit", "qiskit.circuit")
        from .explain import explain_everywhere

        return explain_everywhere(
            self,
            circuit,
            prices=prices,
            optimization_level=optimization_level,
            seed_transpiler=seed_transpiler,
            run=run,
            where=where or {},
        )

    def _repr_html_(self) -> str:
        from .display import provider_html

        return provider_html(self)


def _fits(
    backend: Backend,
    name: str | None,
    words: dict[str, str | None],
    simulator: bool | None,
    min_num_qubits: int | None,
) -> bool:
    return (
        (name is None or fnmatchcase(backend.id, name))
        and all(
            word is None or str(getattr(backend, field)).upper() == word.upper()
            for field, word in words.items()
        )
        and (simulator is None or backend.simulator is simulator)
        and (min_num_qubits is None or (backend.configuration.qubit_count or 0) >= min_num_qubits)
    )
