"""The simulated Hub and its faults on real sockets, seen by HTTP clients and by `HubClient`."""

import socket
import time

import httpx
import pytest
from pydantic import SecretStr

from shared_transport.client import HubClient
from shared_transport.errors import NotFoundError, SubmissionUncertainError
from shared_transport.settings import Settings
from tests.fault_hub import (
    AFTER_ACCEPT,
    DOUBTS,
    FaultHub,
    RawFaultServer,
    World,
    answers,
    closes,
    hangs,
    in_turn,
    quick,
    resets,
    says_raw,
    serve,
)
from tests.quick.transport.fault_hub_calls import request
from tests.quick.transport.tools import FAST


def get(server, path="/x", **options):
    return httpx.get(server.base_url + path, trust_env=False, timeout=2, **options)


def test_answers_by_path_and_method():
    behaviours = {
        "POST /x": answers(201, {"id": "j"}),
        "/x": answers(200, "text", content_type="text/plain", Retry_After="3"),
        "/turn": in_turn(answers(503), answers(200, [1])),
    }
    with RawFaultServer(behaviours) as server:
        assert httpx.post(server.base_url + "/x?a=1", content=b"abc").json() == {"id": "j"}
        response = get(server)
        assert (response.text, response.headers["Retry-After"]) == ("text", "3")
        assert [get(server, "/turn").status_code for _ in range(3)] == [503, 200, 200]
        assert get(server, "/other").status_code == 404
    first = server.requests[0]
    assert (first.method, first.path, first.params, first.body) == (
        "POST",
        "/x",
        [("a", "1")],
        b"abc",
    )


@pytest.mark.parametrize("status", [200, 204, 301, 304, 400, 418, 499, 500, 503, 599])
def test_any_status_and_the_connection_stays(status):
    with RawFaultServer(answers(status)) as server, httpx.Client() as client:
        for _ in range(2):
            response = client.get(server.base_url + "/x")
            assert response.status_code == status
            assert "connection" not in response.headers


FAULTS = {
    "closed": (closes, httpx.RemoteProtocolError),
    "reset": (resets, httpx.ReadError),
    "cut off": (answers(200, b"abc", length=9), httpx.RemoteProtocolError),
    "no HTTP": (says_raw(b"banana\r\n\r\n"), httpx.RemoteProtocolError),
    "silent": (hangs, httpx.ReadTimeout),
}


@pytest.mark.parametrize(("behaviour", "error"), FAULTS.values(), ids=FAULTS)
def test_what_is_done_to_sockets_is_what_a_client_sees(behaviour, error):
    with RawFaultServer(behaviour) as server, pytest.raises(error):
        httpx.get(server.base_url + "/x", timeout=0.3)


def test_a_slow_body_comes_piece_by_piece():
    with RawFaultServer(answers(200, b"0123456789", piece=2, pause=0.02)) as server:
        started = time.monotonic()
        assert get(server).content == b"0123456789"
        assert time.monotonic() - started >= 0.08


def test_after_the_end_nobody_listens():
    with RawFaultServer(closes) as server:
        pass
    with pytest.raises(httpx.ConnectError):
        get(server)


def client_for(server, **settings):
    settings = {"retry": FAST, "settle_time": 0.0, "read_timeout": 0.3, **settings}
    return HubClient(Settings(server.base_url, SecretStr("t"), **settings))


def test_the_real_client_and_a_served_hub():
    hub = FaultHub(World(job_seconds=(0.05, 0.05)), real_time=True)
    with serve(hub) as server, client_for(server) as client:
        job = client.jobs.create(request())
        assert client.jobs.wait(job.id, timeout=10) == "COMPLETED"
        assert client.jobs.result(job.id) == {"counts": {"00": 1}}
        assert [entry.id for entry in client.jobs.list()] == [job.id]
        with pytest.raises(NotFoundError):
            client.jobs.get("nothing")
    assert hub.count("createJob") == 1


@pytest.mark.parametrize("name", DOUBTS)
def test_a_served_doubt_is_a_doubt_to_the_real_client(name):
    """Nothing is known of this Hub's tags: a lost job is found, anything else is said to be uncertain."""
    hub = FaultHub(real_time=True)
    hub.script("createJob", quick(DOUBTS[name]))
    with serve(hub) as server, client_for(server) as client:
        if name in AFTER_ACCEPT:
            assert client.jobs.create(request()).id == hub.jobs[0].id
        else:
            with pytest.raises(SubmissionUncertainError):
                client.jobs.create(request())
    assert hub.count("createJob") == 1
    assert hub.duplicates() == {}


def test_a_virtual_hub_is_not_served():
    with pytest.raises(ValueError, match="real time"), serve(FaultHub()):
        pass


def test_a_refused_port_is_had_from_a_server_that_ended():
    with RawFaultServer(closes) as server:
        port = int(server.base_url.split(":")[2].split("/")[0])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
