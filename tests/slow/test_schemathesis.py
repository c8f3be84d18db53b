"""Requests that the contract allows, made up by schemathesis: each operation, and chains of them, over real HTTP.

It runs with the token of a service execution, for which all 33 operations have something to show.
"""

from __future__ import annotations

import json
import re
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from tests.quick.local_hub.hub_process import ROOT, HubProcess

pytestmark = pytest.mark.timeout(1700)

EXAMPLES = {"small": 12, "full": 200}
CHAINS = {"small": 60, "full": 600}
# Codes that no operation names and that happen all the same: what cannot be computed (400, 422), what stands
# against a session's state (409), a backend that there is not (404).
UNDOCUMENTED = {
    "createSession": ("404",),
    "updateServiceExecutionSessionState": ("400", "409", "422"),
}
# Bodies that the contract's schema allows and that are refused all the same: a schema cannot tell a circuit from any
# other text, nor which backend has sessions, nor that a session is closed.
REFUSED = {
    "createJob": [400, 404, 409, 422],
    "createSession": [404, 422],
    "updateSessionState": [404, 422],
    "updateServiceExecutionSessionState": [404, 422],
    "getLeastBusyBackend": [400, 404],
}
# Each is a chain's first step: jobs that run on backends of every kind of input but IBM's, which the next one has.
FIRST = ("job_aws_qasm3", "job_azure_ionq", "job_iqm", "job_kipu", "job_qudora")
IN_SESSION = 'OPENQASM 3.0;\ninclude "stdgates.inc";\nbit[1] c;\nx $0;\nc[0] = measure $0;\n'


def described() -> dict[str, Any]:
    """The contract, with the undocumented codes and with more links between its operations."""
    contract: dict[str, Any] = json.loads(
        (ROOT / "tests/contract/contract-generative.json").read_text()
    )
    operations = {
        operation["operationId"]: operation
        for methods in contract["paths"].values()
        for operation in methods.values()
    }
    for name, codes in UNDOCUMENTED.items():
        for code in codes:
            operations[name]["responses"].setdefault(code, {"description": ""})
    links = operations["getBackends"]["responses"]["200"].setdefault("links", {})
    for name in FIRST:
        body = json.loads((ROOT / f"tests/contract/bodies/{name}.json").read_text())
        links[name] = {"operationId": "createJob", "requestBody": body, **WHOLE_BODY}
    made = operations["createSession"]["responses"]["201"]["links"]
    made["submitInSession"]["requestBody"]["input"]["pubs"] = [[IN_SESSION, None, 100]]
    made["submitInSession"] |= WHOLE_BODY
    for name in operations:
        if "ServiceExecutionJob" in name:
            links = operations["createJob"]["responses"]["201"]["links"]
            links[name] = {"operationId": name, "parameters": {"jobId": "$response.body#/id"}}
        if "ServiceExecutionSession" in name:
            made[name] = {"operationId": name, "parameters": {"sessionId": "$response.body#/id"}}
    return contract


WHOLE_BODY = {"x-schemathesis": {"merge_body": False}}


def configuration(execution_id: str, scale: str) -> str:
    """What is not as schemathesis expects, by the names of operations and checks; and how it makes chains."""
    lines = ["[parameters]", f'"path.serviceExecutionId" = "{execution_id}"']
    # Only links that are described: those that it infers lead to what a random body made, which is nothing.
    lines += ["[phases.stateful]", "max-steps = 10", "inference.algorithms = []"]
    lines += [f"generation.max-examples = {CHAINS[scale]}"]
    for name, codes in REFUSED.items():
        expected = json.dumps(["2xx", 401, 403, 404, *codes])
        lines += ["[[operations]]", f'include-operation-id = "{name}"']
        lines += [f"checks.positive_data_acceptance.expected-statuses = {expected}"]
    return "\n".join(lines) + "\n"


def test_nothing_is_found(full: bool, tmp_path: Path) -> None:
    (tmp_path / "contract.json").write_text(json.dumps(described()))
    hub = HubProcess("--seed", "7", "--workers", "1", "--job-time-limit", "3")
    execution = hub.http.post("/admin/service-executions").json()
    scale = "full" if full else "small"
    (tmp_path / "schemathesis.toml").write_text(configuration(execution["id"], scale))
    command = [
        str(Path(sysconfig.get_path("scripts")) / "schemathesis"),
        *("run", "contract.json", "--url", hub.info["base_url"]),
        *("--header", f"X-Auth-Token: {execution['token']}"),
        *("--mode", "positive", "--checks", "all", "--continue-on-failure"),
        # DELETE cancels a job and closes a session; it does not make them disappear.
        *("--exclude-checks", "use_after_free"),
        *("--max-examples", str(EXAMPLES[scale])),
        *("--generation-deterministic", "--suppress-health-check", "all"),
        *("--request-timeout", "20", "--no-color"),
    ]
    try:
        answer = subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=1600
        )
        (tmp_path / "report.txt").write_text(answer.stdout)
        assert answer.returncode == 0, answer.stdout + answer.stderr
        # It really went along the links, and into jobs that were accepted.
        covered = re.search(r"API Links: +(\d+) covered", answer.stdout)
        assert covered is not None
        assert int(covered[1]) > 20
        with hub.with_token(execution["token"]) as inside:
            for found in ("status=COMPLETED", "status=CANCELLED", "backendId=ibm.qpu.fez&type=JOB"):
                assert inside.get(f"/workloads?{found}").json()["total_elements"] > 0
    finally:
        assert hub.close() == 0
