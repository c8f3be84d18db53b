"""`HubRuntimeService`: IBM's own service, whose server is the Hub."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, NoReturn, Self

from qiskit.providers import QiskitBackendNotFoundError
from qiskit.providers.providerutils import filter_backends
from qiskit_ibm_runtime import QiskitRuntimeService
from qiskit_ibm_runtime.exceptions import IBMInputValueError
from qiskit_ibm_runtime.ibm_backend import IBMRetiredBackend
from qiskit_ibm_runtime.utils import validate_job_tags

from qhub_qiskit.jobs import JobFilter, newest
from qhub_qiskit.systems import system_for
from shared_transport.errors import NotFoundError, ValidationError, did_you_mean
from shared_transport.models import Backend, Job, is_terminal
from shared_transport.provider import ProviderBase

from .backend import HubIBMBackend
from .client import HubRuntimeClient
from .errors import HubRequestError, NotOnHubError, asked, refuse
from .job import HubRuntimeJob

__all__ = ["HubRuntimeService"]

_FRACTIONAL = frozenset({"rx", "rzz"})
_CHANNELS = ("ibm_quantum_platform", "ibm_cloud", "ibm_quantum", "local")
_ACCOUNTS = "A token of the Hub is enough: HubRuntimeService(token=...), or where `HubProvider` looks for one."
_INSTANCES = "Leave it out: a token of the Hub reaches all of its backends."


class HubRuntimeService(ProviderBase, QiskitRuntimeService):
    """IBM's backends of the Hub for IBM's own `Session`, `Batch`, `SamplerV2`, `EstimatorV2` and `NoiseLearner`.

        service = HubRuntimeService()  # where a program said QiskitRuntimeService()
        backend = service.backend("ibm_fez")

    `ProviderBase` tells how one is made; ``HubRuntimeService.local()`` is the Hub on this machine. Backends have IBM's
    names and the Hub's ids; ``backend.name`` is the Hub's id. What IBM's service has and the Hub has not (instances,
    saved accounts, deleting jobs, logs) raises `NotOnHubError`.

    Args:
        *arguments: As for `ProviderBase`.
        **keywords: As for `ProviderBase`.

    Raises:
        NotOnHubError: An argument of IBM's service that means nothing here.
    """

    is_local = False

    def __new__(cls, *arguments: Any, **keywords: Any) -> Self:
        """Not IBM's, which gives its simulator's service for ``channel="local"``."""
        return object.__new__(cls)

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        for name in ("channel", "url", "filename", "name", "proxies", "verify", "url_resolver"):
            if keywords.get(name) is not None:
                refuse(f"argument {name!r} of IBM's accounts", _ACCOUNTS)
        for name in ("instance", "private_endpoint", "region", "plans_preference", "tags"):
            if keywords.get(name) is not None:
                refuse(f"instances, so no argument {name!r}", _INSTANCES)
        # IBM's first argument is the channel, and a token is none of these words.
        if arguments and arguments[0] in _CHANNELS:
            refuse(f"channel {arguments[0]!r}", _ACCOUNTS)
        # Not QiskitRuntimeService's, which logs in at IBM.
        ProviderBase.__init__(self, *arguments, **keywords)
        self._channel = "ibm_quantum_platform"
        self._active_api_client = HubRuntimeClient(self.client)
        self._api_clients = {None: self._active_api_client}
        self._backend_instance_groups: list[Any] = []

    def backends(
        self,
        name: str | None = None,
        min_num_qubits: int | None = None,
        instance: str | None = None,
        dynamic_circuits: bool | None = None,
        filters: Callable[[HubIBMBackend], bool] | None = None,
        *,
        use_fractional_gates: bool | None = False,
        calibration_id: str | None = None,
        include_mocks: bool = False,
        **kwargs: Any,
    ) -> list[HubIBMBackend]:
        """The backends that run IBM's programs.

        Args:
            name: IBM's name or the Hub's id.
            min_num_qubits: Fewest qubits.
            instance: Must be None.
            dynamic_circuits: Whether it runs dynamic circuits.
            filters: Any further condition.
            use_fractional_gates: Whether its target has ``rx`` and ``rzz``; None leaves the document as it is.
            calibration_id: Must be None.
            include_mocks: Without effect: the Hub has none.
            **kwargs: Values that attributes of the configuration or of the status must have.
        """
        _only_none(instance=instance, calibration_id=calibration_id)
        found = [
            self._open(described, use_fractional_gates)
            for described in asked(self.client.backends.list)
            if runs_programs(described)
            and name in (None, described.id, described.name, described.internal_id)
            and (described.configuration.qubit_count or 0) >= (min_num_qubits or 0)
        ]
        if dynamic_circuits is not None:
            found = [b for b in found if _is_dynamic(b) is dynamic_circuits]
        chosen: list[HubIBMBackend] = filter_backends(found, filters=filters, **kwargs)
        return chosen

    def backend(
        self,
        name: str,
        instance: str | None = None,
        use_fractional_gates: bool | None = False,
        calibration_id: str | None = None,
    ) -> HubIBMBackend:
        """A backend by IBM's name (``ibm_fez``) or by the Hub's id (``ibm.qpu.fez``).

        Raises:
            QiskitBackendNotFoundError: There is none of this name; the error offers the nearest ones.
            IBMInputValueError: It has no fractional gates, and they are asked for.
        """
        _only_none(instance=instance, calibration_id=calibration_id)
        described = self._described(name)
        if described is None:
            known = [b.internal_id or b.id for b in self.client.backends.list() if runs_programs(b)]
            hint = did_you_mean(name, known, f"There are: {', '.join(known) or 'none'}.")
            raise QiskitBackendNotFoundError(f"The Hub has no IBM backend {name!r}. {hint}")
        backend = self._open(described, use_fractional_gates)
        if use_fractional_gates and _FRACTIONAL.isdisjoint(backend.configuration().basis_gates):
            raise IBMInputValueError(
                f"{backend.name} has no fractional gates. Leave use_fractional_gates out."
            )
        return backend

    def least_busy(
        self,
        min_num_qubits: int | None = None,
        instance: str | None = None,
        filters: Callable[[HubIBMBackend], bool] | None = None,
        use_fractional_gates: bool | None = False,
        **kwargs: Any,
    ) -> HubIBMBackend:
        """The operational backend with the shortest queue: by the Hub's choice, where there are no filters.

        Raises:
            QiskitBackendNotFoundError: No backend fits.
        """
        _only_none(instance=instance)
        if filters is None and not kwargs:
            choose = self.client.backends.least_busy
            try:
                chosen = asked(choose, "IBM", min_qubits=min_num_qubits)
            except HubRequestError as problem:
                if not isinstance(problem.__cause__, (NotFoundError, ValidationError)):
                    raise
                reason = str(problem)
            else:
                return self._open(chosen, use_fractional_gates)
            raise QiskitBackendNotFoundError(f"No backend matches the criteria. {reason}")
        found = self.backends(
            min_num_qubits=min_num_qubits,
            filters=filters,
            use_fractional_gates=use_fractional_gates,
            **{"operational": True, **kwargs},
        )
        states = [(backend.status(), backend) for backend in found]
        # A paused one is operational, and no job begins on it.
        active = [one for one in states if one[0].status_msg == "active"]
        if not active:
            raise QiskitBackendNotFoundError("No backend matches the criteria.")
        return min(active, key=lambda one: one[0].pending_jobs)[1]

    def jobs(
        self,
        limit: int | None = 10,
        skip: int = 0,
        backend_name: str | None = None,
        pending: bool | None = None,
        program_id: str | None = None,
        instance: str | None = None,
        job_tags: list[str] | None = None,
        session_id: str | None = None,
        created_after: datetime | None = None,
        created_before: datetime | None = None,
        descending: bool = True,
        include_mocks: bool = False,
    ) -> list[HubRuntimeJob]:
        """Your jobs of IBM's programs. The Hub's list is read page by page, no further than it has to be.

        Args:
            limit: How many at the most; None for all.
            skip: How many to leave out at the beginning.
            backend_name: IBM's name or the Hub's id.
            pending: True: those that have not ended; False: those that have.
            program_id: ``sampler``, ``estimator`` or ``noise-learner``.
            instance: Must be None.
            job_tags: Tags that it has, all of them.
            session_id: The session that it belongs to.
            created_after: Not before this time; a time without a zone is local.
            created_before: Not after it.
            descending: Newest first; else oldest first.
            include_mocks: Without effect.

        Raises:
            IBMInputValueError: A number is below 0.
        """
        _only_none(instance=instance)
        for name, number in (("limit", limit), ("skip", skip)):
            if number is not None and number < 0:
                raise IBMInputValueError(f"{name} has to be at least 0, not {number}.")
        for name, when in (("created_after", created_after), ("created_before", created_before)):
            if when is not None and not isinstance(when, datetime):
                raise TypeError(f"{name} is a datetime, not {when!r}.")
        if job_tags:
            validate_job_tags(job_tags)
        known = asked(self.client.backends.list)
        described = _named(backend_name, known) if backend_name is not None else None
        if backend_name is not None and described is None:
            return []
        conditions = JobFilter(
            backend_id=described.id if described is not None else None,
            tags=frozenset(job_tags or ()),
            session_id=session_id,
            created_after=created_after.astimezone() if created_after else None,
            created_before=created_before.astimezone() if created_before else None,
        )
        wanted = None if limit is None or not descending else skip + limit
        found: list[Job] = []
        in_order = True
        read = newest(self.client, conditions)
        while (job := asked(next, read, None)) is not None:
            if not conditions.fits(job) or not _is_one(job, pending, program_id):
                continue
            in_order = in_order and (not found or _created(found[-1]) >= _created(job))
            found.append(job)
            if in_order and len(found) == wanted:
                break
        found.sort(key=_created, reverse=True)
        if not descending:
            found.reverse()  # of two in the same second, too
        last = None if limit is None else skip + limit
        document = self._active_api_client.job_document
        return [self._decode_job(document(job), known) for job in found[skip:last]]

    def _run(self, *arguments: Any, dry_run: bool = False, **keywords: Any) -> HubRuntimeJob:
        """What IBM's primitives call. All but the two lines here is IBM's own."""
        if dry_run:
            refuse(
                "dry_run", "HubRuntimeService.local() runs the program without a quantum computer."
            )
        return HubRuntimeJob.of(super()._run(*arguments, **keywords))

    def _decode_job(
        self, raw_data: dict[str, Any], known: Sequence[Backend] | None = None
    ) -> HubRuntimeJob:
        """A job from what the client says of it, and the Hub's backends where they were read."""
        described = _named(raw_data["backend"], known or asked(self.client.backends.list))
        return HubRuntimeJob(
            backend=self._open(described, False)
            if described is not None
            else IBMRetiredBackend.from_name(raw_data["backend"]),
            api_client=self._active_api_client,
            service=self,
            job_id=raw_data["id"],
            program_id=raw_data["program"]["id"],
            creation_date=raw_data["created"],
            session_id=raw_data["session_id"],
            tags=raw_data["tags"],
            private=False,
        )

    def _check_instance_usage(self) -> None:
        """Nothing to check: the Hub has no instances whose time could be used up."""

    def _described(self, name: str) -> Backend | None:
        return _named(name, asked(self.client.backends.list))

    def _open(self, described: Backend, use_fractional_gates: bool | None) -> HubIBMBackend:
        self._active_api_client.remember(described)
        return HubIBMBackend(self, described, use_fractional_gates=use_fractional_gates)

    def delete_job(self, job_id: str) -> NoReturn:
        """Refused."""
        self._active_api_client.job_delete(job_id)

    def usage(self) -> NoReturn:
        """Refused."""
        self._active_api_client.cloud_usage()

    def instances(self) -> Sequence[dict[str, Any]]:
        """Refused."""
        refuse("instances", _INSTANCES)

    def active_instance(self) -> str:
        """Refused."""
        refuse("instances", _INSTANCES)

    def active_account(self) -> dict[str, str]:
        """Refused."""
        refuse("account of IBM's", _ACCOUNTS)

    @staticmethod
    def save_account(*arguments: Any, **keywords: Any) -> None:
        """Refused."""
        refuse("accounts of IBM's to save", _ACCOUNTS)

    @staticmethod
    def delete_account(*arguments: Any, **keywords: Any) -> bool:
        """Refused."""
        refuse("accounts of IBM's to delete", _ACCOUNTS)

    @staticmethod
    def saved_accounts(*arguments: Any, **keywords: Any) -> dict[str, Any]:
        """Refused."""
        refuse("saved accounts of IBM's", _ACCOUNTS)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HubRuntimeService) and self.client is other.client

    def __hash__(self) -> int:
        return hash(id(self.client))

    def __copy__(self) -> HubRuntimeService:
        return self

    def __deepcopy__(self, memo: object) -> HubRuntimeService:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (self.client,)

    def _repr_html_(self) -> str:
        from qhub_qiskit.display import service_html

        return service_html(self)

    def __repr__(self) -> str:
        return f"<HubRuntimeService {self.client.settings.base_url}>"


