"""Payloads that Quandela's platforms refuse: hostile ones, wrong ones, and what this machine cannot hold."""

from __future__ import annotations

import base64
import math
import zlib
from typing import Any

import perceval as pcvl
import pytest
from exqalibur.serialization import circuit_pb2

from tests.quick.local_hub.hub_process import HubProcess
from tests.quick.local_hub.quandela_payloads import ALTAIR, BELENOS, newer, older, results


def message(kind: str, content: Any) -> str:
    """A protobuf message as Perceval serializes it."""
    return f":PCVL:{kind}:" + base64.b64encode(content.SerializeToString()).decode()


def zipped(text: bytes) -> str:
    return ":PCVL:zip:" + base64.b64encode(zlib.compress(text, 9)).decode()


def with_phase(**fields: Any) -> str:
    """A circuit with one phase shifter whose parameter is as given."""
    circuit = circuit_pb2.Circuit(n_mode=2)
    parameter = circuit.components.add(n_mode=1).phase_shifter.phi
    for inner in fields.pop("of", ()):
        parameter.expr_parameters.add(symbol=inner, name=inner)
    for name, value in fields.items():
        setattr(parameter, name, value)
    return message("ACircuit", circuit)


def deep(levels: int) -> str:
    circuit = circuit_pb2.Circuit(n_mode=2)
    for _ in range(levels):
        outer = circuit_pb2.Circuit(n_mode=2)
        outer.components.add(n_mode=2).circuit.CopyFrom(circuit)
        circuit = outer
    return message("ACircuit", circuit)


def lossy() -> str:
    circuit = circuit_pb2.Circuit(n_mode=2)
    circuit.components.add(n_mode=1).loss_channel.loss.real_value = 0.1
    return message("ACircuit", circuit)


def with_many(components: int) -> str:
    """A circuit of many phase shifters."""
    circuit = circuit_pb2.Circuit(n_mode=2)
    for _ in range(components):
        circuit.components.add(n_mode=1).phase_shifter.phi.real_value = 0.1
    return message("ACircuit", circuit)


