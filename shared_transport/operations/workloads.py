"""The operations on workloads: jobs and sessions in one list; and what the account has left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shared_transport.models import Page, Workload
from shared_transport.steps import Operation

from .describe import model_of, query, value_of


def get_workloads(
    page: int = 0,
    size: int = 20,
    sort: Sequence[str] = (),
    *,
    type: str | Sequence[str] | None = None,
    status: str | Sequence[str] | None = None,
    provider: str | Sequence[str] | None = None,
    backend_id: str | Sequence[str] | None = None,
    tag: str | Sequence[str] | None = None,
    origin: str | Sequence[str] | None = None,
    service_execution_id: str | Sequence[str] | None = None,
) -> Operation[Page[Workload]]:
    """``GET /workloads``: one page of jobs and sessions.

    The filters are of API 3.3; a Hub that does not know them gives everything.
    """
    params = query(
        page=page,
        size=size,
        sort=sort,
        type=type,
        status=status,
        provider=provider,
        backendId=backend_id,
        tag=tag,
        origin=origin,
        serviceExecutionId=service_execution_id,
    )
    read = model_of("getWorkloads", Page[Workload])
    return Operation("getWorkloads", "GET", "/workloads", read, params)


def get_runtime_minutes() -> Operation[Any]:
    """``GET /runtime-minutes`` (API 3.3): how many minutes of runtime there are."""
    name = "getRuntimeMinutes"
    return Operation(
        name, "GET", "/runtime-minutes", value_of(name), about="runtime minutes", since="3.3"
    )