def runs_programs(described: Backend) -> bool:
    """Whether a backend runs IBM's programs: by the room that its formats choose."""
    try:
        formats = list(map(str, described.configuration.supported_input_formats))
        return system_for(described.provider, formats, described.id).runs_programs
    except ValidationError:
        return False


def _named(name: str, known: Iterable[Backend]) -> Backend | None:
    """A backend by either name; None if there is none that runs IBM's programs."""
    for described in known:
        if name in (described.id, described.name, described.internal_id):
            return described if runs_programs(described) else None
    return None


def _rebuild(client: Any) -> HubRuntimeService:
    return HubRuntimeService(client=client)


def _only_none(**given: Any) -> None:
    for name, value in given.items():
        if value is not None:
            what = "instances" if name == "instance" else "choice of a calibration"
            raise NotOnHubError(f"The Hub has no {what}.", hint=f"Leave {name} out.")


def _is_dynamic(backend: HubIBMBackend) -> bool:
    return "dynamic_circuits" in getattr(backend.configuration(), "supported_features", [])


def _is_one(job: Job, pending: bool | None, program_id: str | None) -> bool:
    program = (job.input_params or {}).get("program_id")
    return (
        program is not None
        and program_id in (None, program)
        and (pending is None or is_terminal(job.status) is not pending)
    )


def _created(job: Job) -> datetime:
    return job.created_at or datetime.min.replace(tzinfo=datetime.now().astimezone().tzinfo)
