"""Submissions and waits through faults, a few seeds each; `tests/slow/test_faults.py` has a hundred."""

import pytest

from tests import fault_cases as cases
from tests.fault_hub import DOUBTS, LATER, NO_DOUBT, FaultHub, World

SEEDS = range(4)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", [*DOUBTS, *LATER])
@pytest.mark.parametrize("kind", cases.KINDS)
def test_no_duplicate_and_no_loss(kind, name, seed):
    cases.one_doubt(kind, name, seed)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", DOUBTS)
@pytest.mark.parametrize("kind", cases.KINDS)
def test_the_first_submission_on_an_unknown_hub(kind, name, seed):
    cases.one_doubt_on_an_unknown_hub(kind, name, seed)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", DOUBTS)
@pytest.mark.parametrize("kind", cases.KINDS)
def test_a_hub_that_forgets_tags(kind, name, seed):
    cases.one_doubt_without_tags(kind, name, seed)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", NO_DOUBT)
@pytest.mark.parametrize("kind", cases.KINDS)
def test_what_is_no_doubt(kind, name, seed):
    cases.one_without_doubt(kind, name, seed)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("arrives", [True, False])
@pytest.mark.parametrize("kind", cases.KINDS)
def test_a_process_that_dies(kind, arrives, seed, tmp_path):
    cases.one_death(kind, seed, tmp_path, arrives=arrives)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", cases.KINDS)
def test_a_storm(kind, seed):
    cases.one_storm(kind, seed)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("jobs", [1, 4, 40])
def test_waiting_through_a_storm(jobs, seed):
    cases.one_wait(seed, jobs)


def test_a_list_that_was_asked_for_too_early_proves_nothing():
    """The list takes long: what it shows at the deadline is older, and the job is listed since."""
    hub = FaultHub(World(latency=(4.0, 4.0), listed_after=(4.5, 4.5)))
    submitter = cases.submitter_of(hub)
    submitter.settle_time = 3.5
    submitter.echoes_tags = True
    hub.script("createJob", DOUBTS["closed after accept"])
    cases.judge(hub, "job", cases.submit(hub, submitter, "job"))
    assert hub.count("createJob") == 1
