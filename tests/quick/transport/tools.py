"""What these tests share: a stage with a clock, clients and Hubs without a network, a server with faults."""

import json
import re
import socket
import struct
import threading
import traceback
from pathlib import Path

import httpx
from pydantic import SecretStr

import shared_transport
from shared_transport.client import HubClient
from shared_transport.requests import JobRequest
from shared_transport.retry import RetryPolicy
from shared_transport.settings import Settings
from shared_transport.steps import Answer, run_steps

SECRET = "t0ken-Nobody-May-See"
CONTRACT = json.loads(
    (Path(__file__).parents[2] / "contract" / "contract.json").read_text(encoding="utf-8")
)
FAST = RetryPolicy(attempts=3, first_delay=0.001, deadline=0.2)
REQUEST = JobRequest(backend_id="b", shots=1, input={"qasm": "x"})


def answer(status=200, body=None, **headers):
    """An `Answer`; a body that is neither bytes nor text is sent as JSON."""
    if isinstance(body, str):
        body = body.encode()
    elif not isinstance(body, bytes):
        body = b"" if body is None else json.dumps(body).encode()
    return Answer(status, httpx.Headers({k.replace("_", "-"): v for k, v in headers.items()}), body)


class Stage:
    """Runs steps under a clock that only moves while they sleep."""

    def __init__(self, start=1000.0):
        self.now = start
        self.sent = []
        self.times = []
        self.slept = []

    def clock(self):
        return self.now

    def run(self, steps, outcomes):
        """`outcomes`: a list that has to be used up exactly, or a function of the operation."""
        waiting = None if callable(outcomes) else list(outcomes)

        def send(step):
            operation = step.operation
            self.sent.append(operation)
            self.times.append(self.now)
            assert len(self.sent) < 10_000, "it never ends"
            if waiting is None:
                return outcomes(operation)
            assert waiting, "one request too many"
            return waiting.pop(0)

        def sleep(seconds):
            assert seconds >= 0
            self.slept.append(seconds)
            self.now += seconds

        try:
            return run_steps(steps, send, sleep)
        finally:
            assert not waiting, "fewer requests than expected"


def client_of(handler, *, base_url="https://hub.test/quantum", token=SECRET, **settings):
    """A client whose requests go to a function."""
    settings.setdefault("retry", FAST)
    settings.setdefault("settle_time", 0.0)
    secret = None if token is None else SecretStr(token)
    return HubClient(Settings(base_url, secret, **settings), transport=httpx.MockTransport(handler))


class Hub:
    """Answers by path; everything else is 404. An answer is a status and JSON or bytes."""

    def __init__(self, **answers):
        self.answers = answers
        self.requests = []

    def __call__(self, request):
        self.requests.append(request)
        path = request.url.path.removeprefix("/quantum")
        status, body = self.answers.get(path, (404, {"detail": "Nothing here."}))
        return httpx.Response(
            status, content=body if isinstance(body, bytes) else json.dumps(body).encode()
        )

    def paths(self):
        return [request.url.path for request in self.requests]


def leaks(error, secret=SECRET):
    """Where our frames hold a secret in a traceback that captures locals, as ``function:variable``."""
    home = str(Path(shared_transport.__file__).parent)
    found, seen, waiting = [], set(), [error]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        waiting += [one.__cause__, one.__context__]
        for frame, _ in traceback.walk_tb(one.__traceback__):
            if frame.f_code.co_filename.startswith(home):
                found += [
                    f"{frame.f_code.co_name}:{name}"
                    for name, value in frame.f_locals.items()
                    if secret in repr(value)
                ]
    return found


def whole_traceback(error):
    return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())


class FaultServer:
    """A server on the loopback interface that does to each connection what its `behaviour` says."""

    def __init__(self, behaviour):
        self.behaviour = behaviour
        self.requests = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.base_url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/quantum"
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exc):
        # Closing does not wake accept() up; a connection does.
        self.behaviour = None
        socket.create_connection(self._socket.getsockname()).close()
        self._thread.join(5)
        self._socket.close()

    def _serve(self):
        while True:
            connection, _ = self._socket.accept()
            if self.behaviour is None:
                connection.close()
                return
            with connection:
                request = self._read(connection)
                if request:
                    self.requests.append(request)
                    self.behaviour(connection)

    @staticmethod
    def _read(connection):
        text = b""
        while b"\r\n\r\n" not in text:
            piece = connection.recv(65536)
            if not piece:
                return b""
            text += piece
        length = re.search(rb"content-length: (\d+)", text, re.IGNORECASE)
        missing = int(length[1]) - len(text.partition(b"\r\n\r\n")[2]) if length else 0
        while missing > 0:
            piece = connection.recv(65536)
            missing -= len(piece)
            text += piece
        return text


def closes(connection):
    """The request was read and the connection is closed."""
    connection.shutdown(socket.SHUT_RDWR)


def resets(connection):
    """The request was read and the connection is reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def says(text):
    def behaviour(connection):
        connection.sendall(text)
        connection.shutdown(socket.SHUT_WR)

    return behaviour


def hangs(connection):
    """Waits until the client has given up."""
    connection.settimeout(5)
    connection.recv(1)
