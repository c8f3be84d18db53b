"""What the client costs, and how soon it notices: ``python -m benchmarks transport``.

Everything is measured in one run against one null Hub in a process of its own, so that the machine's speed cancels
out where a ratio is given; GETs and waits again on the local Hub. A row says whether it is within its limit; the exit
status is 1 if one is not.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from benchmarks import null_hub
from benchmarks.processes import TOKEN, forget_peak, measured_apart, resident, settings_of
from benchmarks.rows import Row, show
from shared_transport import AsyncHubClient, HubClient
from shared_transport.embedded import embedded_hub
from shared_transport.requests import JobRequest
from shared_transport.settings import Settings

SUMMARY = "the client: overhead, waiting, many jobs, large results"
HEADERS = {"Accept": "application/json", "X-Auth-Token": TOKEN}
# How a job is noticed: its seconds, the most requests.
WAITS = ((0.3, 10), (2.0, 20))


@dataclass(frozen=True)
class Scale:
    """How often things are measured."""

    gets: int = 400
    waits: int = 5
    jobs: int = 1000
    downloads: int = 5


QUICK = Scale(gets=100, waits=2, jobs=200, downloads=2)


def request(seconds: float, shots: int = 1) -> JobRequest:
    circuit = {"qasm": "OPENQASM 3.0; bit[1] b; qubit[1] q; b[0] = measure q[0];"}
    return JobRequest(backend_id="aws.sim.sv1", shots=shots, input=circuit, name=f"{seconds:g}")


def stats(base_url: str) -> dict[str, Any]:
    """What the null Hub counted."""
    answer: dict[str, Any] = httpx.get(f"{base_url}/stats", trust_env=False).json()
    return answer


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _ratio(ours: Callable[[], object], bare: Callable[[], object], pairs: int) -> float:
    """The median ratio of pairs that are measured in turn, the first of each pair alternating."""
    ratios = []
    for number in range(pairs):
        if number % 2:
            divisor = _timed(bare)
            ratios.append(_timed(ours) / divisor)
        else:
            dividend = _timed(ours)
            ratios.append(dividend / _timed(bare))
    return statistics.median(ratios)


def overhead(base_url: str, scale: Scale) -> list[Row]:
    """GETs on the null Hub."""
    return _overhead("", settings_of(base_url), scale)


def _overhead(where: str, settings: Settings, scale: Scale) -> list[Row]:
    """`jobs.get` against httpx's own `get` of the same URL with the same headers, which parses nothing."""
    assert settings.token is not None
    headers = {**HEADERS, "X-Auth-Token": settings.token.get_secret_value()}
    with HubClient(settings) as client, httpx.Client(trust_env=False) as http:
        job_id = client.jobs.create(request(0.0)).id
        client.jobs.wait(job_id, timeout=60)
        url = f"{settings.base_url}/jobs/{job_id}"

        def ours() -> object:
            return client.jobs.get(job_id)

        def bare() -> object:
            return http.get(url, headers=headers).content

        _ratio(ours, bare, 30)
        ratio = _ratio(ours, bare, scale.gets)
    again = asyncio.run(_overhead_async(settings, headers, job_id, scale.gets))
    return [
        Row(f"{where}a GET, over bare httpx", ratio, 1.2, "x"),
        Row(f"{where}a GET of the asynchronous client, over bare httpx", again, 1.2, "x"),
    ]


async def _overhead_async(
    settings: Settings, headers: dict[str, str], job_id: str, pairs: int
) -> float:
    url = f"{settings.base_url}/jobs/{job_id}"
    async with (
        AsyncHubClient(settings) as client,
        httpx.AsyncClient(trust_env=False) as http,
    ):
        ratios = []
        for number in range(30 + pairs):
            seconds = [0.0, 0.0]
            for which in (0, 1) if number % 2 else (1, 0):
                started = time.perf_counter()
                if which == 0:
                    await client.jobs.get(job_id)
                else:
                    await http.get(url, headers=headers)
                seconds[which] = time.perf_counter() - started
            if number >= 30:
                ratios.append(seconds[0] / seconds[1])
    return statistics.median(ratios)


def waits(base_url: str, scale: Scale) -> list[Row]:
    """One job at a time: the worst delay between its end on the Hub and the return of `wait`.

    Requests are all that the Hub got for the job, its POST too.
    """
    rows = []
    with HubClient(settings_of(base_url)) as client:
        for seconds, most in WAITS:
            delays, counts = [], []
            for _ in range(scale.waits):
                job_id = client.jobs.create(request(seconds)).id
                client.jobs.wait(job_id, timeout=60)
                noticed = time.time()
                job = stats(base_url)["jobs"][job_id]
                delays.append(noticed - job["ended"])
                counts.append(job["requests"])
            rows += _wait_rows(f"a job of {seconds:g} s", seconds, delays, counts, most)
    return rows


