"""The operation on workloads, with the filters of API 3.3."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from local_hub.access import Access, Caller
from local_hub.api.common import PageNumber, PageSize, Sort, order_of, size_of, uuid_of
from local_hub.problems import Problem
from local_hub.records import Scope
from local_hub.schemas import LONGEST_TAG, Page, Workload
from local_hub.store import Store

_Words = Annotated[list[str] | None, Query()]
_COLUMNS = {"backendId": "backend_id"}
_MOST_WORDS = 100


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
            execution_id = uuid_of(serviceExecutionId, "service execution")
            scope = caller.service_execution(execution_id, store.accounts)
        wishes = {
            "type": type,
            "status": status,
            "provider": provider,
            "backendId": backendId,
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
        filters = {
            _COLUMNS.get(name, name): _checked(name, values)
            for name, values in wishes.items()
            if values
        }
        size = size_of(size)
        found = store.workloads.page(scope, page, size, order_of(sort), filters)
        content: list[Any] = [Workload.of(row) for row in found.content]
        return Page[Workload].of(content, page, size, found.total)

    return page_of


def _checked(name: str, values: list[str]) -> list[str]:
    """The words of a filter, if a database can look for them."""
    if len(values) > _MOST_WORDS:
        raise Problem(
            422, f"`{name}` is given {len(values)} times: at most {_MOST_WORDS} are taken."
        )
    if any(len(value) > LONGEST_TAG or "\0" in value for value in values):
        raise Problem(
            422, f"`{name}` should be at most {LONGEST_TAG} characters long, and have no NUL."
        )
    return values
