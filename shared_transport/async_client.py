"""`AsyncHubClient`: the same operations, to be awaited."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from . import operations
from .async_jobs import AsyncJobs
from .async_waiting import AsyncWatcher
from .auth import auth_of
from .backends import AsyncBackends
from .client import submitter_of
from .errors import AuthenticationError
from .http import Exchange, Saving, client_options, failure_of
from .retry import with_retries
from .service_execution import AsyncServiceExecution
from .sessions import AsyncSessions, AsyncWorkloads
from .settings import Settings
from .steps import Failure, Operation, Outcome, Save, Send, Steps, run_steps_async
from .web import httpx

__all__ = ["AsyncHubClient"]

T = TypeVar("T")


class AsyncHubClient:
    """A client of one Hub for one event loop at a time. Its methods are those of `HubClient`, awaited.

    Args:
        settings: Where the Hub is and who asks; resolved from environment and config file if absent.
        transport: An httpx transport, for tests and special networks.
        event_hooks: httpx's event hooks, for tracing.

    Attributes:
        backends: The operations on backends.
        jobs: The operations on jobs, and waiting for them.
        sessions: The operations on sessions.
        workloads: Jobs and sessions in one list.
        submitter: Creates jobs and sessions exactly once.
        watcher: Looks at all jobs that are waited for.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        event_hooks: Mapping[str, Sequence[Callable[..., Any]]] | None = None,
    ) -> None:
        self.settings = settings if settings is not None else Settings.resolve()
        self._transport = transport
        self._event_hooks = {name: list(hooks) for name, hooks in (event_hooks or {}).items()}
        self._http: httpx.AsyncClient | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._auth = auth_of(self.settings)
        self.submitter = submitter_of(self.settings)
        self.watcher = AsyncWatcher(self._perform)
        self.backends = AsyncBackends(self, self.settings.retry)
        self.jobs = AsyncJobs(self)
        self.sessions = AsyncSessions(self)
        self.workloads = AsyncWorkloads(self, self.settings.retry)

    def service_execution(self, identifier: str) -> AsyncServiceExecution:
        """The operations of one service execution."""
        return AsyncServiceExecution(self, self.settings.retry, identifier)

    async def runtime_minutes(self) -> Any:
        """How many minutes of runtime there are (API 3.3). Errors as `HubClient.runtime_minutes`."""
        return await self.execute(operations.get_runtime_minutes())

    async def execute(self, operation: Operation[T]) -> T:
        """Send an operation, with retries where they are safe, and read its answer."""
        return await self.run(with_retries(operation, self.settings.retry))

    async def run(self, steps: Steps[T]) -> T:
        """Run work of several steps."""
        return await run_steps_async(steps, self._perform, asyncio.sleep)

    async def aclose(self) -> None:
        """Close the connections and end all waits."""
        self.watcher.stop()
        http, self._http = self._http, None
        if http is not None and asyncio.get_running_loop() is self._loop:
            await http.aclose()

    async def __aenter__(self) -> AsyncHubClient:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"AsyncHubClient({self.settings.base_url!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.settings,)

    async def _perform(self, step: Send | Save) -> Outcome:
        """Send a request once. What httpx raises becomes an outcome, without the request that it holds."""
        offset = step.offset if isinstance(step, Save) else 0
        exchange = Exchange(step.operation, self.settings, offset)
        http = self._connections()
        try:
            if isinstance(step, Save):
                status, headers, content = await _save(http, exchange, self._auth, step)
            else:
                response = await http.request(**exchange.request, auth=self._auth)
                status, headers, content = response.status_code, response.headers, response.content
        except httpx.HTTPError as problem:
            failed = failure_of(problem, self.settings)
            if failed is None:
                raise
            outcome: Failure | AuthenticationError = failed
        except AuthenticationError as problem:
            outcome = problem.with_traceback(None)
        else:
            return exchange.answered(status, headers, content)
        return exchange.failed(outcome)

    def _connections(self) -> httpx.AsyncClient:
        loop = asyncio.get_running_loop()
        if self._http is None or loop is not self._loop:
            # Connections belong to the event loop that opened them.
            self._loop = loop
            self._http = httpx.AsyncClient(
                **client_options(self.settings),
                transport=self._transport,
                event_hooks=self._event_hooks,
            )
        return self._http


async def _save(
    http: httpx.AsyncClient, exchange: Exchange, auth: httpx.Auth, step: Save
) -> tuple[int, httpx.Headers, bytes]:
    async with http.stream(**exchange.request, auth=auth) as response:
        saving = Saving(step)
        if not saving.begin(response.status_code, response.headers):
            return response.status_code, response.headers, await response.aread()
        try:
            async for piece in response.aiter_bytes():
                if saving.add(piece):
                    await asyncio.to_thread(saving.write)
        finally:
            await asyncio.to_thread(saving.write)
        return response.status_code, response.headers, b""
