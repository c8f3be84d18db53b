"""The operation on workloads, with the filters of API 3.3."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from local_hub.access import Access, Caller
from local_hub.api.common import PageNumber, PageSize, Sort, order_of, size_of
from local_hub.records import Scope
from local_hub.schemas import Page, Workload
from local_hub.store import Store

_Words = Annotated[list[str] | None, Query()]


def workloads(store: Store, access: Access) -> APIRouter:
    """The router."""
    router = APIRouter()
    page_of = workload_page(store)
    By = Annotated[Caller, Depends(access.required)]

    @router.get("/workloads", response_model_exclude_none=True)
    async def get_workloads(
        caller: By,
        page: PageNumber = 0,
        size: PageSize = 20,
        sort: Sort = None,
        type: _Words = None,
        status: _Words = None,
        provider: _Words = None,
        backendId: _Words = None,
        tag: _Words = None,
        serviceExecutionId: str | None = None,
    ) -> Page[Workload]:
        scope = caller.scope
        if serviceExecutionId is not None:
            scope = caller.service_execution(serviceExecutionId, store.accounts)
        wishes = {
            "type": type,
            "status": status,
            "provider": provider,
            "backend_id": backendId,
            "tag": tag,
        }
        return page_of(scope, page, size, sort, wishes)

    return router


def workload_page(
    store: Store,
) -> Callable[[Scope, int, int, list[str] | None, dict[str, list[str] | None]], Page[Workload]]:
    """What reads a page of a scope's workloads."""

    def page_of(
        scope: Scope,
        page: int,
        size: int,
        sort: list[str] | None,
        wishes: dict[str, list[str] | None],
    ) -> Page[Workload]:
        filters = {name: values for name, values in wishes.items() if values}
        size = size_of(size)
        found = store.workloads.page(scope, page, size, order_of(sort), filters)
        content: list[Any] = [Workload.of(row) for row in found.content]
        return Page[Workload].of(content, page, size, found.total)

    return page_of
