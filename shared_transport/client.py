"""`HubClient`: executes the operations of the Hub API over HTTP, and nothing more."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import threading
import time
import weakref
from collections.abc import Callable, Generator, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import httpx
from pydantic import SecretStr

from . import operations
from .answers import read_json
from .errors import (
    AuthenticationError,
    HubError,
    JobCancelledError,
    JobFailedError,
    ResultNotReadyError,
)
from .models import (
    Backend,
    BackendStateInfo,
    Calibration,
    Job,
    JobRequest,
    JobStatus,
    Page,
    is_terminal,
)
from .retry import with_retries
from .settings import Settings
from .steps import Answer, Failure, Operation, Outcome, Steps, run_steps, run_steps_async
from .submission import submit
from .watcher import wait_for_end

__all__ = ["Backends", "HubClient", "Jobs", "age_of"]

T = TypeVar("T")
_log = logging.getLogger(__name__)
_clients: weakref.WeakSet[HubClient] = weakref.WeakSet()


class HubClient:
    """A client of one Hub. Safe to share between threads, and after a fork; it pickles without its token.

    Args:
        settings: Where the Hub is and who asks; resolved from environment and config file if absent.
        transport: An httpx transport, for tests and special networks.

    Attributes:
        backends: The operations on backends.
        jobs: The operations on jobs.
    """

    def __init__(
        self, settings: Settings | None = None, *, transport: httpx.BaseTransport | None = None
    ) -> None:
        self.settings = settings if settings is not None else Settings.resolve()
        self.backends = Backends(self)
        self.jobs = Jobs(self)
        self._transport = transport
        self._lock = threading.Lock()
        self._http: httpx.Client | None = None
        _clients.add(self)

    def execute(self, operation: Operation[T]) -> T:
        """Send an operation, with retries where they are safe, and read its answer.

        Raises:
            HubError: the one that fits.
        """
        return self.run(with_retries(operation, self.settings.retry))

    def run(self, steps: Steps[T]) -> T:
        """Run work of several steps in this thread."""
        return run_steps(steps, self._send, time.sleep)

    async def run_async(self, steps: Steps[T]) -> T:
        """Run work of several steps: each request in a thread, each pause in the running event loop."""
        return await run_steps_async(
            steps, lambda operation: asyncio.to_thread(self._send, operation)
        )

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

    def _send(self, operation: Operation[Any]) -> Outcome:
        settings = self.settings
        headers = {"Accept": "application/json"}
        if operation.body is not None:
            headers["Content-Type"] = "application/json"
        if settings.organization:
            headers["X-OrganizationId"] = settings.organization
        if settings.token is None and operation.needs_token:
            raise no_token(operation.name)
        started = time.monotonic()
        outcome = self._exchange(operation, headers)
        if isinstance(outcome, Answer) and outcome.status == 401 and settings.token is None:
            raise no_token(operation.name)
        _log.debug(
            "%s %s %s: %s in %.1f ms",
            operation.name,
            operation.method,
            operation.path,
            outcome.status if isinstance(outcome, Answer) else outcome.reason,
            1e3 * (time.monotonic() - started),
        )
        return outcome

    def _exchange(self, operation: Operation[Any], headers: dict[str, str]) -> Outcome:
        url = self.settings.base_url + operation.path
        try:
            response = self._connections().request(
                operation.method,
                url,
                params=list(operation.params) or None,
                content=operation.body,
                headers=headers,
                auth=_ApiKey(self.settings.token),
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as problem:
            return Failure(f"{_words(problem)} ({self.settings.base_url})", sent=False)
        except (httpx.TransportError, httpx.DecodingError, httpx.TooManyRedirects) as problem:
            return Failure(f"{_words(problem)} ({self.settings.base_url})", sent=True)
        return Answer(response.status_code, response.headers, response.content)

    def _forget_connections(self) -> None:
        self._lock = threading.Lock()
        self._http = None

    def _connections(self) -> httpx.Client:
        with self._lock:
            if self._http is None:
                timeout = httpx.Timeout(
                    self.settings.read_timeout, connect=self.settings.connect_timeout
                )
                limits = httpx.Limits(max_connections=32, max_keepalive_connections=32)
                self._http = httpx.Client(
                    timeout=timeout,
                    limits=limits,
                    transport=self._transport,
                    follow_redirects=False,
                    trust_env=not self.settings.loopback,
                )
            return self._http


class _ApiKey(httpx.Auth):
    """Puts the token into its header, here alone: no frame of ours holds it while a request is under way."""

    def __init__(self, token: SecretStr | None) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if self._token is not None:
            request.headers["X-Auth-Token"] = self._token.get_secret_value()
        yield request


class Backends:
    """The Hub's backends."""

    def __init__(self, client: HubClient) -> None:
        self._client = client

    def list(self, *, provider: str | None = None) -> list[Backend]:
        """All backends, or those of one provider. Works without a token, in a reduced view."""
        return self._client.execute(operations.get_backends(provider))

    def get(self, backend_id: str) -> Backend:
        """One backend.

        Raises:
            NotFoundError: The Hub has none of this id.
        """
        return self._client.execute(operations.get_backend(backend_id))

    def status(self, backend_id: str) -> BackendStateInfo:
        """Whether a backend runs, and its queue."""
        return self._client.execute(operations.get_backend_status(backend_id))

    def config(self, backend_id: str) -> dict[str, Any]:
        """A backend's device document, in the vendor's own form."""
        return self._client.execute(operations.get_backend_config(backend_id))

    def calibration(
        self, backend_id: str, *, effective_at: datetime | None = None
    ) -> Calibration | None:
        """A backend's calibration: the newest, or the one effective at a time. None if there is none."""
        return self._client.execute(operations.get_backend_calibration(backend_id, effective_at))

    def least_busy(self, provider: str, *, min_qubits: int | None = None) -> Backend:
        """The least busy backend of a provider. The Hub answers this for IBM only."""
        return self._client.execute(operations.get_least_busy_backend(provider, min_qubits))


