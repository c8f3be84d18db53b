"""`HubClient`: executes the operations of the Hub API over HTTP, and nothing more."""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from . import operations
from .auth import auth_of
from .backends import Backends
from .errors import AuthenticationError
from .http import Exchange, Saving, client_options, failure_of
from .jobs import Jobs
from .journal import Journal
from .retry import with_retries
from .service_execution import ServiceExecution
from .sessions import Sessions, Workloads
from .settings import Settings
from .steps import Failure, Operation, Outcome, Save, Send, Steps, run_steps
from .submission import Submitter
from .waiting import Watcher
from .web import httpx

__all__ = ["HubClient"]

T = TypeVar("T")
_clients: weakref.WeakSet[HubClient] = weakref.WeakSet()


class HubClient:
    """A client of one Hub. Safe to share between threads, and after a fork; it pickles without its secrets.

    Args:
        settings: Where the Hub is and who asks; resolved from environment and config file if absent.
        transport: An httpx transport, for tests and special networks.
        event_hooks: httpx's event hooks, for tracing: ``{"request": [...], "response": [...]}``.

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
        transport: httpx.BaseTransport | None = None,
        event_hooks: Mapping[str, Sequence[Callable[..., Any]]] | None = None,
    ) -> None:
        self.settings = settings if settings is not None else Settings.resolve()
        self._transport = transport
        self._event_hooks = event_hooks
        self._lock = threading.Lock()
        self._http: httpx.Client | None = None
        self._auth = auth_of(self.settings)
        self.submitter = submitter_of(self.settings)
        self.watcher = Watcher(self._perform)
        self.backends = Backends(self, self.settings.retry)
        self.jobs = Jobs(self)
        self.sessions = Sessions(self)
        self.workloads = Workloads(self, self.settings.retry)
        _clients.add(self)

    def service_execution(self, identifier: str) -> ServiceExecution:
        """The operations of one service execution."""
        return ServiceExecution(self, self.settings.retry, identifier)

    def runtime_minutes(self) -> Any:
        """How many minutes of runtime there are (API 3.3).

        Raises:
            NotFoundError: This Hub has no such read.
        """
        return self.execute(operations.get_runtime_minutes())

    def execute(self, operation: Operation[T]) -> T:
        """Send an operation, with retries where they are safe, and read its answer.

        Raises:
            HubError: the one that fits.
        """
        return self.run(with_retries(operation, self.settings.retry))

    def run(self, steps: Steps[T]) -> T:
        """Run work of several steps in this thread."""
        return run_steps(steps, self._perform, time.sleep)

    def close(self) -> None:
        """Close the connections. The client can be used again; it opens new ones."""
        with self._lock:
            http, self._http = self._http, None
        if http is not None:
            http.close()

    def __enter__(self) -> HubClient:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"HubClient({self.settings.base_url!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.settings,)

    def __copy__(self) -> HubClient:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> HubClient:
        return self

    def _perform(self, step: Send | Save) -> Outcome:
        """Send a request once. What httpx raises becomes an outcome, without the request that it holds."""
        offset = step.offset if isinstance(step, Save) else 0
        exchange = Exchange(step.operation, self.settings, offset)
        http = self._connections()
        try:
            if isinstance(step, Save):
                status, headers, content = _save(http, exchange, self._auth, step)
            else:
                response = http.request(**exchange.request, auth=self._auth)
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

    def _connections(self) -> httpx.Client:
        with self._lock:
            if self._http is None:
                self._http = httpx.Client(
                    **client_options(self.settings),
                    transport=self._transport,
                    event_hooks=_as_lists(self._event_hooks),
                )
            return self._http

    def _forget(self) -> None:
        """In a forked child: the parent's connections and waits are the parent's; they are left alone."""
        self._lock = threading.Lock()
        self._http = None
        self._auth = auth_of(self.settings)
        self.watcher = Watcher(self._perform)


def submitter_of(settings: Settings) -> Submitter:
    """What creates jobs and sessions on the Hub of these settings."""
    journal = Journal(settings.journal)
    return Submitter(
        settings.retry, journal, settle_time=settings.settle_time, hub=settings.base_url
    )


def _save(
    http: httpx.Client, exchange: Exchange, auth: httpx.Auth, step: Save
) -> tuple[int, httpx.Headers, bytes]:
    with http.stream(**exchange.request, auth=auth) as response:
        saving = Saving(step)
        if not saving.begin(response.status_code, response.headers):
            return response.status_code, response.headers, response.read()
        try:
            for piece in response.iter_bytes():
                if saving.add(piece):
                    saving.write()
        finally:
            saving.write()
        return response.status_code, response.headers, b""


def _as_lists(hooks: Mapping[str, Sequence[Callable[..., Any]]] | None) -> dict[str, list[Any]]:
    return {name: list(functions) for name, functions in (hooks or {}).items()}


def _after_fork() -> None:
    for client in list(_clients):
        client._forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
