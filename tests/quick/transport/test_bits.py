"""Against a reference that writes one bit after the other."""

import doctest
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared_transport import bits
from shared_transport.bits import ClassicalLayout, ClassicalMemory

WIDTHS = [0, 1, 7, 8, 9, 63, 64, 65, 130]


def reference(shots, columns, writes):
    """Aer's rule, from the definition: a bit that is never written is 0, the last write wins."""
    keys = []
    for shot in shots:
        memory = {}
        for qubit, clbit in writes:
            memory[clbit] = shot[columns.index(qubit)]
        keys.append(hex(sum(1 << clbit for clbit, outcome in memory.items() if outcome)))
    return keys


def layout_of(width, writes):
    sources = [None] * width
    for qubit, clbit in writes:
        sources[clbit] = qubit
    return ClassicalLayout((("c", width),) if width else (), tuple(sources))


def array(shots, columns):
    return np.array(shots, dtype=np.uint8).reshape(len(shots), len(columns))


def text_counts(shots):
    return dict(Counter("".join(map(str, shot)) for shot in shots))


@st.composite
def experiments(draw):
    """Measured columns in any order, writes of some of them to some bits, and shots."""
    labels = st.integers(0, 200) | st.sampled_from(["QB1", "QB2", "m_0"])
    columns = draw(st.lists(labels, min_size=1, max_size=6, unique=True))
    width = draw(st.sampled_from(WIDTHS) | st.integers(0, 20))
    pairs = st.tuples(st.sampled_from(columns), st.integers(0, max(width - 1, 0)))
    writes = draw(st.lists(pairs, max_size=8 if width else 0))
    shot = st.lists(st.integers(0, 1), min_size=len(columns), max_size=len(columns))
    shots = draw(st.lists(shot, max_size=12))
    return columns, width, writes, shots


def test_the_examples_of_the_docstrings():
    result = doctest.testmod(bits)
    assert result.attempted >= 4
    assert result.failed == 0


@settings(derandomize=True, deadline=None, max_examples=150)
@given(experiments(), st.integers(0, 2**32))
def test_any_layout_and_any_shots(experiment, seed):
    columns, width, writes, shots = experiment
    expected = reference(shots, columns, writes)
    layout = layout_of(width, writes)
    memory = ClassicalMemory.from_shots(array(shots, columns), columns, layout)
    assert memory.ordered
    assert (memory.shots, memory.num_clbits) == (len(shots), width)
    assert memory.hex_memory() == memory.hex_memory(seed) == expected
    assert memory.hex_counts() == Counter(expected)

    counted = ClassicalMemory.from_counts(text_counts(shots), columns, layout)
    assert not counted.ordered
    assert counted.shots == len(shots)
    assert counted.hex_counts() == memory.hex_counts()
    shuffled = counted.hex_memory(seed)
    assert shuffled == counted.hex_memory(seed)
    assert Counter(shuffled) == Counter(expected)


