import base64
import json
import random
import tracemalloc
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared_transport.tags import TOKEN_PREFIX, pack, token_tag, unpack, users_tags

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
DOCUMENTS = st.dictionaries(st.text(), JSON, max_size=4)
NEARLY = st.from_regex(r"qhub:[0-9]{1,2}/[0-9]:[A-Za-z0-9_=-]*", fullmatch=True)
LONG = {"noise": random.Random(7).randbytes(700).hex()}


def raw(data, piece="qhub:1/1:"):
    return piece + base64.urlsafe_b64encode(zlib.compress(data, 9)).decode().rstrip("=")


@settings(derandomize=True, deadline=None, max_examples=60)
@given(DOCUMENTS, st.randoms(use_true_random=False), st.lists(st.text(max_size=20), max_size=3))
def test_a_document_comes_back(document, chance, others):
    tags = pack(document)
    assert tags is not None
    assert all(len(tag) <= 200 for tag in tags)
    assert len(set(tags)) == len(tags)
    others = [*users_tags(others), token_tag("abc")]
    mixed = [*tags, *others]
    chance.shuffle(mixed)
    assert unpack(mixed) == document
    assert sorted(users_tags(mixed)) == sorted(users_tags(others))


def test_an_empty_document_needs_no_tags():
    assert pack({}) == ()
    assert unpack([]) == unpack(["mine", token_tag("x")]) == {}


def test_a_long_document_is_numbered_pieces_in_any_order():
    tags = pack(LONG)
    assert len(tags) > 3
    assert all(tag.startswith(f"qhub:{i}/{len(tags)}:") for i, tag in enumerate(tags, 1))
    assert unpack(reversed(tags)) == unpack(set(tags)) == LONG


def test_the_form_is_the_one_of_the_design():
    """``qhub:<i>/<n>:<base64url(zlib(json))>``, so that anyone can read it."""
    (tag,) = pack({"a": 1})
    text = tag.removeprefix("qhub:1/1:")
    packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    assert json.loads(zlib.decompress(packed)) == {"a": 1}


def test_beyond_four_kilobytes_there_is_none():
    chance = random.Random(1)
    sizes = []
    for length in range(2400, 3600, 20):
        tags = pack(
            {"x": chance.randbytes(length // 2).hex() + chance.randbytes(length).hex()[:length]}
        )
        sizes.append(tags and sum(map(len, tags)))
    fitting = [size for size in sizes if size is not None]
    assert fitting
    assert None in sizes
    assert 3900 < max(fitting) <= 4096


@pytest.mark.parametrize("document", [{"x": float("nan")}, {"x": object()}])
def test_what_json_has_not_is_refused(document):
    with pytest.raises((ValueError, TypeError)):
        pack(document)


# --- damage  ---


@pytest.mark.parametrize("lost", range(4))
def test_without_one_piece_there_is_nothing(lost):
    tags = list(pack(LONG))
    del tags[lost]
    assert unpack(tags) == {}


def test_a_piece_too_many_is_nothing():
    tags = pack(LONG)
    assert unpack([*tags, f"qhub:{len(tags) + 1}/{len(tags)}:AAAA"]) == {}
    assert unpack([*tags, "qhub:1/1:AAAA"]) == {}
    assert unpack([*tags, f"qhub:0/{len(tags)}:AAAA"]) == {}


def test_two_different_pieces_of_one_number_are_nothing_in_any_order():
    tags = pack(LONG)
    second = f"qhub:1/{len(tags)}:AAAA"
    assert unpack([*tags, second]) == {}
    assert unpack([second, *tags]) == {}


@pytest.mark.parametrize("place", [10, 40, 90, 150])
def test_a_changed_letter_is_noticed(place):
    tags = list(pack(LONG))
    letter = "A" if tags[1][place] != "A" else "B"
    tags[1] = tags[1][:place] + letter + tags[1][place + 1 :]
    assert unpack(tags) == {}


@pytest.mark.parametrize("cut", range(1, 8))
def test_a_shortened_piece_is_noticed(cut):
    """Without its check sum nobody knows whether the rest is right."""
    (tag,) = pack({"a": [1, 2, 3]})
    assert unpack([tag[:-cut]]) == {}


@pytest.mark.parametrize(
    "tag",
    [
        "qhub:1/1:",
        "qhub:1/1:=",
        "qhub:1/1:A",
        "qhub:1/1:====",
        "qhub:1/1:not base64!",
        "qhub:1/1:" + base64.urlsafe_b64encode(b"no zlib").decode(),
        raw(b"no json"),
        raw(b"\xff\xff"),
        raw(b"[1]"),
        raw(b"null"),
        raw(b"1" * 5000),
        "qhub:0/0:",
        "qhub:1/0:",
        "qhub:-1/1:",
        "qhub:1/1",
        "qhub:/:",
    ],
)
def test_what_is_no_document_is_nothing(tag):
    assert unpack([tag]) == {}


@settings(derandomize=True, deadline=None, max_examples=60)
@given(st.lists(st.text(max_size=30) | NEARLY))
def test_no_tags_make_it_fail(tags):
    assert isinstance(unpack(tags), dict)


@pytest.mark.parametrize("count", ["9" * 20, "9" * 5000])
def test_a_boasting_number_is_nothing(count):
    assert unpack([f"qhub:1/{count}:AAAA"]) == {}
    assert unpack([f"qhub:{count}/1:AAAA"]) == {}


def test_a_boasting_number_costs_no_memory():
    tracemalloc.start()
    try:
        assert unpack(["qhub:1/300000:AAAA"]) == {}
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_a_zip_bomb_is_bounded():
    bomb = raw(b'{"a": "' + b"x" * 20_000_000 + b'"}')
    tracemalloc.start()
    try:
        assert unpack([bomb]) == {}
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()


def test_a_tower_of_brackets_is_nothing():
    assert unpack([raw(b"[" * 500_000)]) == {}


# --- whose tags they are  ---


def test_users_tags_are_those_that_are_not_ours():
    mine = ["demo", "qhub", "qhub:", "qhub:1", "qhub:a/b:c", "QHUB-TOKEN:x", "", "demo"]
    assert users_tags([*mine, *pack(LONG), token_tag("abc")]) == mine


def test_the_token_tag():
    assert token_tag("abc") == TOKEN_PREFIX + "abc"
    assert len(token_tag("0" * 32)) <= 200
