"""Values written into OpenQASM text; that the Hub computes the right thing of it is shown in test_truth."""

import doctest

import numpy as np
import pytest

from qhub_braket.systems import openqasm
from qhub_braket.systems.openqasm import bind_inputs, require_openqasm3
from shared_transport import ValidationError


def test_the_examples_of_the_module() -> None:
    outcome = doctest.testmod(openqasm)
    assert outcome.attempted > 0
    assert outcome.failed == 0


@pytest.mark.parametrize(
    ("source", "inputs", "expected"),
    [
        ("input float a;\nrx(a) q;", {"a": 0.5}, "\nrx(0.5) q;"),
        ("input float[64] a;rx(2*a) q;", {"a": -0.5}, "rx(2*(-0.5)) q;"),
        ("input float a;rx(a) q;", {"a": 3}, "rx(3.0) q;"),
        ("input float a;rx(a) q;", {"a": np.float64(1e-5)}, "rx(1e-05) q;"),
        ("input int n;rx(n/2) q;", {"n": np.int64(3)}, "rx(3/2) q;"),
        ("input int n;rx(n/2) q;", {"n": 3.0}, "rx(3/2) q;"),
        ("input angle a;rx(a) q;// a\n/* a */", {"a": 1}, "rx(1.0) q;// a\n/* a */"),
        ("input float x;rx(x) q;x q;ctrl @ x q, r;", {"x": 1}, "rx(1.0) q;x q;ctrl @ x q, r;"),
        ("input float e;rx(2e3*e+1.5e-3) q;", {"e": 1}, "rx(2e3*1.0+1.5e-3) q;"),
        ("input float a;rx(ab+a_) q;", {"a": 1}, "rx(ab+a_) q;"),
        (
            "input float p;\n#pragma braket noise bit_flip(p) q[0]",
            {"p": 0.1},
            "\n#pragma braket noise bit_flip(0.1) q[0]",
        ),
        (
            "input float z;\n#pragma braket result expectation z(q[0])",
            {"z": 1},
            "\n#pragma braket result expectation z(q[0])",
        ),
        ("input float a;gate g(a) q {rx(a) q;}", {"a": 1}, "float a = 1.0;gate g(a) q {rx(a) q;}"),
        ("input float a;float b = a;", {"a": 1}, "float a = 1.0;float b = a;"),
        ("input float a;a = 2;rx(a) q;", {"a": 1}, "float a = 1.0;a = 2;rx(a) q;"),
        ("input bit[2] b;rx(b[0]) q;", {"b": "01"}, 'bit[2] b = "01";rx(b[0]) q;'),
        ("rx(a) q;", {"a": 1}, "rx(a) q;"),
    ],
)
def test_a_value_takes_the_place_of_its_name(source: str, inputs: dict, expected: str) -> None:
    assert bind_inputs(source, inputs) == expected


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("float", "0.5"),
        ("float", float("nan")),
        ("float", float("inf")),
        ("float", 1j),
        ("float", True),
        ("float", [0.1, 0.2]),
        ("float", None),
        ("int", 0.5),
        ("bool", 2),
        ("bit[2]", "02"),
        ("duration", 1.0),
    ],
)
def test_a_value_that_the_type_does_not_take_is_refused(kind: str, value: object) -> None:
    with pytest.raises(ValidationError, match=r"Input 'a' is declared as"):
        bind_inputs(f"input {kind} a;rx(a) q;", {"a": value})


def test_missing_values_are_all_named() -> None:
    with pytest.raises(ValidationError, match="'a', 'c'") as caught:
        bind_inputs("input float a;input float b;input float c;", {"b": 1})
    assert "inputs={'a': ..., 'c': ...}" in str(caught.value)


@pytest.mark.parametrize(
    "text", ["OPENQASM 3;", "OPENQASM 3.0;\n", "\n // x\n/* y */ OPENQASM 3.1 ;qubit q;"]
)
def test_headers_of_openqasm_3(text: str) -> None:
    require_openqasm3(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("OPENQASM 2.0;\nqreg q[1];", "OpenQASM 2"),
        ("bell.qasm", "not the name of a file"),
        ("qubit q; h q;", "Put 'OPENQASM 3;'"),
        ("", "not OpenQASM 3"),
        ("OPENQASM 3", "not OpenQASM 3"),
        ("// OPENQASM 3;\nh q;", "not OpenQASM 3"),
    ],
)
def test_other_texts_are_refused(text: str, says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        require_openqasm3(text)
