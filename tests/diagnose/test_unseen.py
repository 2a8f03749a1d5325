"""Failures as many tools word them, and what only sounds like one."""

import pytest

from tests.diagnose.cases import diagnosed, wrong
from tests.diagnose.scenarios import Scenario
from tests.diagnose.unseen import LOOK_ALIKES, UNSEEN
from tests.diagnose.unseen_late import LATE, QUIET
from tests.diagnose.unseen_more import CALM, MORE, SURVIVED
from trainwatch.diagnose import Verdict

TEXTS = {**LOOK_ALIKES, **CALM, **QUIET}


@pytest.mark.parametrize("scenario", [*UNSEEN, *MORE, *LATE], ids=lambda scenario: scenario.name)
def test_unseen(scenario: Scenario) -> None:
    found = diagnosed({name: text.encode() for name, text in scenario.files.items()})
    assert not wrong(found, scenario.expected), found
    assert found.evidence


@pytest.mark.parametrize("name", TEXTS)
def test_look_alike(name: str) -> None:
    found = diagnosed({"console.log": TEXTS[name].encode()})
    assert found.category is None, found
    assert found.verdict in (Verdict.UNDECIDED, Verdict.HEALTHY, Verdict.FINISHED)
    assert not found.others or name in SURVIVED
