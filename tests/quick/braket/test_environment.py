"""No AWS account is needed: no session is built, no AWS variable is read, and nothing of ``braket.aws`` is loaded."""

import os
import subprocess
import sys

from qhub_braket import HubProvider

GUARDED = """
import os, sys

read = []

class Guarded(type(os.environ)):
    # Whoever goes through all variables, for a child process or a proxy, looks for none of these.
    def __iter__(self):
        return iter([name for name in super().__iter__() if not name.startswith(("AWS", "AMZN"))])

    def __getitem__(self, name):
        read.append(name)
        return super().__getitem__(name)

    def __contains__(self, name):
        read.append(name)
        return super().__contains__(name)

    def get(self, name, default=None):
        read.append(name)
        return super().get(name, default)

os.environ.__class__ = Guarded

import boto3, botocore.session

def refuse(*args, **kwargs):
    raise AssertionError("an AWS session was built")

boto3.Session.__init__ = boto3.setup_default_session = boto3.client = boto3.resource = refuse
botocore.session.Session.__init__ = botocore.session.get_session = refuse

from qhub_braket import HubProvider
from shared_transport import HubClient, Settings

provider = HubProvider(client=HubClient(Settings.of_runtime_file(os.environ["RUNTIME_FILE"])))
"""

USED = (
    GUARDED
    + """
from braket.ahs import AnalogHamiltonianSimulation, AtomArrangement, DrivingField
from braket.circuits import Circuit
from braket.program_sets import ProgramSet
from braket.timings.time_series import TimeSeries
from braket.tracking import Tracker

with Tracker() as tracker:
    for id in ("aws.sim.sv1", "aws.sim.dm1", "aws.rigetti.cepheus", "aws.ionq.forte"):
        device = provider.get_device(id)
        assert device.is_available and device.topology_graph is not False
        assert device.frames == device.ports == {} and device.gate_calibrations is None
        counts = device.run(Circuit().x(0), shots=200).result().measurement_counts
        assert counts["1"] > 150
        assert len(device.run_batch([Circuit().x(0)] * 2, shots=2).results()) == 2
        assert len(device.run(ProgramSet([Circuit().x(0)], 2)).result().entries) == 1
    aquila = provider.get_device("aws.quera.aquila")
    still = TimeSeries().put(0, 0).put(1e-6, 0)
    atoms = AnalogHamiltonianSimulation(
        AtomArrangement().add([0, 0]), DrivingField(still, still, still)
    )
    assert len(aquila.run(atoms.discretize(aquila), shots=2).result().measurements) == 2
    task = provider.task(device.run(Circuit().x(0), shots=2).id)
    assert task.result() and task.state() and task.metadata() and task.queue_position()
assert tracker.qpu_tasks_cost() + tracker.simulator_tasks_cost() == 0
provider.get_device("aws.rigetti.cepheus").emulator()
print(sorted({name for name in read if name.startswith(("AWS", "AMZN", "BRAKET", "BOTO"))}))
print([name for name in sys.modules if name.startswith("braket.aws")])
"""
)


def run(code: str, provider: HubProvider) -> str:
    """Run code in a fresh interpreter whose AWS variables lead nowhere, and give what it prints."""
    environment = {
        **os.environ,
        "RUNTIME_FILE": str(provider.client.settings.runtime_file),
        "AWS_DEFAULT_REGION": "nowhere",
        "AWS_PROFILE": "nobody",
        "AMZN_BRAKET_TASK_RESULTS_S3_URI": "s3://nowhere/nothing",
    }
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=100, env=environment
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_no_session_no_variable_no_aws_module(provider: HubProvider) -> None:
    assert run(USED, provider).splitlines() == ["[]", "[]"]


def test_the_guards_see_what_they_guard(provider: HubProvider) -> None:
    code = (
        GUARDED
        + """
os.environ.get("AWS_PROFILE"), os.getenv("AMZN_BRAKET_TASK_RESULTS_S3_URI"), "AWS_X" in os.environ
print(sorted({name for name in read if name.startswith(("AWS", "AMZN"))}))
from braket.aws import AwsSession
try:
    AwsSession()
except AssertionError as problem:
    print(problem)
"""
    )
    said = run(code, provider).splitlines()
    assert said == [
        "['AMZN_BRAKET_TASK_RESULTS_S3_URI', 'AWS_PROFILE', 'AWS_X']",
        "an AWS session was built",
    ]
