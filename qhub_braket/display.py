"""How Braket's objects of the Hub look in a notebook, and the bar while somebody waits for tasks."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from shared_transport import display, html
from shared_transport.progress import progress

if TYPE_CHECKING:
    from .batch import HubQuantumTaskBatch
    from .device import HubDevice
    from .job_waits import JobWaits
    from .provider import HubProvider
    from .task import HubQuantumTask

__all__ = ["bar", "batch_html", "device_html", "provider_html", "task_html"]


def provider_html(provider: HubProvider) -> str:
    """The devices, asked for now."""

    def told() -> str:
        devices = provider.devices()
        return display.backends_html(
            f"{len(devices)} devices of {provider.client.settings.base_url}", devices
        )

    return display.or_why_not(provider, told)


def device_html(device: HubDevice) -> str:
    """What the Hub said of a device when it was read; it is not asked again."""
    return display.backend_html(device._backend)


def task_html(task: HubQuantumTask) -> str:
    """A task as it is now."""

    def told() -> str:
        jobs = [job.described() for job in task._jobs]
        reasons = [reason for job in task._jobs if (reason := job.failure_reason())]
        title = f"Quantum task on {jobs[0].backend_id}"
        return display.jobs_html(title, jobs, [("why", display.some(reasons))])

    return display.or_why_not(task, told)


def batch_html(batch: HubQuantumTaskBatch) -> str:
    """The tasks of a batch, as they were seen last; the Hub is asked for those that were not seen."""

    def told() -> str:
        rows = [(task.id, task.state(use_cached_value=True)) for task in batch.tasks]
        return html.table(
            f"{batch.size} quantum tasks", ("task", "state"), rows[:_SHOWN], note=_more(rows)
        )

    return display.or_why_not(batch, told)


def bar(waits: Sequence[JobWaits]) -> AbstractContextManager[object]:
    """A bar for those who wait at a notebook or a prompt; see `shared_transport.progress`.

    Args:
        waits: What is waited for, entered already.
    """
    if not waits:
        return nullcontext()
    client = waits[0]._client
    futures = {
        job.id: future
        for wait in waits
        for job, future in zip(wait._jobs, wait._futures, strict=True)
    }
    known = [job.job.backend_id for wait in waits for job in wait._jobs if job.job is not None]

    def look(job_id: str) -> str | None:
        future = futures[job_id]
        if future.done() and not future.cancelled() and future.exception() is None:
            return str(future.result())
        return client.watcher.status(job_id)

    return progress(client, list(futures), look, backend_id=known[0] if known else None)


_SHOWN = 12


def _more(rows: Sequence[object]) -> str | None:
    return f"and {len(rows) - _SHOWN} more" if len(rows) > _SHOWN else None