BOMB = zipped(b":PCVL:ACircuit:" + b"A" * 100_000_000)
CALL = "__import__('os').system('true')"
STATE = ":PCVL:BasicState:"
SELECT = ":PCVL:PostSelect:"
NOISE = ":PCVL:NoiseModel:"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"circuit": BOMB}, "`circuit` unpacks to more than"),
        ({"input_state": BOMB}, "`input_state` unpacks to more than"),
        ({"circuit": ":PCVL:zip:AAAA"}, "`circuit`: what follows :PCVL:zip:"),
        ({"circuit": ":PCVL:ACircuit:*"}, "`circuit` is not base64"),
        ({"circuit": ":PCVL:ACircuit://///w=="}, "`circuit` does not hold"),
        ({"circuit": ":PCVL:Matrix:AAAA"}, "`circuit` is a Matrix"),
        ({"circuit": "|1,1>"}, "`circuit` is not an object serialized"),
        (
            {"circuit": message("ACircuit", circuit_pb2.Circuit(n_mode=2**31 - 1))},
            "takes 1 to 20",
        ),
        ({"circuit": deep(20)}, "nested more than 16 deep"),
        ({"circuit": deep(90)}, "`circuit` does not hold"),
        ({"circuit": lossy()}, "component 0` is a loss channel"),
        ({"circuit": with_phase(expression="x", name=CALL, of=["a"])}, "is not arithmetic"),
        ({"circuit": with_phase(expression="x", name="9**9**9*a", of=["a"])}, "powers are at most"),
        ({"circuit": with_phase(expression=CALL)}, "neither a value nor"),
        ({"circuit": with_phase(symbol="x:99999999", name="x")}, "is not the name of a parameter"),
        ({"circuit": with_phase(real_value=math.nan)}, "not a finite number"),
        ({"circuit": with_phase(symbol="x", name="x")}, "parameter x has no value"),
        ({"input_state": f"{STATE}|1,1,1>"}, "Input length not compatible"),
        ({"input_state": f"{STATE}|99999999999,1>"}, "not a plain Fock state"),
        ({"input_state": f"{STATE}|{{P:H}},1>"}, "not a plain Fock state"),
        ({"input_state": f"{STATE}|9,2>"}, "has 11 photons"),
        ({"input_state": ":PCVL:StateVector:(1,0)*|1,0>"}, "is a StateVector"),
        ({"postselect": SELECT + "(" * 900 + "[0]==1" + ")" * 900}, "nested too deeply"),
        ({"postselect": SELECT + "NOT " * 400 + "[0]==1"}, "nested too deeply"),
        ({"postselect": f"{SELECT}[0]==1 & {CALL}"}, "not a post-selection"),
        ({"postselect": f"{SELECT}[0,7]==1"}, "names mode 7"),
        ({"noise": f'{NOISE}{{"g2": 2}}'}, "`noise` is not a noise model"),
        ({"noise": NOISE + "[" * 1_900}, "`noise` is not a noise model"),
        ({"heralds": {"7": 1}}, "`heralds` names mode 7"),
        ({"command": "run"}, "`command` 'run'"),
        ({"parameters": {"speed": 1}}, "`parameters.speed`"),
        ({"max_shots": 10**12}, "`max_shots` is 1000000000000"),
        ({"command": "samples", "max_shots": 10**8}, "above this machine's local limit"),
        ({"job_context": {"result_mapping": ["os", "system"]}}, "`job_context`"),
        ({"iterator": [{"circuit_params": {"a": 1}}]}, "`iterator.0.circuit_params.a`"),
        ({"iterator": [{"max_shots": 9}] * 1_001}, "above this machine's local limit of 1000"),
        (
            {"circuit": with_many(100), "iterator": [{"max_shots": 9}] * 900},
            "above this machine's local limit of 50000",
        ),
        ({"circuit": with_many(5_001)}, "more than 5000 components"),
        ({"iterator": [{"speed": 1}]}, "`input.iterator.0.speed`"),
        ({"experiment": ":PCVL:Experiment:"}, "needs either `experiment`"),
        ({"computation": "pcvlar 0 1 0"}, "`computation`"),
        ({"speed": 1}, "`input.speed` is not known"),
    ],
)
def test_refusals(hub: HubProcess, change: dict[str, Any], words: str) -> None:
    results(
        hub, ALTAIR, older(pcvl.BS(), [1, 1])
    )  # the worker has the engine: it answers within the POST
    answer = hub.post(ALTAIR, "", 100, input={**older(pcvl.BS(), [1, 1]), **change})
    assert answer.status_code == 422, answer.text
    assert words in answer.json()["detail"]


def test_what_belenos_alone_refuses(hub: HubProcess) -> None:
    results(hub, BELENOS, older(pcvl.BS(), [1, 1]))
    counting = pcvl.Experiment(pcvl.BS())
    counting.add(0, pcvl.Detector.pnr())
    counting.with_input(pcvl.BasicState([1, 1]))
    for payload, words in (
        (older(pcvl.BS(), [1, 1], "probs"), "`command` 'probs'"),
        (older(pcvl.BS(), [2, 0]), "several photons in a mode"),
        (newer(counting), "is not a threshold detector"),
        (older(pcvl.Circuit(25), [1] + [0] * 24), "25 modes; qpu:belenos takes 1 to 24"),
        (older(pcvl.Circuit(24), [1] * 13 + [0] * 11), "13 photons"),
        (older(pcvl.Circuit(24), [1, 0] * 12), "this machine's local limit"),
    ):
        answer = hub.post(BELENOS, "", 100, input=payload)
        assert answer.status_code == 422, answer.text
        assert words in answer.json()["detail"]