@pytest.mark.parametrize("width", WIDTHS)
def test_every_width(width):
    """One column a bit, crossed; each word has another single bit set, the last has all."""
    columns = list(range(width))
    layout = ClassicalLayout((("c", width),), tuple(reversed(columns)))
    shots = [[int(i == j) for j in columns] for i in columns] + [[1] * width, [0] * width]
    memory = ClassicalMemory.from_shots(array(shots, columns), columns, layout)
    expected = [hex(1 << (width - 1 - i)) for i in columns] + [hex((1 << width) - 1), "0x0"]
    assert memory.hex_memory() == expected
    assert memory.words.shape == (len(shots), (width + 7) // 8)
    assert memory.hex_counts() == Counter(expected)
    counted = ClassicalMemory.from_counts(text_counts(shots), columns, layout)
    assert counted.hex_counts() == memory.hex_counts()


@pytest.mark.parametrize("width", WIDTHS)
def test_no_shots(width):
    layout = layout_of(width, [(0, clbit) for clbit in range(width)])
    for memory in (
        ClassicalMemory.from_shots(np.zeros((0, 1), np.uint8), [0], layout),
        ClassicalMemory.from_counts({}, [0], layout),
    ):
        assert (memory.shots, memory.hex_counts(), memory.hex_memory()) == (0, {}, [])


@pytest.mark.parametrize("width", WIDTHS)
def test_a_circuit_of_which_nothing_is_measured(width):
    """Not one column: each shot is a word of zeros."""
    layout = layout_of(width, [])
    from_shots = ClassicalMemory.from_shots(np.zeros((3, 0), np.uint8), [], layout)
    assert from_shots.hex_memory() == ["0x0"] * 3
    assert from_shots.hex_counts() == {"0x0": 3}
    assert ClassicalMemory.from_counts({"": 3}, [], layout).hex_counts() == {"0x0": 3}


def test_outcomes_that_fold_into_one_word_are_added():
    layout = ClassicalLayout((("c", 2),), (None, 1))
    memory = ClassicalMemory.from_counts(
        {"000": 1, "100": 2, "010": 4, "011": 8}, [0, 1, 2], layout
    )
    assert memory.hex_counts() == {"0x0": 3, "0x2": 12}


def test_one_column_may_be_read_by_many_bits():
    layout = ClassicalLayout((("c", 3),), ("q", None, "q"))
    assert ClassicalMemory.from_counts({"1": 5}, ["q"], layout).hex_counts() == {"0x5": 5}
    assert layout.measured == ("q",)


def test_weights_of_zero_are_no_counts():
    layout = ClassicalLayout((("c", 1),), (0,))
    memory = ClassicalMemory.from_counts({"0": 0, "1": 3}, [0], layout)
    assert memory.hex_counts() == {"0x1": 3}
    assert memory.hex_memory() == ["0x1"] * 3
    none = ClassicalMemory.from_counts({"0": 0}, [0], layout)
    assert (none.shots, none.hex_counts(), none.hex_memory()) == (0, {}, [])


def test_many_shots_of_one_outcome():
    layout = ClassicalLayout((("c", 1),), (0,))
    memory = ClassicalMemory.from_counts({"0": 2**40, "1": 2**41}, [0], layout)
    assert memory.shots == 3 * 2**40
    assert memory.hex_counts() == {"0x0": 2**40, "0x1": 2**41}


def test_shuffled_memory_depends_on_its_seed_alone():
    layout = ClassicalLayout((("c", 1),), (0,))
    counts = {"0": 50, "1": 50}
    memories = [
        ClassicalMemory.from_counts(counts, [0], layout).hex_memory(seed) for seed in (1, 1, 2)
    ]
    assert memories[0] == memories[1] != memories[2]
    assert memories[0] != sorted(memories[0])


def test_the_header_says_how_keys_split():
    layout = ClassicalLayout((("low", 2), ("high", 1)), (4, None, 5))
    assert layout.header() == {"creg_sizes": [["low", 2], ["high", 1]], "memory_slots": 3}
    assert layout.num_clbits == 3


def test_booleans_are_outcomes_too():
    layout = ClassicalLayout((("c", 1),), (0,))
    assert ClassicalMemory.from_shots(np.array([[True], [False]]), [0], layout).hex_memory() == [
        "0x1",
        "0x0",
    ]


# --- what would be silently wrong  ---

ONE = ClassicalLayout((("c", 1),), (0,))


@pytest.mark.parametrize("key", ["", "00", "2", "x", " ", "0x1", "\u0661"])
def test_a_key_that_is_not_one_bit_a_column(key):
    with pytest.raises(ValueError, match="is not 1 bits"):
        ClassicalMemory.from_counts({key: 1}, [0], ONE)


def test_a_column_that_is_not_there():
    for build in (
        lambda: ClassicalMemory.from_counts({"0": 1}, [5], ONE),
        lambda: ClassicalMemory.from_shots(np.zeros((1, 1), np.uint8), [5], ONE),
    ):
        with pytest.raises(ValueError, match=r"no outcome for \[0\], only for \[5\]"):
            build()


@pytest.mark.parametrize("columns", [1, 3])
def test_shots_of_another_width_than_their_columns(columns):
    """Too few ends in an IndexError, too many are read at the wrong place without a word."""
    with pytest.raises(ValueError, match="columns"):
        ClassicalMemory.from_shots(np.zeros((2, columns), np.uint8), [0, 1], ONE)


@pytest.mark.parametrize("outcome", [2, 255, 256, -1])
def test_outcomes_that_are_no_bits(outcome):
    """256 becomes 0 in eight bits; Braket's lost atoms and leakage flags are no outcome 1."""
    with pytest.raises(ValueError, match=r"0 (and|or) 1"):
        ClassicalMemory.from_shots(np.array([[outcome]]), [0], ONE)


@pytest.mark.parametrize("count", [-1, 0.7, 1.5])
def test_counts_that_count_nothing(count):
    """Probabilities given as counts would all become 0."""
    with pytest.raises(ValueError, match="count"):
        ClassicalMemory.from_counts({"0": count, "1": 3}, [0], ONE)


def test_a_label_that_names_two_columns():
    with pytest.raises(ValueError, match="column"):
        ClassicalMemory.from_counts({"01": 1}, [0, 0], ONE)