def _wait_rows(
    what: str, seconds: float, delays: list[float], counts: list[int], most: int
) -> list[Row]:
    limit = 0.15 * seconds + 0.05
    return [
        Row(f"{what}: noticed after its end", 1e3 * max(delays), 1e3 * limit, "ms"),
        Row(f"{what}: requests", max(counts), most, ""),
    ]


def on_local_hub(scale: Scale) -> list[Row]:
    """GETs and waits on the local Hub.

    It tells no exact end: a job's is its seconds after the POST's answer. Requests are those that the client sent
    for the job, its POST too.
    """
    rows = _overhead("local Hub, ", embedded_hub(), scale)
    for seconds, most in WAITS:
        sent: list[str] = []
        hooks = {"request": [lambda one, log=sent: log.append(one.method)]}
        with HubClient(embedded_hub(job_seconds=seconds), event_hooks=hooks) as client:
            client.jobs.wait(client.jobs.create(request(seconds)).id, timeout=60)  # warms it up
            delays, counts = [], []
            for _ in range(scale.waits):
                sent.clear()
                job_id = client.jobs.create(request(seconds)).id
                created = time.monotonic()
                client.jobs.wait(job_id, timeout=60)
                delays.append(time.monotonic() - created - seconds)
                counts.append(len(sent))
        what = f"local Hub, a job of {seconds:g} s"
        rows += _wait_rows(what, seconds, delays, counts, most)
    return rows


def many(base_url: str, scale: Scale) -> list[Row]:
    """Jobs of 1 to 5 s, posted by eight threads, each result fetched as its job completes.

    Requests are all that the Hub got meanwhile: POSTs, looks at lists and jobs, results. The delay is that
    between the true end of the job that ends last and the last result in hand.
    """
    chance = random.Random(1)
    requests = [request(round(chance.uniform(1.0, 5.0), 3)) for _ in range(scale.jobs)]
    before = sum(stats(base_url)["operations"].values())
    with HubClient(settings_of(base_url)) as client:
        with ThreadPoolExecutor(8) as pool:
            ids = list(pool.map(lambda one: client.jobs.create(one).id, requests))
        for job_id, status in client.jobs.as_completed(ids, timeout=120):
            client.jobs.result(job_id, status=status)
        in_hand = time.time()
    after = stats(base_url)
    last = max(after["jobs"][job_id]["ended"] for job_id in ids)
    count = sum(after["operations"].values()) - before
    what = f"{scale.jobs:,} jobs of 1 to 5 s in flight"
    return [
        Row(f"{what}: requests a job in all", count / scale.jobs, 2.5, ""),
        Row(f"{what}: last result after the last end", in_hand - last, 1.0, "s"),
    ]


def large(base_url: str, scale: Scale) -> list[Row]:
    """`result_to_file` of 42 MB against httpx writing the same stream to a file; and its memory."""
    with (
        tempfile.TemporaryDirectory() as folder,
        HubClient(settings_of(base_url)) as client,
        httpx.Client(trust_env=False) as http,
    ):
        job_id = client.jobs.create(request(0.0, null_hub.SHOTS)).id
        ours_to, bare_to = Path(folder) / "ours", Path(folder) / "bare"

        def ours() -> object:
            return client.jobs.result_to_file(job_id, ours_to)

        def bare() -> None:
            url = f"{base_url}/jobs/{job_id}/result-stream"
            with http.stream("GET", url, headers=HEADERS) as response, open(bare_to, "wb") as file:
                for piece in response.iter_bytes():
                    file.write(piece)

        _ratio(ours, bare, 1)
        ratio = _ratio(ours, bare, scale.downloads)
        assert ours_to.read_bytes() == bare_to.read_bytes(), "the two downloads differ"
        above = measured_apart("benchmarks.transport", base_url, job_id, folder)
    return [
        Row("a result of 42 MB to a file, over a bare httpx download", ratio, 1.5, "x"),
        Row("a result of 42 MB to a file: memory above base", above, 32.0, "MB"),
    ]


def memory(base_url: str, job_id: str, folder: str) -> None:
    """In a process of its own: print by how many MB a download raises its peak."""
    with HubClient(settings_of(base_url)) as client:
        client.jobs.get(job_id)
        forget_peak()
        base = resident("VmRSS")
        client.jobs.result_to_file(job_id, Path(folder) / "measured")
        peak = resident("VmHWM")
    print(json.dumps(peak - base))


def main(arguments: argparse.Namespace) -> int:
    """Measure and print. Returns the exit status."""
    scale = QUICK if arguments.quick else Scale()
    rows: list[Row] = []
    with null_hub.running() as base_url:
        for measure in (overhead, waits, many, large):
            rows += measure(base_url, scale)
    rows += on_local_hub(scale)
    return show(rows, as_json=arguments.json)


if __name__ == "__main__":
    memory(*sys.argv[1:4])
