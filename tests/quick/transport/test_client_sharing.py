"""One `HubClient` in pickles, threads and forks, and after it was closed."""

import json
import os
import pickle
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from pydantic import SecretStr

from shared_transport.client import HubClient
from shared_transport.settings import Settings
from tests.quick.transport.tools import SECRET, Hub, client_of

ROOT = Path(__file__).parents[3]


def test_a_pickle_of_a_client_holds_no_token_and_finds_it_again(monkeypatch):
    client = client_of(Hub(), organization="org")
    text = pickle.dumps(client)
    assert SECRET.encode() not in text
    assert pickle.loads(text).settings.token is None
    monkeypatch.setenv("KQH_PERSONAL_ACCESS_TOKEN", "again")
    again = pickle.loads(text)
    assert again.settings.token.get_secret_value() == "again"
    assert (again.settings.base_url, again.settings.organization) == (
        client.settings.base_url,
        "org",
    )
    assert again.jobs._client is again


def test_a_closed_client_opens_again():
    client = client_of(Hub(**{"/jobs/j1": (200, {"id": "j1"})}))
    with client:
        assert client.jobs.get("j1").id == "j1"
    client.close()
    assert client.jobs.get("j1").id == "j1"


class Echo(BaseHTTPRequestHandler):
    """Answers with the last part of the path as the id, and keeps the connection."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = json.dumps({"id": self.path.rpartition("/")[2]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def echo():
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/quantum"
        server.shutdown()
        thread.join()


def test_threads_share_a_client(echo):
    with HubClient(Settings(echo, SecretStr(SECRET))) as client, ThreadPoolExecutor(8) as pool:
        names = [f"j{i}" for i in range(120)]
        assert [job.id for job in pool.map(client.jobs.get, names)] == names


FORK = """
import os, sys
from pydantic import SecretStr
from shared_transport import HubClient, Settings

client = HubClient(Settings(sys.argv[1], SecretStr("x")))
assert client.jobs.get("before").id == "before"
held = client._lock                       # another thread may hold it at that moment
held.acquire()
child = os.fork()
if child == 0:
    ok = all(client.jobs.get(f"child{i}").id == f"child{i}" for i in range(20))
    os._exit(0 if ok else 1)
held.release()
ok = all(client.jobs.get(f"parent{i}").id == f"parent{i}" for i in range(20))
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
assert client.jobs.get("after").id == "after"
print("parent", ok, "child", status)
"""


def test_a_forked_child_shares_a_client(echo):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", FORK, echo],
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.stdout.strip() == "parent True child 0", done.stderr
