"""The targets of IBM's backends are those of IBM's own package."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
from qiskit_ibm_runtime.utils.backend_converter import convert_to_target
from qiskit_ibm_runtime.utils.backend_decoder import (
    configuration_from_server_data,
    properties_from_server_data,
)

from qhub_qiskit.systems.base import Device
from qhub_qiskit.systems.ibm import Ibm
from tests.quick.qiskit.ibm_circuits import EVERY


def ibms_own(device: Device):
    document = copy.deepcopy(dict(device.config))
    return convert_to_target(
        configuration_from_server_data(document["config"]),
        properties_from_server_data(document["properties"]),
    )


def device_of(backend) -> Device:
    return Device(backend.hub_backend, backend.client.backends.config(backend.name))


def assert_same(ours, theirs, extra=frozenset()):
    assert set(ours.operation_names) == set(theirs.operation_names) - extra
    assert ours.num_qubits == theirs.num_qubits
    assert ours.dt == pytest.approx(theirs.dt)
    for name in ("granularity", "min_length", "pulse_alignment", "acquire_alignment"):
        assert getattr(ours, name) == getattr(theirs, name)
    for name in ours.operation_names:
        assert set(ours[name] or [None]) == set(theirs[name] or [None]), name
        for place, figures in (ours[name] or {}).items():
            reference = theirs[name][place]
            if reference is None:
                assert figures is None
                continue
            assert figures.error == pytest.approx(reference.error)
            assert figures.duration == pytest.approx(reference.duration)
    for one, other in zip(ours.qubit_properties, theirs.qubit_properties, strict=True):
        assert (one.t1, one.t2) == pytest.approx((other.t1, other.t2))
        assert one.frequency == other.frequency


@pytest.mark.parametrize("name", EVERY)
def test_the_target_is_that_of_ibms_own_package(ideal, name):
    device = device_of(ideal.get_backend(f"ibm.qpu.{name}"))
    # Instructions that Qiskit has not, and no QPY reader takes from a stranger.
    assert_same(Ibm().target(device), ibms_own(device), {"measure_2", "reset_2"})


def test_what_is_out_of_order_is_left_out(fez):
    device = device_of(fez)
    document = copy.deepcopy(dict(device.config))
    off = {"date": "2025-02-24T04:40:29-05:00", "name": "operational", "unit": "", "value": 0}
    document["properties"]["qubits"][5].append(dict(off))
    broken = next(g for g in document["properties"]["gates"] if g["name"] == "cz72_73")
    broken["parameters"].append(dict(off))
    device = replace(device, config=document)
    target = Ibm().target(device)
    assert_same(target, ibms_own(device))
    assert (72, 73) not in target["cz"]
    assert (73, 72) in target["cz"]
    assert (5,) not in target["measure"]
    assert (4, 5) not in target["cz"]
    assert Ibm().faulty_qubits(device) == {"5"}
