"""The operations on backends."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from shared_transport.models import Backend, BackendStateInfo, Calibration
from shared_transport.steps import Answer, Operation

from .describe import (
    model_of,
    model_or_none,
    models_of,
    object_of,
    query,
    rfc3339,
    segment,
    value_of,
)

T = TypeVar("T")


def get_backends(
    provider: str | None = None, only_planqk_sdk: bool | None = None
) -> Operation[list[Backend]]:
    """``GET /backends``: all backends. Works without a token, in a reduced view."""
    name = "getBackends"
    params = query(provider=provider, onlyPlanqkSdk=only_planqk_sdk)
    return Operation(name, "GET", "/backends", models_of(name, Backend), params, needs_token=False)


def get_backend(backend_id: str) -> Operation[Backend]:
    """``GET /backends/{id}``: one backend."""
    name = "getBackend"
    return _of(name, backend_id, "", model_of(name, Backend), needs_token=False)


def get_backend_status(backend_id: str) -> Operation[BackendStateInfo]:
    """``GET /backends/{id}/status``: whether it runs, and its queue."""
    name = "getBackendStatus"
    read = model_of(name, BackendStateInfo)
    return _of(name, backend_id, "/status", read, needs_token=False)


def get_backend_config(backend_id: str) -> Operation[dict[str, Any]]:
    """``GET /backends/{id}/config``: the device document in the vendor's own form."""
    name = "getBackendConfig"
    return _of(name, backend_id, "/config", object_of(name))


def get_backend_calibration(
    backend_id: str, effective_at: datetime | None = None
) -> Operation[Calibration | None]:
    """``GET /backends/{id}/calibration``: the newest, or the one effective at a time. None if there is none."""
    name = "getBackendCalibration"
    params = query(effectiveAt=rfc3339(effective_at) if effective_at else None)
    return _of(name, backend_id, "/calibration", model_or_none(name, Calibration), params)


def get_least_busy_backend(provider: str, min_qubits: int | None = None) -> Operation[Backend]:
    """``GET /backends/least-busy``: of IBM's backends; other providers are refused by the Hub (400)."""
    name = "getLeastBusyBackend"
    params = query(provider=provider, minQubits=min_qubits)
    read = model_of(name, Backend)
    return Operation(name, "GET", "/backends/least-busy", read, params, needs_token=False)


def get_backend_calibration_history(backend_id: str) -> Operation[Any]:
    """``GET /backends/{id}/calibration-history`` (API 3.3): earlier calibrations."""
    name = "getBackendCalibrationHistory"
    return _of(name, backend_id, "/calibration-history", value_of(name), since="3.3")


def _of(
    name: str,
    backend_id: str,
    tail: str,
    read: Callable[[Answer], T],
    params: tuple[tuple[str, str], ...] = (),
    *,
    needs_token: bool = True,
    since: str | None = None,
) -> Operation[T]:
    return Operation(
        name,
        "GET",
        f"/backends/{segment('backend id', backend_id)}{tail}",
        read,
        params,
        needs_token=needs_token,
        about=f"backend {backend_id!r}",
        since=since,
    )
