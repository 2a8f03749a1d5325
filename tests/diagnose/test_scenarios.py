"""Failures of our own making, and healthy runs that look alarming."""

import pytest

from tests.diagnose.cases import diagnosed, wrong
from tests.diagnose.scenarios import HEALTHY, SCENARIOS, Scenario
from trainwatch.diagnose import Verdict


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_scenario(scenario: Scenario) -> None:
    found = diagnosed({name: text.encode() for name, text in scenario.files.items()})
    assert not wrong(found, scenario.expected), found
    assert {other.category for other in found.others} >= set(scenario.others)


@pytest.mark.parametrize("name", HEALTHY)
def test_no_alarm(name: str) -> None:
    found = diagnosed({"console.log": HEALTHY[name].encode()})
    assert found.category is None, found
    assert found.verdict in (Verdict.UNDECIDED, Verdict.HEALTHY, Verdict.FINISHED)
    assert not found.others
