"""A silence that is longer than ever, and not yet long enough to be a finding."""

import pytest

from tests.diagnose.cases import SAMPLE_LOGS, SOUND, diagnosed, files_of
from tests.diagnose.moments import count
from tests.diagnose.scenarios import DAY, rank_logs, steps
from trainwatch.diagnose import Confidence, Diagnosis, Role, Verdict
from trainwatch.events import RunInfo

LAST = 1_795_255_221.0
"""2026-11-21 10:00:21, the last line of `rank_logs`."""


def after(seconds: float, files: dict[str, str] | None = None) -> Diagnosis:
    """A living job, so many seconds behind its last line; its lines come once a second."""
    logs = {name: text.encode() for name, text in (files or rank_logs(3)).items()}
    info = RunInfo("logs", id="x", alive=True)
    return diagnosed(logs, now=LAST + seconds, mtime=LAST, info=info)


@pytest.mark.parametrize(
    ("seconds", "verdict"),
    [(0.0, "healthy"), (6.0, "healthy"), (12.0, "undecided"), (21.0, "hang")],
)
def test_a_run_that_falls_silent_is_undecided_before_it_hangs(seconds: float, verdict: str) -> None:
    assert after(seconds).verdict.value == verdict


def test_too_early_says_what_was_usual_and_how_to_know() -> None:
    found = after(12.0)
    assert found.category is None
    assert found.confidence is Confidence.POSSIBLE
    assert "silent for 12 s" in found.summary
    assert "the longest silence there before was 1.0 s" in found.summary
    assert any("py-spy dump" in text for text in found.missing)
    assert found.evidence
    assert all(rank.role is Role.UNKNOWN for rank in found.ranks)


def test_a_phase_that_was_never_seen_before() -> None:
    end = f"{DAY} 10:00:21,500 [DEBUG] [Rank {{}}] ========== EPOCH 0 TRAINING END ==========\n"
    files = {name: text + end.format(at) for at, (name, text) in enumerate(rank_logs(3).items())}
    assert after(5.0, files).verdict is Verdict.HEALTHY
    found = after(30.0, files)
    assert found.verdict is Verdict.UNDECIDED
    assert found.phase == "train_to_validation"
    assert "never seen before" in found.summary


def test_a_pause_that_came_before_is_no_news() -> None:
    paused = {
        name: text + steps(at, 30, first=12, minute=10)
        for at, (name, text) in enumerate(rank_logs(3).items())
    }
    last = 600.0 + 18.0  # 10:10:39, after a pause of ten minutes
    assert after(last + 300.0, paused).verdict is not Verdict.UNDECIDED


def test_one_rank_that_writes_is_enough() -> None:
    files = rank_logs(3)
    name = "debug_rank2_20261121_100000.log"
    files[name] += steps(2, 10, first=12).replace("10:00:1", "10:00:3")
    assert after(11.0, files).verdict is Verdict.HEALTHY


def test_a_healthy_run_of_several_ranks_is_never_certain_from_logs_alone() -> None:
    found = after(0.0)
    assert found.confidence is Confidence.LIKELY
    assert any("slows the others" in text for text in found.missing)


@pytest.mark.parametrize("name", SOUND)
def test_healthy_runs_raise_no_alarm_at_any_moment(name: str) -> None:
    verdicts, alarms = count({name: files_of(SAMPLE_LOGS / name)}, 12)
    assert verdicts.total()
    assert not alarms
    assert verdicts["undecided"] == 0


def test_too_early_says_who_stands_elsewhere() -> None:
    files = rank_logs(3)
    name = "debug_rank2_20261121_100000.log"
    files[name] = rank_logs(3, 9)[name]
    found = after(12.0, files)
    assert found.verdict is Verdict.UNDECIDED
    assert "rank 2 at epoch 0 training step 8 and the others at epoch 0 training step 11" in (
        found.summary
    )
    assert all(rank.role is Role.UNKNOWN for rank in found.ranks)


@pytest.mark.parametrize(("late", "verdict"), [(2.0, "healthy"), (4.0, "undecided")])
def test_ranks_that_all_became_slow_at_once_may_wait_for_one(late: float, verdict: str) -> None:
    times = [*range(20), *(20 + late * at for at in range(10))]
    lines = [
        f"{DAY} 10:{at // 60:02.0f}:{at % 60:02.0f},000 [DEBUG] [Rank {{0}}] Training step {step},"
        " loss=0.5\n"
        for step, at in enumerate(times)
    ]
    text = f"{DAY} 10:00:00,000 [DEBUG] [Rank {{0}}] ========== EPOCH 0 TRAINING START ==========\n"
    files = {
        f"debug_rank{rank}_20261121_100000.log": (text + "".join(lines)).format(rank)
        for rank in range(2)
    }
    last = LAST - 21 + times[-1]
    logs = {name: text.encode() for name, text in files.items()}
    info = RunInfo("logs", id="x", alive=True)
    found = diagnosed(logs, now=last + 1.0, mtime=last, info=info)
    assert found.verdict.value == verdict
    assert ("4 times as long as before (4.0 s now)" in found.summary) == (verdict == "undecided")
    assert any("slows the others" in text for text in found.missing)