class Jobs:
    """The jobs of whoever the token belongs to."""

    def __init__(self, client: HubClient) -> None:
        self._client = client

    def create(self, request: JobRequest) -> Job:
        """Create a job: never twice, see `submission`.

        Raises:
            SubmissionUncertainError: Nobody knows whether the job exists.
            ValidationError: The Hub refuses it.
        """
        return self._client.run(submit(request, self._client.settings.retry))

    def page(self, page: int = 0, size: int = 20, sort: Sequence[str] = ()) -> Page[Job]:
        """One page of jobs, counted from zero."""
        return self._client.execute(operations.search_jobs(page, size, sort))

    def list(self) -> Iterator[Job]:
        """All jobs, page by page as they are needed."""
        number = 0
        while True:
            page = self.page(number, 100)
            yield from page.content
            number += 1
            if not page.content or (page.total_pages is not None and number >= page.total_pages):
                return

    def get(self, job_id: str) -> Job:
        """What the Hub knows of a job."""
        return self._client.execute(operations.get_job(job_id))

    def status(self, job_id: str) -> JobStatus | str:
        """A job's status; a word that this client does not know stays that word."""
        return self._client.execute(operations.get_job_status(job_id))

    def input(self, job_id: str) -> dict[str, Any]:
        """A job's input as it was sent."""
        return self._client.execute(operations.get_job_input(job_id))

    def calibration(self, job_id: str) -> Calibration | None:
        """The backend's calibration when the job was executed. None if there is none."""
        return self._client.execute(operations.get_job_calibration(job_id))

    def cancel(self, job_id: str) -> None:
        """Ask for a job's cancellation. One that has ended stays as it is."""
        self._client.execute(operations.cancel_job(job_id))

    def wait(
        self,
        job_id: str,
        *,
        timeout: float | None = None,
        age: float = 0.0,
        qpu: bool = False,
        on_status: Callable[[JobStatus | str], object] | None = None,
    ) -> JobStatus | str:
        """Wait until a job has ended.

        Args:
            job_id: The job.
            timeout: Seconds, or None for as long as it takes.
            age: The job's age in seconds: 0 for one created just now.
            qpu: Whether it runs on a QPU: one that is not on this machine is not hurried.
            on_status: Called with each status that was read.

        Returns:
            The terminal status.

        Raises:
            WaitTimeoutError: The time is over; the job goes on.
        """
        settings = self._client.settings
        return self._client.run(
            wait_for_end(
                job_id,
                settings.polling,
                age=age,
                patient=qpu and not settings.loopback,
                timeout=timeout,
                on_status=on_status,
            )
        )

    def result(self, job_id: str, *, status: JobStatus | str | None = None) -> Any:
        """The result document of a completed job.

        Args:
            job_id: The job.
            status: Its terminal status where it is known; else it is asked for.

        Raises:
            ResultNotReadyError: The job has not ended.
            JobFailedError: It ended without a result; the error has the Hub's reason.
            JobCancelledError: It was cancelled.
        """
        answer = self._result_answer(job_id, status)
        return read_json("getJobResult", answer)

    def result_bytes(self, job_id: str, *, status: JobStatus | str | None = None) -> bytes:
        """The same as `result`, as the JSON text that came, unparsed."""
        return self._result_answer(job_id, status).content

    def _result_answer(self, job_id: str, status: JobStatus | str | None) -> Answer:
        status = status if status is not None else self.status(job_id)
        if status == JobStatus.CANCELLED:
            raise JobCancelledError(f"Job {job_id} was cancelled.", job_id=job_id)
        if status == JobStatus.FAILED:
            raise self._failure(job_id)
        if is_terminal(status) and status != JobStatus.COMPLETED:
            raise JobFailedError(
                f"Job {job_id} ended as {status} and has no result.", job_id=job_id
            )
        if not is_terminal(status):
            raise _not_ready(job_id, status)
        return self._client.execute(operations.get_job_result(job_id))

    def _failure(self, job_id: str) -> JobFailedError:
        try:
            document = json.loads(self._client.execute(operations.get_job_result(job_id)).content)
        except (ValueError, HubError):
            document = {}
        error = document.get("error") if isinstance(document, dict) else None
        error = error if isinstance(error, dict) else {"message": error}
        code = f" [{error['code']}]" if error.get("code") else ""
        return JobFailedError(
            f"Job {job_id} failed{code}.",
            hub_says=str(error.get("message") or "no reason given"),
            job_id=job_id,
        )


def age_of(job: Job) -> float:
    """A job's age in seconds by its ``created_at``, at least 0 whatever the clocks say."""
    if job.created_at is None:
        return 0.0
    return max(0.0, (datetime.now(UTC) - job.created_at).total_seconds())


def no_token(operation_name: str) -> AuthenticationError:
    """The error for an operation that needs a token where there is none."""
    return AuthenticationError(
        "There is no token for the Hub.",
        hint="Give HubProvider(token=...), or set KQH_PERSONAL_ACCESS_TOKEN; "
        "HubProvider.local() runs a Hub on this machine and needs none.",
        operation=operation_name,
    )


def _not_ready(job_id: str, status: JobStatus | str) -> ResultNotReadyError:
    return ResultNotReadyError(
        f"Job {job_id} has no result yet (its status is {status}).",
        hint="Wait for its end first.",
        job_id=job_id,
    )


def _words(problem: Exception) -> str:
    """What happened, without the request: its headers hold the token."""
    text = str(problem) or type(problem).__name__
    return text.rstrip(".")


def _after_fork() -> None:
    """In a forked child: the parent's connections are the parent's; they are left alone."""
    for client in list(_clients):
        client._forget_connections()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
