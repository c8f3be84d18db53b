"""The pytest plugin, used by a small suite as a user would write it."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest_plugins = ["pytester"]

SUITE = '''
import pytest

from shared_transport import JobRequest, ServerError

BELL = """OPENQASM 2.0;
include "qelib1.inc";
qreg q[2];
creg c[2];
h q[0];
cx q[0],q[1];
measure q -> c;
"""


def submit(client):
    request = JobRequest(backend_id="kipu.sim.qsim", shots=50, input={"qasm": BELL})
    return client.jobs.create(request)


def in_force(local_hub):
    import httpx

    headers = {"X-Auth-Token": local_hub.token.get_secret_value()}
    return httpx.get(f"{local_hub.base_url}/admin/faults", headers=headers).json()


def test_how_it_was_started(local_hub):
    from shared_transport import embedded

    assert list(embedded._hubs) == [("--seed", "0", "--workers", "1", "--ideal")]


def test_a_bell_pair(hub_client):
    job = submit(hub_client)
    assert hub_client.jobs.wait(job.id) == "COMPLETED"
    assert set(hub_client.jobs.result(job.id)["counts"]) <= {"00", "11"}


def test_a_lost_answer(hub_client, hub_faults):
    fault = hub_faults.reset_after("createJob", times=1)
    before = hub_client.jobs.page(0, 1).total_elements
    submit(hub_client)
    assert hub_client.jobs.page(0, 1).total_elements == before + 1
    strikes = hub_faults.strikes(fault)
    assert (strikes.seen, strikes.struck, strikes.operations) == (1, 1, {"createJob": 1})


def test_that_fails_in_the_middle(hub_client, hub_faults):
    hub_faults.latency(0.1)
    hub_faults.status(500)
    hub_faults.slow_queue(600)
    hub_faults.backend("kipu.sim.qsim", "OFFLINE")
    with pytest.raises(ServerError):
        hub_client.jobs.page()
    assert False, "on purpose"


def test_that_comes_after_it(hub_client, local_hub):
    assert in_force(local_hub) == {"latency": None, "faults": []}
    assert hub_client.backends.status("kipu.sim.qsim").status == "ONLINE"
    assert hub_client.jobs.wait(submit(hub_client).id) == "COMPLETED"
'''

EVERY_METHOD = """
import pytest


def test_every_method(hub_faults, hub_client):
    one = ("getJob", "GET /jobs/*/status")
    texts = [
        hub_faults.add("503:times=1:probability=0"),
        hub_faults.status(429, *one, retry_after=2, times=3),
        hub_faults.status_after(504, "createJob", skip=1),
        hub_faults.drop(probability=0),
        hub_faults.reset(probability=0.0, seed=3),
        hub_faults.drop_after("createJob"),
        hub_faults.reset_after("createJob"),
        hub_faults.truncate("getJobResult"),
        hub_faults.delay("0-0.1", "getJob"),
        hub_faults.slow_queue(2),
        hub_faults.late_listing(0.5, times=1),
    ]
    assert texts == [str(number) for number in range(1, 12)]
    hub_faults.latency("0.01-0.02")
    hub_faults.remove("1")
    with pytest.raises(ValueError, match="There is no fault"):
        hub_faults.strikes("1")
    with pytest.raises(ValueError, match="There is no fault"):
        hub_faults.remove("1")
    hub_faults.backend("ibm.qpu.fez", "PAUSED", [])
    assert hub_client.backends.status("ibm.qpu.fez").status == "PAUSED"
    assert hub_client.backends.get("ibm.qpu.fez").availability == []
    with pytest.raises(ValueError, match="There is no backend"):
        hub_faults.backend("no.such", "PAUSED")
    with pytest.raises(ValueError, match="status"):
        hub_faults.backend("ibm.qpu.fez", "BROKEN")
    with pytest.raises(ValueError, match="is no kind of fault"):
        hub_faults.status(418)
    with pytest.raises(ValueError, match="is no option"):
        hub_faults.drop("createJob", chance=1)
    with pytest.raises(ValueError, match="is no time"):
        hub_faults.latency("soon")
    hub_faults.clear()
    assert hub_client.backends.status("ibm.qpu.fez").status == "ONLINE"
"""


# Without the other plugins of this environment: they take most of the time.
ALONE = ("-p", "qhub_cli.pytest_plugin", "-p", "no:cacheprovider")


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """An empty project, whose pytest is not told what this one was."""
    for name in ("PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    return pytester


def test_a_suite_of_a_user(suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """With all plugins that are installed: pytest finds this one by itself."""
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    suite.makepyfile(SUITE)
    suite.makepyfile(test_methods=EVERY_METHOD)
    result = suite.runpytest_subprocess("-p", "no:cacheprovider", timeout=100)
    result.assert_outcomes(passed=5, failed=1)
    result.stdout.fnmatch_lines(["*AssertionError: on purpose*"])


def test_with_xdist_each_worker_has_a_hub_of_its_own(
    suite: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite.makepyfile(
        """
        import os
        import pytest
        from shared_transport import embedded

        @pytest.mark.parametrize("number", range(2))
        def test_address(local_hub, hub_faults, number):
            assert list(embedded._hubs) == [("--workers", "1", "--ideal")]
            hub_faults.status(503)
            with open(os.environ["ADDRESSES"], "a") as file:
                file.write(f"{os.environ['PYTEST_XDIST_WORKER']} {local_hub.base_url}\\n")
        """
    )
    addresses = suite.path / "addresses"
    monkeypatch.setenv("ADDRESSES", str(addresses))
    result = suite.runpytest_subprocess(
        *ALONE, "-p", "xdist", "-n", "2", "--dist", "each", "--hub-seed=random", timeout=100
    )
    result.assert_outcomes(passed=4)
    seen = [tuple(line.split()) for line in addresses.read_text().splitlines()]
    assert len(seen) == 4
    assert len(set(seen)) == len({address for _, address in seen}) == 2


def test_the_options_of_command_line_and_ini_file(suite: pytest.Pytester) -> None:
    suite.makepyfile(
        """
        from shared_transport import embedded

        def test_how_it_was_started(local_hub):
            assert list(embedded._hubs) == [("--seed", "5", "--workers", "2")]
        """
    )
    suite.makeini("[pytest]\nhub_seed = 5\nhub_workers = 7\nhub_noise = true\n")
    right = suite.runpytest_subprocess(*ALONE, "--hub-workers", "2", timeout=100)
    right.assert_outcomes(passed=1)
    wrong = suite.runpytest_subprocess(*ALONE, "--hub-seed=x", timeout=100)
    wrong.stdout.fnmatch_lines(["*hub_seed is 'x': write a whole number of at least 0.*"])
    wrong.assert_outcomes(errors=1)


def test_the_plugin_costs_no_time_until_it_is_used() -> None:
    """Pytest imports it at every start: it brings in nothing that pytest has not."""
    code = (
        "import pytest, sys; from time import process_time; before, begin = set(sys.modules), process_time();"
        "import qhub_cli.pytest_plugin; print(process_time() - begin, *set(sys.modules) - before)"
    )
    answers = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.split()
        for _ in range(3)
    ]
    for _, *loaded in answers:
        assert set(loaded) <= {"__future__", "qhub_cli", "qhub_cli.pytest_plugin"}
        assert "qhub_cli.pytest_plugin" in loaded
    assert min(float(seconds) for seconds, *_ in answers) < 0.02
