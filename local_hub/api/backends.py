"""The operations on backends."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from local_hub.access import Access, Caller
from local_hub.admission import find_backend
from local_hub.api.common import json_document
from local_hub.backend_states import BackendStates
from local_hub.catalog import Backend, Catalog
from local_hub.lifecycle import Lifecycle
from local_hub.problems import Problem
from local_hub.schemas import BackendState

_INT32 = re.compile(r"-?\d{1,10}", re.ASCII)


def backends(
    catalog: Catalog, lifecycle: Lifecycle, states: BackendStates, access: Access
) -> APIRouter:
    """The router. A list that is asked for without a token is a reduced view."""
    router = APIRouter(prefix="/backends")
    Known = Annotated[Caller | None, Depends(access.optional)]
    required = [Depends(access.required)]

    def view(backend: Backend, full: bool) -> dict[str, Any]:
        if full:
            waiting = lifecycle.queue_size(backend.id)
            return {**backend.document, **states.availability(backend.id), "queue_size": waiting}
        public = {key: value for key, value in backend.document.items() if key != "availability"}
        return {**public, "has_calibration": False}

    @router.get("")
    async def get_backends(
        caller: Known, provider: str | None = None, onlyPlanqkSdk: bool = False
    ) -> list[dict[str, Any]]:
        found = [
            backend for backend in catalog.all() if provider is None or backend.provider == provider
        ]
        if onlyPlanqkSdk:
            found = [
                backend
                for backend in found
                if "PLANQK" in backend.document["documentation"].get("sdks", [])
            ]
        return [view(backend, caller is not None) for backend in found]

    @router.get("/least-busy", dependencies=required)
    async def get_least_busy(provider: str | None = None, minQubits: str = "0") -> dict[str, Any]:
        if provider is None:
            raise Problem(400, "`provider` is missing: add it.")
        if provider != "IBM":
            raise Problem(400, f"`provider` {provider} is not supported here: only IBM is.")
        least = _integer("minQubits", minQubits)
        found = [
            item
            for item in catalog.all()
            if item.provider == provider
            and item.qubit_count >= least
            and states.is_processing(item.id)
        ]
        if not found:
            raise Problem(404, f"No backend of {provider} with at least {least} qubits is ONLINE.")
        return view(min(found, key=lambda item: lifecycle.queue_size(item.id)), True)

    @router.get("/{backend_id}", dependencies=required)
    async def get_backend(backend_id: str) -> dict[str, Any]:
        backend = find_backend(catalog, backend_id)
        lifecycle.expect(backend_id)
        return view(backend, True)

    @router.get("/{backend_id}/status", dependencies=required, response_model_exclude_none=True)
    async def get_backend_status(backend_id: str) -> BackendState:
        find_backend(catalog, backend_id)
        average, waiting = lifecycle.queue_average(backend_id), lifecycle.queue_size(backend_id)
        state = states.get(backend_id)
        return BackendState(status=state, queue_avg_time=average, queue_size=waiting)

    @router.get("/{backend_id}/config", dependencies=required)
    async def get_backend_config(backend_id: str) -> Response:
        backend = find_backend(catalog, backend_id)
        lifecycle.expect(backend_id)
        return json_document(backend.config)

    @router.get("/{backend_id}/calibration", dependencies=required)
    async def get_backend_calibration(
        backend_id: str, effectiveAt: datetime | None = None
    ) -> Response:
        found = find_backend(catalog, backend_id).calibration(_aware(effectiveAt))
        return json_document(found.body if found else None)

    return router


def _integer(name: str, text: str) -> int:
    """A whole number of 32 bits from a query: this operation's bad input is a 400 by the contract."""
    if not _INT32.fullmatch(text) or not -(2**31) <= int(text) < 2**31:
        raise Problem(400, f"`{name}` should be a whole number of 32 bits.")
    return int(text)


def _aware(moment: datetime | None) -> datetime | None:
    return moment if moment is None or moment.tzinfo else moment.replace(tzinfo=UTC)
