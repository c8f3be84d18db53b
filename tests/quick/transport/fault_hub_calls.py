"""What tests of the simulated Hub send to it, and how they read what it answers."""

import json

from shared_transport import operations
from shared_transport.models import SessionMode
from shared_transport.requests import JobRequest, SessionRequest
from shared_transport.steps import Answer


def request(token=None, **more):
    tags = ("mine",) if token is None else ("mine", f"qhub-token:{token}")
    return JobRequest(
        backend_id="aws.sim.sv1", shots=1, input={"qasm": "OPENQASM 3;"}, tags=tags, **more
    )


SESSION = SessionRequest(
    backend_id="ibm.qpu.fez",
    provider="IBM",
    mode=SessionMode.BATCH,
    metadata={"qhub_token": "s1", "a": 1},
)


def body_of(outcome):
    assert isinstance(outcome, Answer), outcome
    return json.loads(outcome.content)


def post(hub, token="t1", **more):
    return body_of(hub.send(operations.create_job(request(token, **more))))["id"]


def listed(hub, size=20, sort=("created_at,desc",)):
    """All that is listed, read page by page as pages say."""
    found, page = [], 0
    while True:
        document = body_of(hub.send(operations.search_jobs(page, size, sort)))
        found += document["content"]
        page += 1
        if not document["content"] or page == document.get("total_pages"):
            return found
