"""Methods that are written once, as steps, and are there for both clients.

A group of methods, such as `jobs`, belongs to a client. On a `HubClient` its methods block and return; on an
`AsyncHubClient` the same methods return something to await.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar, overload

from .models import Page
from .retry import RetryPolicy, with_retries
from .steps import Operation, Steps

__all__ = ["AsyncGroup", "AsyncRunner", "Group", "Runner", "SyncGroup", "both", "listed"]

P = ParamSpec("P")
T = TypeVar("T")


class Runner(Protocol):
    """What a synchronous group needs of its client."""

    def run(self, steps: Steps[T]) -> T:
        """Run steps to their end."""


class AsyncRunner(Protocol):
    """What an asynchronous group needs of its client."""

    async def run(self, steps: Steps[T]) -> T:
        """Run steps to their end."""


class Group:
    """Methods as steps, without a client yet."""

    _retry: RetryPolicy

    def _execute(self, operation: Operation[T]) -> Steps[T]:
        return with_retries(operation, self._retry)


class SyncGroup(Group):
    """A group whose methods block."""

    def __init__(self, client: Runner, retry: RetryPolicy) -> None:
        self._client = client
        self._retry = retry


class AsyncGroup(Group):
    """A group whose methods are awaited."""

    def __init__(self, client: AsyncRunner, retry: RetryPolicy) -> None:
        self._client = client
        self._retry = retry


class both(Generic[P, T]):  # noqa: N801 - a decorator
    """A method written as steps: blocking on a `SyncGroup`, awaitable on an `AsyncGroup`."""

    def __init__(self, method: Callable[Concatenate[Any, P], Steps[T]]) -> None:
        self._method = method
        functools.update_wrapper(self, method)  # type: ignore[arg-type]

    @overload
    def __get__(self, group: None, owner: type) -> both[P, T]: ...
    @overload
    def __get__(self, group: SyncGroup, owner: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, group: AsyncGroup, owner: type) -> Callable[P, Awaitable[T]]: ...

    def __get__(self, group: Group | None, owner: type) -> Any:
        """Bind the method."""
        if group is None:
            return self
        client: Any = group._client  # type: ignore[attr-defined]

        @functools.wraps(self._method)
        def call(*args: P.args, **kwargs: P.kwargs) -> Any:
            return client.run(self._method(group, *args, **kwargs))

        return call


class listed(Generic[P, T]):  # noqa: N801 - a decorator
    """A method that gives the operation of each page: a lazy iterator over the entries of all pages."""

    def __init__(
        self, method: Callable[Concatenate[Any, P], Callable[[int], Operation[Page[T]]]]
    ) -> None:
        self._method = method
        functools.update_wrapper(self, method)  # type: ignore[arg-type]

    @overload
    def __get__(self, group: None, owner: type) -> listed[P, T]: ...
    @overload
    def __get__(self, group: SyncGroup, owner: type) -> Callable[P, Iterator[T]]: ...
    @overload
    def __get__(self, group: AsyncGroup, owner: type) -> Callable[P, AsyncIterator[T]]: ...

    def __get__(self, group: Group | None, owner: type) -> Any:
        """Bind the method."""
        if group is None:
            return self
        client: Any = group._client  # type: ignore[attr-defined]

        @functools.wraps(self._method)
        def iterate(*args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
            page_of, number = self._method(group, *args, **kwargs), 0
            while True:
                page = client.run(group._execute(page_of(number)))
                yield from page.content
                number += 1
                if _is_last(page, number):
                    return

        @functools.wraps(self._method)
        async def iterate_async(*args: P.args, **kwargs: P.kwargs) -> AsyncIterator[T]:
            page_of, number = self._method(group, *args, **kwargs), 0
            while True:
                page = await client.run(group._execute(page_of(number)))
                for entry in page.content:
                    yield entry
                number += 1
                if _is_last(page, number):
                    return

        return iterate_async if isinstance(group, AsyncGroup) else iterate


def _is_last(page: Page[Any], read: int) -> bool:
    return not page.content or (page.total_pages is not None and read >= page.total_pages)
