"""The server's process: its socket, its state folder, what it announces, and how it ends.

Embedded, it ends with its parent, however that ends: when its stdin closes, and on Linux also when the parent's process
is gone while somebody else still holds the pipe. A parent that is gone before it was told anything is no error.
"""

from __future__ import annotations

import argparse
import gc
import json
import logging
import os
import secrets
import select
import shutil
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO
from urllib.parse import quote

import uvicorn

from local_hub.app import PREFIX, TOKEN_PATH, create_app
from local_hub.executor import Executor
from local_hub.faults.transport import http_protocol
from local_hub.settings import Cluster, Settings
from local_hub.state_folder import state_folder
from local_hub.tls import check_pair

_DEFAULT_PORT = 8765
_SECONDS_TO_CLOSE = 5.0
_KEEP_ALIVE = 75  # longer than clients keep idle connections: they drop them first, so no request meets a closed one


class Announcement:
    """Where a Hub says that it is ready, or that it is not."""

    def __init__(self, stream: TextIO, *, embedded: bool) -> None:
        self._stream = stream
        self.embedded = embedded

    @classmethod
    def terminal(cls) -> Announcement:
        """Tell a person."""
        return cls(sys.stdout, embedded=False)

    @classmethod
    def to_parent(cls) -> Announcement:
        """Tell a parent process, on a copy of stdout that nothing else can write to."""
        private = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)
        return cls(private, embedded=True)

    def ready(self, place: dict[str, str], runtime_file: Path) -> None:
        """Say where the Hub is. An embedded one never says anything again.

        Args:
            place: `base_url`, `token`, and `token_url` where users can log in.
            runtime_file: The file that says the same to whoever may read it.
        """
        if self.embedded:
            self._line({**place, "pid": os.getpid(), "runtime_file": str(runtime_file)})
            return
        lines = [f"The local Hub serves {place['base_url']}", f"Token: {place['token']}"]
        if "token_url" in place:
            lines.append(f"Login: {place['token_url']}")
        lines.append(f"Console: {console_address(place['base_url'], place['token'])}")
        self._stream.write("\n".join([*lines, "End it with Ctrl-C."]) + "\n")
        self._stream.flush()

    def failure(self, message: str) -> None:
        """Say why the Hub could not start."""
        if self.embedded:
            self._line({"error": message})
        else:
            sys.stderr.write(f"The local Hub could not start: {message}\n")

    def _line(self, content: dict[str, object]) -> None:
        try:
            with self._stream:
                self._stream.write(json.dumps(content) + "\n")
        except OSError:
            # Ctrl-C ended the parent: nobody is to be told. `_end_with_parent` ends this process too.
            pass


def console_address(base_url: str, token: str) -> str:
    """The console's page; what follows `#` stays in the browser."""
    return f"{base_url.removesuffix(PREFIX)}/#token={quote(token, safe='')}"


def serve(options: argparse.Namespace, announcement: Announcement) -> None:
    """Serve until a signal, or the parent's end.

    Raises:
        OSError: the address is taken, the state folder is in use or cannot be written, or the cluster cannot be used.
        ValueError: the certificate and the key cannot be served.
    """
    token = options.token or secrets.token_urlsafe(24)
    logging.basicConfig(level=logging.WARNING, format="local_hub: %(levelname)s %(message)s")
    has_tls = check_pair(options.tls_cert, options.tls_key)
    with state_folder(options.state) as state, _listen(options) as listener:
        settings = _settings(options, token, state)
        config = uvicorn.Config(
            create_app(settings, _executor(settings)),
            log_config=None,
            access_log=False,
            server_header=False,
            ws="none",
            http=http_protocol(),
            timeout_keep_alive=_KEEP_ALIVE,
            timeout_graceful_shutdown=1,
            ssl_certfile=options.tls_cert,
            ssl_keyfile=options.tls_key,
        )
        runtime_file = state / "runtime.json"
        origin = _origin(listener, "https" if has_tls else "http")
        place = {"base_url": origin + PREFIX, "token": token}
        if options.user:
            place["token_url"] = origin + TOKEN_PATH

        def ready() -> None:
            gc.freeze()  # what was loaded stays
            gc.enable()
            _write_private(runtime_file, place)
            announcement.ready(place, runtime_file)

        server = _Server(config, ready)
        _end_on_signals(server)
        if announcement.embedded:
            _end_with_parent(server, state if options.state is None else None)
        try:
            server.run(sockets=[listener])
        finally:
            runtime_file.unlink(missing_ok=True)


