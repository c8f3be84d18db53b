"""The local Hub's memory: jobs, inputs, results, sessions, accounts. Durable."""

from __future__ import annotations

from local_hub.store.accounts import AccountStore
from local_hub.store.database import Database
from local_hub.store.jobs import JobStore
from local_hub.store.sessions import SessionStore
from local_hub.store.workloads import WorkloadStore


class Store:
    """Everything that is kept, in one database.

    Attributes:
        jobs: Jobs with their inputs and results.
        sessions: Sessions.
        workloads: Jobs and sessions in one list.
        accounts: Tokens and service executions.
    """

    def __init__(self, url: str) -> None:
        """Open the database.

        Args:
            url: SQLAlchemy's URL of the database; its tables are made when missing.
        """
        self._database = Database(url)
        self.jobs = JobStore(self._database)
        self.sessions = SessionStore(self._database)
        self.workloads = WorkloadStore(self._database)
        self.accounts = AccountStore(self._database)

    def close(self) -> None:
        """Write what is waiting, and close."""
        self._database.close()
