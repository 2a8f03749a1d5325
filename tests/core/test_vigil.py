"""When stacks are taken: at a stall, rarely again, and after a long silence of any kind."""

from itertools import pairwise

import pytest

from trainwatch.events import NOBODY, Finding, RankId, Severity
from trainwatch.health.ends import Ends
from trainwatch.health.verdict import Verdict
from trainwatch.health.vigil import Call, Vigil, Why
from trainwatch.model.snapshot import Health, RankStatus, RankView, Status

HANG = Finding("hang", Severity.CRITICAL, NOBODY, "no rank moved for 20 s", ())
DAY = 86400


def verdict(*findings: Finding, silent: float | None = None, over: bool = False) -> Verdict:
    state = RankStatus.FINISHED if over else RankStatus.ACTIVE
    ranks = () if silent is None else (RankView(RankId(0), state, silent_seconds=silent),)
    return Verdict(Status.RUNNING, Health.OK, ranks, findings, Ends())


def calls(vigil: Vigil, *moments: tuple[float, Verdict, int]) -> list[tuple[float, Why | None]]:
    told = [(now, vigil.look(seen, written, now)) for now, seen, written in moments]
    return [(now, call.look) for now, call in told if call is not None]


def test_a_stall_is_looked_at_at_once_and_ever_more_rarely() -> None:
    moments = [(float(now), verdict(HANG), 7) for now in range(100, 100 + 3 * DAY, 10)]
    found = [now - 100 for now, _ in calls(Vigil(), *moments)]
    assert found == [0, 60, 300, 1200, 3600, 4 * 3600, 12 * 3600, DAY, 2 * DAY]


def test_the_findings_come_along() -> None:
    assert Vigil().look(verdict(HANG), 1, 5.0) == Call(Why.STALL, (HANG,))


def test_the_end_of_a_stall_is_told_once() -> None:
    vigil = Vigil()
    moments = [(1.0, verdict(HANG), 1), (3.0, verdict(), 2), (5.0, verdict(), 3)]
    assert calls(vigil, *moments) == [(1.0, Why.STALL), (3.0, None)]


def test_a_stall_that_comes_and_goes_is_not_looked_at_each_time() -> None:
    vigil, found = Vigil(), []
    for now in range(0, 3600, 20):  # silent for 20 s, moving for 20 s
        seen = verdict(HANG) if now // 20 % 2 else verdict()
        found += calls(vigil, (float(now), seen, now))
    looks = [now for now, why in found if why is Why.STALL]
    assert len(looks) < 30
    assert max(later - one for one, later in pairwise(looks)) <= 280


@pytest.mark.parametrize(
    "findings", [(), (Finding("loss_nan", Severity.CRITICAL, NOBODY, "", ()),)]
)
def test_movement_calls_for_nothing(findings: tuple[Finding, ...]) -> None:
    moments = [(float(n), verdict(*findings, silent=5.0), n) for n in range(0, 5000, 2)]
    assert calls(Vigil(), *moments) == []


def test_a_long_silence_is_looked_at_before_torch_gives_up() -> None:
    moments = [(float(n), verdict(), 7) for n in range(0, 1900, 2)]
    assert calls(Vigil(), *moments) == [(240, Why.SILENCE), (480, Why.SILENCE), (960, Why.SILENCE)]


def test_lines_of_another_thread_hide_no_silence() -> None:
    moments = [(float(n), verdict(silent=float(n)), n) for n in range(0, 470, 2)]
    assert calls(Vigil(), *moments) == [(240, Why.SILENCE)]


def test_a_rank_that_has_finished_is_not_missed() -> None:
    moments = [(float(n), verdict(silent=float(n), over=True), n) for n in range(0, 470, 2)]
    assert calls(Vigil(), *moments) == []
