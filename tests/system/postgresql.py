"""A PostgreSQL of the tests' own: a cluster in a temporary folder, on loopback, gone afterwards."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import psycopg

USER, PASSWORD = "hub", "s3cret/with@signs"
QUOTED = "s3cret%2Fwith%40signs"
# PostgreSQL refuses to run as root; Debian's package brings a user of its own.
_ACCOUNT = "postgres"


class Cluster:
    """A cluster that asks for a password. It can be ended and started again."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pg-"))
        programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parent)
        assert programs, "PostgreSQL is not installed: make test-system does it"
        self._programs = programs[-1]
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        password = self.folder / "password"
        password.write_text(PASSWORD)
        if os.getuid() == 0:
            for path in (self.folder, password):
                shutil.chown(path, _ACCOUNT)
        self._run(
            "initdb", "--pgdata", self.data, "--username", USER, "--pwfile", password,
            "--auth", "scram-sha-256", "--encoding", "UTF8", "--no-locale", "--no-sync",
        )  # fmt: skip
        self.start()

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def url(self, database: str) -> str:
        return f"postgresql://{USER}:{QUOTED}@127.0.0.1:{self.port}/{database}"

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        return psycopg.connect(self.url(database), autocommit=True)

    def create(self, database: str) -> str:
        """Make an empty database; its URL."""
        with self.connect() as connection:
            connection.execute(f'CREATE DATABASE "{database}"')
        return self.url(database)

    def start(self) -> None:
        options = (
            f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder}"
        )
        log = self.folder / "log"
        self._run("pg_ctl", "start", "-D", self.data, "-l", log, "-w", "-t", "60", "-o", options)

    def stop(self, mode: str = "immediate") -> None:
        """End it; immediately is what a crash is to its clients."""
        self._run("pg_ctl", "stop", "-D", self.data, "-m", mode, "-w", "-t", "60")

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder)

    def _run(self, program: str, *arguments: object) -> None:
        done = subprocess.run(
            [self._programs / program, *map(str, arguments)],
            user=_ACCOUNT if os.getuid() == 0 else None,
            group=_ACCOUNT if os.getuid() == 0 else None,
            extra_groups=[] if os.getuid() == 0 else None,
            cwd="/",
            env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if program == "initdb" else subprocess.DEVNULL,
            stderr=subprocess.STDOUT if program == "initdb" else None,
            text=True,
        )
        assert done.returncode == 0, done.stdout