def _settings(options: argparse.Namespace, token: str, state: Path) -> Settings:
    """What the command line says; what it leaves out has the defaults of `Settings`."""
    chosen = {
        "workers": options.workers,
        "seed": options.seed,
        "job_time_limit": options.job_time_limit,
        "job_memory_limit": options.job_memory_limit,
        "job_seconds": options.job_seconds,
        "session_idle_limit": options.session_idle_limit,
        "token_seconds": options.token_seconds,
    }
    given = {name: value for name, value in chosen.items() if value is not None}
    cluster = None
    if options.executor is not None:
        cluster = Cluster(options.executor, options.workers, options.job_memory_limit)
        given["workers"] = 1  # a place on the cluster has one core
    return Settings(
        token=token,
        state=state,
        database=options.database,
        sessions=frozenset(options.sessions),
        users=dict(options.user),
        noise=not options.ideal,
        cluster=cluster,
        latency=options.latency,
        faults=tuple(options.fault),
        **given,
    )


def _executor(settings: Settings) -> Callable[[Callable[[], None]], Executor] | None:
    if settings.cluster is None:
        return None
    from local_hub.cluster import connect

    return connect(settings.cluster)


class _Server(uvicorn.Server):
    """uvicorn's server, which says when it is ready and can be stopped from another thread."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready
        self._leaving = False

    def leave(self) -> None:
        """End in good order, also before it has started: by `should_exit` older uvicorns then skip the app's end."""
        self._leaving = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_ready()

    async def on_tick(self, counter: int) -> bool:
        return self._leaving or await super().on_tick(counter)


def _end_on_signals(server: _Server) -> None:
    """End in good order on SIGTERM and Ctrl-C, which uvicorn passes on once it has ended."""

    def stop(*_: object) -> None:
        server.leave()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)


def _end_with_parent(server: _Server, temporary: Path | None) -> None:
    def watch() -> None:
        _wait_for_end_of_parent()
        server.leave()
        threading.Event().wait(_SECONDS_TO_CLOSE)
        # The server did not end in time. Its workers die with it; only the folder is left to remove.
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)
        os._exit(1)

    threading.Thread(target=watch, name="parent", daemon=True).start()


def _wait_for_end_of_parent() -> None:
    watched = [0]
    if hasattr(os, "pidfd_open"):
        try:
            watched.append(os.pidfd_open(os.getppid()))
        except OSError:
            return  # it is gone already
    while True:
        ready, _, _ = select.select(watched, [], [])
        if ready != [0] or not os.read(0, 4096):
            return


@contextmanager
def _listen(options: argparse.Namespace) -> Iterator[socket.socket]:
    """Bind the socket. It names TCP as its protocol: asyncio switches Nagle's delay off for such sockets only."""
    default = 0 if options.embedded else _DEFAULT_PORT
    port = default if options.port is None else options.port
    family, kind, _, _, address = socket.getaddrinfo(options.host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, socket.IPPROTO_TCP) as listener:
        if sys.platform != "win32":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
        except OSError as error:
            raise OSError(f"cannot listen on {options.host}:{port}: {error.strerror}") from error
        listener.setblocking(False)
        yield listener


def _origin(listener: socket.socket, scheme: str) -> str:
    host, port = listener.getsockname()[:2]
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def _write_private(path: Path, content: dict[str, str]) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(content, file)
