"""Results as files: broken off anywhere, resumed or begun anew, and only there once they are whole."""

import asyncio
import gzip
import hashlib
import random
import re
from itertools import pairwise

import pytest
from pydantic import SecretStr

from shared_transport import AsyncHubClient, HubClient
from shared_transport.errors import HubError, ResultNotReadyError
from shared_transport.retry import RetryPolicy
from shared_transport.settings import Settings
from tests.fault_hub import RawFaultServer, answers, closes, in_turn, resets

POLICY = RetryPolicy(attempts=4, first_delay=0.0001, deadline=5.0)
CLIENTS = pytest.mark.parametrize("kind", [HubClient, AsyncHubClient])
PATH = "/jobs/j/result-stream"


@pytest.fixture
def folder(tmp_path):
    """An empty folder: what is in it afterwards was put there by the download."""
    path = tmp_path / "results"
    path.mkdir()
    return path


def content_of(seed, size):
    return b'{"seed": "' + random.Random(seed).randbytes(size // 2).hex().encode() + b'"}'


def save(kind, server, path):
    settings = Settings(
        server.base_url, SecretStr("a-token-of-mine"), retry=POLICY, read_timeout=0.5
    )
    if kind is HubClient:
        with HubClient(settings) as client:
            return client.jobs.result_to_file("j", path)

    async def run():
        async with AsyncHubClient(settings) as client:
            return await client.jobs.result_to_file("j", path)

    return asyncio.run(run())


def hub(stream):
    return RawFaultServer({"/jobs/j/status": answers(200, {"status": "COMPLETED"}), PATH: stream})


def streams(server):
    return [request for request in server.requests if request.path == PATH]


def whole(file, content, folder):
    assert hashlib.sha256(file.read_bytes()).digest() == hashlib.sha256(content).digest()
    assert [entry.name for entry in folder.iterdir()] == [file.name]


def breaking(content, chance, *, ranges, breaks, ending=closes):
    """Breaks so many answers off somewhere. With `ranges` a Hub that goes on where it is asked to."""
    left = [breaks]

    def behaviour(connection, request):
        found = re.fullmatch(r"bytes=(\d+)-", request.headers.get("range", ""))
        begin = int(found[1]) if found and ranges else 0
        rest = content[begin:]
        more = {"Content_Range": f"bytes {begin}-{len(content) - 1}/{len(content)}"}
        status, headers = (206, more) if begin else (200, {})
        if left[0] > 0:
            left[0] -= 1
            part = rest[: chance.randint(0, len(rest) - 1)]
            answers(status, part, length=len(rest), **headers)(connection, request)
            return ending(connection, request)
        return answers(status, rest, **headers)(connection, request)

    return behaviour


@CLIENTS
@pytest.mark.parametrize("ranges", [True, False], ids=["resumes", "begins anew"])
@pytest.mark.parametrize("seed", range(20))
def test_broken_off_anywhere(kind, ranges, seed, folder):
    chance = random.Random(seed)
    content = content_of(seed, chance.choice([10, 1_000, 300_000, 3_000_000]))
    stream = breaking(
        content,
        chance,
        ranges=ranges,
        breaks=chance.randint(1, 3),
        ending=chance.choice([closes, resets]),
    )
    with hub(stream) as server:
        file = save(kind, server, folder / "result.json")
        asked = streams(server)
    whole(file, content, folder)
    assert len(asked) >= 2
    for request in asked:
        if "range" in request.headers:
            assert request.headers["accept-encoding"] == "identity"


@CLIENTS
def test_what_arrived_is_not_asked_for_again(kind, folder):
    content = content_of(1, 400_000)
    cut = 200_000
    first = answers(200, content[:cut], length=len(content))
    rest = answers(
        206, content[cut:], Content_Range=f"bytes {cut}-{len(content) - 1}/{len(content)}"
    )
    with hub(in_turn(first, rest)) as server:
        file = save(kind, server, folder / "result.json")
        assert [request.headers.get("range") for request in streams(server)] == [
            None,
            f"bytes={cut}-",
        ]
    whole(file, content, folder)


@CLIENTS
def test_a_hub_that_gives_a_part_at_a_time(kind, folder):
    content = content_of(2, 1000)
    steps = [0, 300, 301, 900, len(content)]
    parts = [
        answers(206, content[a:b], Content_Range=f"bytes {a}-{b - 1}/{len(content)}")
        for a, b in pairwise(steps[1:])
    ]
    with hub(in_turn(answers(200, content[:300], length=len(content)), *parts)) as server:
        file = save(kind, server, folder / "result.json")
    whole(file, content, folder)


ODD_PARTS = {
    "another place": answers(206, b"x" * 10, Content_Range="bytes 0-9/1002"),
    "no place": answers(206, b"x" * 10),
    "nonsense": answers(206, b"x" * 10, Content_Range="items 300-309/1002"),
    "not satisfiable": answers(416),
}


@CLIENTS
@pytest.mark.parametrize("odd", ODD_PARTS.values(), ids=ODD_PARTS)
def test_a_part_that_was_not_asked_for_is_not_written(kind, odd, folder):
    content = content_of(3, 1000)
    cut = answers(200, content[:300], length=len(content))
    with hub(in_turn(cut, odd, answers(200, content))) as server:
        file = save(kind, server, folder / "result.json")
        assert "range" not in streams(server)[2].headers
    whole(file, content, folder)


@CLIENTS
def test_packed_content_is_resumed_by_its_plain_offset(kind, folder):
    content = content_of(4, 400_000)
    packed = gzip.compress(content)

    def rest(connection, request):
        begin = int(re.fullmatch(r"bytes=(\d+)-", request.headers["range"])[1])
        assert request.headers["accept-encoding"] == "identity"
        place = f"bytes {begin}-{len(content) - 1}/{len(content)}"
        return answers(206, content[begin:], Content_Range=place)(connection, request)

    first = answers(200, packed[: len(packed) // 2], length=len(packed), Content_Encoding="gzip")
    with hub(in_turn(first, rest)) as server:
        file = save(kind, server, folder / "result.json")
        assert len(streams(server)) == 2
    whole(file, content, folder)


ENDLESS = {
    "always broken off": answers(200, b"abc", length=9),
    "always another part": in_turn(
        *[answers(200, b"abc", length=9), answers(206, b"x", Content_Range="bytes 0-0/9")] * 20
    ),
    "never one": closes,
    "refused": answers(403, {"detail": "no"}),
}


@CLIENTS
@pytest.mark.parametrize("stream", ENDLESS.values(), ids=ENDLESS)
def test_a_file_that_never_becomes_whole_is_not_there(kind, stream, folder):
    (folder / "result.json").write_text("an older one")
    with hub(stream) as server, pytest.raises(HubError) as caught:
        save(kind, server, folder / "result.json")
    assert caught.value.operation == "getJobResultStream"
    assert len(streams(server)) < 20
    assert (folder / "result.json").read_text() == "an older one"
    assert len(list(folder.iterdir())) == 1


@CLIENTS
def test_not_there_yet_is_not_not_found(kind, folder):
    content = content_of(5, 100)
    with hub(in_turn(answers(404), answers(200, content))) as server:
        whole(save(kind, server, folder / "result.json"), content, folder)
    with hub(answers(404)) as server, pytest.raises(ResultNotReadyError):
        save(kind, server, folder / "other.json")
    assert not (folder / "other.json").exists()
