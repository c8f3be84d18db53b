"""Valid bodies with something wrong in them, made up by chance and the same each time."""

from __future__ import annotations

import copy
import json
import random
import statistics
import time
from collections.abc import Iterator
from typing import Any

from tests.quick.local_hub.hub_process import FINAL, ROOT, HubProcess

# What stands where something else should be.
ODD: list[Any] = [
    *(None, True, False, 0, -1, 1, 1.5, 2**31, 2**63, -(2**63) - 1, 10**40, 1e308, -0.0),
    *("", " ", "0", "-1", "nan", "a" * 5_000, "\0", "\x7f", "../../etc/passwd", "‮", "😀", "%s%n"),
    *(
        "OPENQASM 2.0;",
        "OPENQASM 3;",
        'include "/etc/passwd";',
        ":PCVL:zip:AAAA",
        "eJwAAAA=",
        "{{7*7}}",
    ),
    *(
        [],
        {},
        [[]],
        [None],
        {"": None},
        {"__type__": "ndarray", "__value__": "AAAA"},
        [[[[[[1]]]]]],
    ),
    *({"__type__": "QuantumCircuit", "__value__": "AAAA"}, {"$ref": "#"}, list(range(300))),
]
RAW = [
    *(
        b"NaN",
        b"Infinity",
        b"-Infinity",
        b"1e999",
        b"9" * 5_000,
        b"\xff",
        b"\\ud800",
        b"\\u0000",
        b"\0",
    ),
    *(b"[" * 1_000, b"{", b"}", b'"', b",", b":", b"//", b"0x1", b"\xef\xbb\xbf", b'"a":1,"a":2,'),
]


def bodies() -> list[Any]:
    """The contract's bodies for jobs."""
    folder = ROOT / "tests/contract/bodies"
    return [json.loads(path.read_text()) for path in sorted(folder.rglob("job_*.json"))]


def mutations(count: int, seed: int) -> Iterator[bytes]:
    """Bodies with one to three changes each."""
    chance = random.Random(seed)
    originals = bodies()
    for number in range(count):
        body = copy.deepcopy(originals[number % len(originals)])
        for _ in range(chance.randint(1, 3)):
            _change(body, chance)
        text = json.dumps(body).encode()
        yield _damage(text, chance) if chance.random() < 0.25 else text


def _change(body: Any, chance: random.Random) -> None:
    """Change one place, deep or not."""
    place = body
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            return
        key = chance.choice(keys)
        inner = place[key]
        if not isinstance(inner, dict | list) or not inner or chance.random() < 0.2:
            break
        place = inner
    kind = chance.random()
    if kind < 0.15:
        del place[key]
    elif kind < 0.25 and isinstance(place, dict):
        place[chance.choice(["x", "", "backend_id", "qasm", "shots", "\0"])] = chance.choice(ODD)
    elif kind < 0.4 and isinstance(inner, str):
        cut = chance.randrange(len(inner) + 1)
        place[key] = (
            inner[:cut] + chance.choice(["", "\0", "(", '"', "9" * 30, ";" * 50]) + inner[cut + 1 :]
        )
    else:
        place[key] = copy.deepcopy(chance.choice(ODD))


def _damage(text: bytes, chance: random.Random) -> bytes:
    """Change some bytes."""
    cut = chance.randrange(len(text))
    return text[:cut] + chance.choice(RAW) + text[cut + chance.randrange(3) :]


def bombard(hub: HubProcess, count: int, seed: int, patience: float = 0) -> None:
    """Send bodies that are wrong in some way, and look what becomes of them.

    Args:
        hub: Where to.
        count: How many.
        seed: Which.
        patience: Seconds to wait for each job's end; what has not ended at last is cancelled.
    """
    seconds, accepted = [], []
    for body in mutations(count, seed):
        began = time.monotonic()
        answer = hub.http.post("/jobs", content=body, headers={"Content-Type": "application/json"})
        seconds.append(time.monotonic() - began)
        assert answer.status_code in (201, 400, 404, 409, 422), (body, answer.text)
        if answer.status_code == 201:
            accepted.append((answer.json()["id"], body))
            _wait(hub, answer.json()["id"], patience)
        else:
            assert answer.json()["detail"], body
            assert "simulation failed" not in answer.text, (body, answer.text)
    # Whoever shares the machine may hold up a few; a parser in the server would hold up many.
    assert statistics.quantiles(seconds, n=20)[-1] < 2
    assert max(seconds) < 10
    assert 0 < len(accepted) < count
    for job_id, body in accepted:
        assert hub.http.delete(f"/jobs/{job_id}").status_code == 204
        status = hub.http.get(f"/jobs/{job_id}/status").json()["status"]
        assert status in ("COMPLETED", "FAILED", "CANCELLED")
        if status == "FAILED":
            error = hub.http.get(f"/jobs/{job_id}/result").json()["error"]
            assert error["code"] == "refused", (body, error)
    assert hub.http.get("/backends/aws.sim.sv1/status").json()["queue_size"] == 0


def _wait(hub: HubProcess, job_id: str, patience: float) -> None:
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if hub.http.get(f"/jobs/{job_id}/status").json()["status"] in FINAL:
            return
        time.sleep(0.01)
    if patience:
        hub.http.delete(f"/jobs/{job_id}")
