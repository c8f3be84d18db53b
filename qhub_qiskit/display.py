"""How Qiskit's objects of the Hub look in a notebook."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from shared_transport import display
from shared_transport.errors import ValidationError
from shared_transport.models import JobStatus

from .systems import system_for

if TYPE_CHECKING:
    from shared_transport.client import HubClient
    from shared_transport.models import Backend
    from shared_transport.provider import ProviderBase

    from .backend import HubBackend
    from .job import HubJob
    from .provider import HubProvider
    from .runtime.job import HubRuntimeJob
    from .runtime.service import HubRuntimeService
    from .session import HubSession

__all__ = [
    "backend_html",
    "job_html",
    "provider_html",
    "runtime_job_html",
    "service_html",
    "session_html",
]

_WITHOUT_REASON = (JobStatus.COMPLETED, JobStatus.CANCELLED)


def provider_html(provider: HubProvider) -> str:
    """The backends that Qiskit circuits can run on, asked for now."""
    return _backends_html(provider, _runs_circuits, "Qiskit circuits")


def service_html(service: HubRuntimeService) -> str:
    """The backends that IBM's programs can run on, asked for now."""
    from .runtime.service import runs_programs

    return _backends_html(service, runs_programs, "IBM's programs")


def _backends_html(provider: ProviderBase, runs: Callable[[Backend], bool], what: str) -> str:
    def told() -> str:
        listed = provider.client.backends.list()
        usable = [described for described in listed if runs(described)]
        others = len(listed) - len(usable)
        return display.backends_html(
            f"{len(usable)} backends of {provider.client.settings.base_url}",
            usable,
            note=f"and {others} that {what} cannot run on" if others else None,
        )

    return display.or_why_not(provider, told)


def backend_html(backend: HubBackend) -> str:
    """What the Hub said of a backend when it was read; it is not asked again."""
    usual = type(backend.options)()
    options = ", ".join(
        f"{name}={value!r}"
        for name, value in backend.options.items()
        if name == "shots" or value != usual[name]
    )
    return display.backend_html(backend.hub_backend, [("options", options)])


def job_html(job: HubJob) -> str:
    """A job as it is now."""

    def told() -> str:
        described = job._described()
        records = [part.record for part in job._parts]
        circuits = [circuit.name for record in records if record for circuit in record.circuits]
        failed = any(one.ended and one.status not in _WITHOUT_REASON for one in described)
        further = [
            ("circuits", display.some(circuits)),
            ("why", job.error_message() if failed else None),
        ]
        return display.jobs_html(f"Job on {described[0].backend_id}", described, further)

    return display.or_why_not(job, told)


def runtime_job_html(client: HubClient, job: HubRuntimeJob) -> str:
    """A job of one of IBM's programs as it is now."""

    def told() -> str:
        described = client.jobs.get(job.job_id())
        failed = described.ended and described.status not in _WITHOUT_REASON
        further = [
            ("program", job.primitive_id),
            ("why", job.error_message() if failed else None),
        ]
        return display.jobs_html(f"Job on {described.backend_id}", [described], further)

    return display.or_why_not(job, told)


def session_html(session: HubSession) -> str:
    """A session as it is now."""
    return display.or_why_not(session, lambda: display.session_html(session.details()))


def _runs_circuits(described: Backend) -> bool:
    formats = list(map(str, described.configuration.supported_input_formats))
    try:
        system_for(described.provider, formats, described.id)
    except ValidationError:
        return False
    return True
