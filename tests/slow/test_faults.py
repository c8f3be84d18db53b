"""Every fault a hundred times, each time on another Hub with another timing."""

import pytest

from tests import fault_cases as cases
from tests.fault_hub import DOUBTS, LATER, NO_DOUBT

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def seeds(full):
    return range(1000, 1100 if full else 1005)


@pytest.mark.parametrize("name", [*DOUBTS, *LATER])
@pytest.mark.parametrize("kind", cases.KINDS)
def test_no_duplicate_and_no_loss(kind, name, seeds):
    for seed in seeds:
        cases.one_doubt(kind, name, seed)


@pytest.mark.parametrize("name", DOUBTS)
@pytest.mark.parametrize("kind", cases.KINDS)
def test_the_first_submission_on_an_unknown_hub(kind, name, seeds):
    for seed in seeds:
        cases.one_doubt_on_an_unknown_hub(kind, name, seed)


@pytest.mark.parametrize("name", DOUBTS)
@pytest.mark.parametrize("kind", cases.KINDS)
def test_a_hub_that_forgets_tags(kind, name, seeds):
    for seed in seeds:
        cases.one_doubt_without_tags(kind, name, seed)


@pytest.mark.parametrize("name", NO_DOUBT)
@pytest.mark.parametrize("kind", cases.KINDS)
def test_what_is_no_doubt(kind, name, seeds):
    for seed in seeds:
        cases.one_without_doubt(kind, name, seed)


@pytest.mark.parametrize("arrives", [True, False])
@pytest.mark.parametrize("kind", cases.KINDS)
def test_a_process_that_dies(kind, arrives, seeds, tmp_path):
    for seed in seeds:
        cases.one_death(kind, seed, tmp_path, arrives=arrives)


@pytest.mark.parametrize("kind", cases.KINDS)
def test_a_storm(kind, seeds):
    for seed in seeds:
        cases.one_storm(kind, seed)


@pytest.mark.parametrize("jobs", [1, 4, 40])
def test_waiting_through_a_storm(jobs, seeds):
    for seed in seeds:
        cases.one_wait(seed, jobs)
