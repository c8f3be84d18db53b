"""What an import loads, seen in a fresh interpreter. `make floors` checks what the source says."""

import subprocess
import sys

import pytest

SDKS = {
    "boto3",
    "botocore",
    "braket",
    "cirq",
    "perceval",
    "qiskit",
    "qiskit_aer",
    "qiskit_braket_provider",
    "qiskit_ibm_runtime",
    "qsimcirq",
}
# A braket import brings boto3 with it.
BRAKET = {"braket", "boto3", "botocore"}
SERVER = "import local_hub.app, local_hub.__main__"


@pytest.mark.parametrize(
    ("statement", "allowed", "forbidden"),
    [
        ("import shared_transport", set(), SDKS),
        ("from shared_transport import HubClient", set(), SDKS),
        ("import qhub_cli.main", set(), SDKS),
        ("import qhub_qiskit", {"qiskit"}, SDKS),
        ("from qhub_qiskit import HubProvider", {"qiskit"}, SDKS),
        ("import qhub_braket", BRAKET, SDKS),
        ("from qhub_braket import HubProvider", BRAKET, SDKS),
        (SERVER, set(), SDKS | {"numpy"}),
    ],
)
def test_an_import_loads_no_sdk_but_the_one_it_wraps(
    statement: str, allowed: set[str], forbidden: set[str]
) -> None:
    code = f"{statement}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    loaded = set(answer.stdout.split())
    assert loaded & (forbidden - allowed) == set()
