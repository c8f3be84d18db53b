"""The local Hub's memory: jobs, inputs, results, sessions, accounts. Durable."""

from __future__ import annotations

from collections.abc import Awaitable
from pathlib import Path
from typing import TypeVar

from local_hub.store.accounts import AccountStore
from local_hub.store.counts import JobCounts
from local_hub.store.database import Database
from local_hub.store.jobs import JobStore
from local_hub.store.outages import Unavailable
from local_hub.store.sessions import SessionStore
from local_hub.store.workloads import WorkloadStore

_T = TypeVar("_T")


class Store:
    """Everything that is kept, in one database.

    Attributes:
        jobs: Jobs with their inputs and results.
        sessions: Sessions.
        workloads: Jobs and sessions in one list.
        accounts: Tokens and service executions.
    """

    def __init__(self, database: str | None, state: Path) -> None:
        """Open the database.

        Args:
            database: PostgreSQL's URL; None for SQLite in the state folder.
            state: The state folder.

        Raises:
            CannotOpen: The database cannot be used, or another Hub uses it.
        """
        self._database = Database(database, state)
        counts = JobCounts(self._database)
        self.jobs = JobStore(self._database, counts)
        self.sessions = SessionStore(self._database)
        self.workloads = WorkloadStore(self._database, counts)
        self.accounts = AccountStore(self._database)

    @property
    def trouble(self) -> Unavailable | None:
        """Why nothing can be stored now; None when all is well."""
        return self._database.trouble

    async def patiently(self, work: Awaitable[_T]) -> _T:
        """Wait for something that ends in the database, but not as long as the database may be away: it goes on then.

        Raises:
            Unavailable: It goes on, and will be stored later.
        """
        return await self._database.patiently(work)

    def close(self) -> None:
        """Write what is waiting, and close."""
        self._database.close()
