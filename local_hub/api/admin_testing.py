"""The part of the admin API that is for testing clients: faults, latency, and the states of backends.

- `GET /admin/faults`: the faults in force, how often each struck, and the latency;
- `POST /admin/faults` with `{"fault": SPEC}`; the syntax is that of `--fault`, see `local_hub.faults`;
- `DELETE /admin/faults/{id}`, `DELETE /admin/faults` for all of them;
- `PUT /admin/latency` with `{"seconds": 0.2}`, `{"seconds": "0.1-0.5"}` or `{"seconds": null}`;
- `GET /admin/backends`; `PUT /admin/backends/{id}` with `{"status": "PAUSED"}`;
- `POST /admin/reset`: takes everything above back.
"""

from fastapi import APIRouter, Depends, Request, Response

from local_hub.access import Access
from local_hub.admission import find_backend
from local_hub.api.admin_models import (
    AdminBackend,
    FaultList,
    FaultState,
    NewBackendState,
    NewFault,
    NewLatency,
)
from local_hub.api.common import model_of
from local_hub.backend_states import BackendStates
from local_hub.catalog import Catalog
from local_hub.faults.board import Faults
from local_hub.faults.spec import parse_fault, parse_seconds
from local_hub.lifecycle import Lifecycle
from local_hub.problems import Problem

_LARGEST_BODY = 2**16
_MOST_FAULTS = 1000


def admin_testing(
    catalog: Catalog, lifecycle: Lifecycle, states: BackendStates, faults: Faults, access: Access
) -> APIRouter:
    """The router. It takes the Hub's own token only, and no fault strikes it."""
    router = APIRouter(prefix="/admin", dependencies=[Depends(access.admin)])

    def state_of(backend_id: str) -> AdminBackend:
        return AdminBackend(
            id=backend_id,
            status=states.get(backend_id),
            queue_size=lifecycle.queue_size(backend_id),
        )

    @router.get("/faults")
    async def list_faults() -> FaultList:
        return FaultList.of(faults)

    @router.post("/faults", status_code=201)
    async def add_fault(request: Request) -> FaultState:
        wish = await model_of(NewFault, request, _LARGEST_BODY)
        if len(faults.all()) >= _MOST_FAULTS:
            raise Problem(409, f"There are {_MOST_FAULTS} faults in force: remove some first.")
        try:
            fault = parse_fault(wish.fault)
        except ValueError as error:
            raise Problem(422, str(error)) from None
        return FaultState.of(faults.add(fault))

    @router.delete("/faults", status_code=204)
    async def remove_all_faults() -> Response:
        for placed in faults.all():
            faults.remove(placed.id)
        return Response(status_code=204)

    @router.delete("/faults/{fault_id}", status_code=204)
    async def remove_fault(fault_id: str) -> Response:
        if not faults.remove(fault_id):
            raise Problem(404, f"There is no fault {fault_id!r}.")
        return Response(status_code=204)

    @router.put("/latency")
    async def set_latency(request: Request) -> FaultList:
        wish = await model_of(NewLatency, request, _LARGEST_BODY)
        try:
            faults.latency = None if wish.seconds is None else parse_seconds(str(wish.seconds))
        except ValueError as error:
            raise Problem(422, f"`seconds`: {error}.") from None
        return FaultList.of(faults)

    @router.get("/backends")
    async def list_backends() -> list[AdminBackend]:
        return [state_of(backend.id) for backend in catalog.all()]

    @router.put("/backends/{backend_id}")
    async def set_backend_state(backend_id: str, request: Request) -> AdminBackend:
        find_backend(catalog, backend_id)
        wish = await model_of(NewBackendState, request, _LARGEST_BODY)
        states.set(backend_id, wish.status, wish.windows())
        return state_of(backend_id)

    @router.post("/reset", status_code=204)
    async def reset() -> Response:
        faults.reset()
        states.reset()
        return Response(status_code=204)

    return router
