"""The application: all operations of the API below `/quantum`, the login and the admin API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from local_hub import problems
from local_hub.access import Access
from local_hub.api.admin import admin
from local_hub.api.backends import backends
from local_hub.api.jobs import JobReads, jobs
from local_hub.api.oauth import PATH as LOGIN_PATH
from local_hub.api.oauth import oauth
from local_hub.api.service_executions import service_executions
from local_hub.api.sessions import SessionCalls, sessions
from local_hub.api.workloads import workloads
from local_hub.catalog import Catalog
from local_hub.executor import LocalExecutor
from local_hub.lifecycle import Lifecycle
from local_hub.sessions import Sessions
from local_hub.settings import Settings
from local_hub.store import Store

PREFIX = "/quantum"
TOKEN_PATH = PREFIX + LOGIN_PATH


def create_app(settings: Settings) -> FastAPI:
    """Build the application. Its lifespan opens the store, starts the workers and ends them."""
    catalog = Catalog()
    store = Store(f"sqlite:///{settings.state / 'hub.sqlite'}")
    rules = Sessions(settings, catalog, store.sessions, lambda: lifecycle.dispatch())
    lifecycle = Lifecycle(settings, catalog, store.jobs, rules)
    access = Access(settings.token, store.accounts)
    reads = JobReads(catalog, lifecycle, store)
    calls = SessionCalls(settings, lifecycle, rules, store)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        lifecycle.start(
            LocalExecutor(settings.workers, settings.job_memory_limit, lifecycle.dispatch)
        )
        yield
        await lifecycle.close()
        store.close()

    app = FastAPI(title="Local Hub", openapi_url=None, lifespan=lifespan)
    problems.install(app)
    for router in (
        backends(catalog, lifecycle, access),
        jobs(settings, catalog, lifecycle, reads, store, access),
        sessions(settings, rules, calls, access),
        workloads(store, access),
        service_executions(reads, calls, store, access),
        admin(settings, store.accounts, access),
        oauth(settings, store.accounts),
    ):
        app.include_router(router, prefix=PREFIX)
    return app
