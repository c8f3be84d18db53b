"""Photons read as Perceval writes them, of whichever client; and when Perceval is imported."""

from __future__ import annotations

import subprocess
import sys

import pytest
from perceval import BSCount, BSDistribution, BSSamples, Circuit, Experiment, FockState, NoiseModel
from perceval.serialization import serialize

from qhub_qiskit import HubBackend, HubProvider
from qhub_qiskit.systems.quandela_photons import read_photons
from shared_transport.models import InputFormat
from shared_transport.requests import JobRequest


@pytest.mark.parametrize("command", ["sample_count", "samples"])
def test_job_of_another_client(provider: HubProvider, altair: HubBackend, command: str) -> None:
    experiment = Experiment(Circuit(3))
    experiment.with_input(FockState([1, 0, 2]))
    request = JobRequest(
        backend_id="quandela.sim.altair",
        shots=50,
        input={"command": command, "experiment": serialize(experiment)},
        input_format=InputFormat.PERCEVAL,
    )
    job = provider.job(altair.client.jobs.create(request).id)
    one = job.result().results[0]
    assert one.data.photon_counts == {"|1,0,2>": 50}
    assert not hasattr(one.data, "counts")


def test_states_that_are_no_qubits_are_dropped() -> None:
    counts = BSCount()
    for state, number in (
        ([1, 0, 0, 1], 5),
        ([1, 1, 0, 0], 2),
        ([1, 0, 0, 0], 3),
        ([0, 2, 1, 0], 1),
    ):
        counts[FockState(state)] = number
    photons = read_photons(serialize(counts))
    kept = photons.as_qubits(2)
    assert photons.total == 11
    assert kept.states.tolist() == [[0, 1]]
    assert kept.total == 5


def test_forms_of_photons() -> None:
    samples = BSSamples()
    samples.extend([FockState([1, 0]), FockState([0, 1]), FockState([0, 1])])
    read = read_photons(serialize(samples))
    assert read.weights is None
    assert read.as_qubits(1).states.tolist() == [[0], [1], [1]]
    exact = BSDistribution()
    exact[FockState([1, 0])] = 0.25
    exact[FockState([0, 1])] = 0.75
    assert read_photons(serialize(exact, compress=False)).by_state() == {
        "|1,0>": 0.25,
        "|0,1>": 0.75,
    }
    assert read_photons(":PCVL:BSCount:{}").total == 0


@pytest.mark.parametrize(
    "text",
    [
        serialize(NoiseModel(g2=0.1)),
        serialize(Circuit(2)),
        "|1,0>",
        ":PCVL:BSCount:|1,0>=3",
        ":PCVL:zip:eJyzCnAO87FyCnbOL80rsaqu",
        ":PCVL:zip:no base64",
    ],
)
def test_other_objects_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_photons(text)


def test_perceval_is_imported_at_first_use_alone() -> None:
    program = (
        "import sys, qhub_qiskit.systems.quandela\n"
        "assert not {'perceval', 'perceval_interop'} & set(sys.modules)\n"
        "from qhub_qiskit.systems.quandela_optics import _perceval_interop\n"
        "_perceval_interop()\n"
        "assert 'perceval_interop.myqlm' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
