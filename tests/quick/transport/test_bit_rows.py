"""Arrays of bits are read from text as the standard parser reads them, and nothing else is taken for bits."""

from __future__ import annotations

import json

import numpy as np
import pytest

from shared_transport.bit_rows import read_bit_rows


def read(text: str, key: str = "m"):
    document, pieces = read_bit_rows(text.encode(), key)
    pieces = list(pieces)
    return document, np.concatenate(pieces).tolist()


@pytest.mark.parametrize(
    "text",
    [
        '{"m":[[0,1],[1,1]],"a":1}',
        '{"a": {"b": [[5]]}, "m": [[0, 1], [1, 1], [0, 0]]}',
        '{"m":[[1]]}',
        '{"m":[[],[]]}',
        '{"m":[]}',
        '{"m":[ [0 , 1],\n [1 , 0]\n]}',
        '{"m":[[0,1],[1 ,0],[1,1]]}',
        '{"said":"{\\"m\\":[[1,1]]}","m":[[0,0]]}',
        '{"inner":{"m":[[1,1]]},"m":[[0,0]]}',
    ],
)
def test_rows_are_those_of_the_standard_parser(text):
    document, rows = read(text)
    expected = json.loads(text)
    assert rows == expected.pop("m")
    assert document.pop("m") is None
    assert document == expected


@pytest.mark.parametrize(
    "text",
    [
        '{"m":[[0,2]]}',
        '{"m":[[0,1],[1,5]]}',
        '{"m":[[10,1],[1,1]]}',
        '{"m":[[0,1],[1]]}',
        '{"m":[[0,1],7]}',
        '{"m":[[true,false]]}',
        '{"m":[[0.0,1]]}',
        '{"m":5}',
        "[]",
        '{"m":[[0,1],[1,1]]',
    ],
)
def test_what_is_no_array_of_bits_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        read(text)


def test_a_member_that_is_not_there():
    with pytest.raises(KeyError):
        read('{"n":[[0,1]]}')


@pytest.mark.parametrize("rows", [1, 65_535, 65_536, 65_537, 131_072])
def test_pieces_hold_every_row(rows):
    bits = np.random.default_rng(rows).integers(0, 2, (rows, 3))
    _, read_back = read(json.dumps({"m": bits.tolist(), "n": 3}))
    assert read_back == bits.tolist()
