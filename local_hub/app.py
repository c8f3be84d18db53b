"""The application: all operations of the API below `/quantum`, the login and the admin API; the console at `/`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI

from local_hub import problems
from local_hub.access import Access
from local_hub.api.admin import admin
from local_hub.api.admin_testing import admin_testing
from local_hub.api.backends import backends
from local_hub.api.jobs import JobReads, jobs
from local_hub.api.oauth import PATH as LOGIN_PATH
from local_hub.api.oauth import oauth
from local_hub.api.service_executions import service_executions
from local_hub.api.sessions import SessionCalls, sessions
from local_hub.api.workloads import workloads
from local_hub.backend_states import BackendStates
from local_hub.catalog import Catalog
from local_hub.console import console
from local_hub.console.pictures import Pictures
from local_hub.executor import Executor, LocalExecutor
from local_hub.faults.board import Faults
from local_hub.faults.middleware import FaultMiddleware
from local_hub.lifecycle import Lifecycle
from local_hub.sessions import Sessions
from local_hub.settings import Settings
from local_hub.store import Store

PREFIX = "/quantum"
TOKEN_PATH = PREFIX + LOGIN_PATH


def create_app(
    settings: Settings, executor: Callable[[Callable[[], None]], Executor] | None = None
) -> FastAPI:
    """Build the application. Its lifespan opens the store, starts the workers and ends them.

    Args:
        settings: How this Hub runs.
        executor: Makes what computes, in the event loop, given whom to tell of a free place; None for processes here.

    Raises:
        ValueError: The settings name a backend that there is not.
    """
    catalog = Catalog()
    for backend_id in settings.sessions - {"all"}:
        if catalog.get(backend_id) is None:
            meant = catalog.meant(backend_id)
            raise ValueError(f"--sessions: there is no backend {backend_id}. {meant}")
    store = Store(settings.database, settings.state)
    rules = Sessions(settings, catalog, store.sessions, lambda: lifecycle.dispatch())
    states = BackendStates(lambda: lifecycle.dispatch())
    faults = Faults(
        settings.faults,
        settings.latency,
        seed=settings.seed,
        on_release=lambda: lifecycle.dispatch(),
    )
    store.jobs.unlisted = store.workloads.unlisted = faults.unlisted
    lifecycle = Lifecycle(settings, catalog, store.jobs, rules, states, faults)
    access = Access(settings.token, store.accounts)
    reads = JobReads(catalog, lifecycle, store)
    calls = SessionCalls(settings, lifecycle, rules, store)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        lifecycle.start(
            executor(lifecycle.dispatch)
            if executor
            else LocalExecutor(settings.workers, settings.job_memory_limit, lifecycle.dispatch)
        )
        yield
        await lifecycle.close()
        store.close()

    app = FastAPI(title="Local Hub", openapi_url=None, lifespan=lifespan)
    problems.install(app)
    app.add_middleware(FaultMiddleware, faults=faults, prefix=PREFIX)
    for router in (
        backends(catalog, lifecycle, states, access),
        jobs(settings, catalog, lifecycle, reads, store, access),
        sessions(settings, rules, calls, access),
        workloads(store, access),
        service_executions(reads, calls, store, access),
        admin(settings, store.accounts, access),
        admin_testing(catalog, lifecycle, states, faults, access),
        oauth(settings, store.accounts),
    ):
        app.include_router(router, prefix=PREFIX)
    pictures = Pictures(settings, catalog, lifecycle, store)
    app.include_router(console(lifecycle, reads, pictures, access))
    return app
