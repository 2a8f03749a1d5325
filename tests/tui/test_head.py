"""The head and the strip of numbers: what a tired person reads first."""

import math
from dataclasses import replace
from datetime import UTC

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.tui import fake_views
from tests.tui.helpers import texts
from trainwatch.events import LineTally, Severity
from trainwatch.model.snapshot import Health, MetricView, RunView, Status
from trainwatch.tui.draw.line import Line, Tone, cells, plain
from trainwatch.tui.draw.states import verdict
from trainwatch.tui.draw.trend import Trend, trend
from trainwatch.tui.draw.verdict import due, head, notices, sentence, trouble, worst
from trainwatch.tui.draw.vitals import bar, vitals
from trainwatch.tui.pace import Quiet, urgent, wait


def test_the_first_line_answers() -> None:
    assert texts(head(fake_views.healthy(), 120, UTC))[0] == (
        " RUNNING  ae_large_scale · epoch 14 of 200 · 7.4 % · done in about 2 h 10 min".ljust(106)
        + "a17  14:32:07"
    )


def test_a_narrow_head_takes_a_second_line_before_it_cuts() -> None:
    assert texts(head(fake_views.healthy(), 80, UTC)) == [
        " RUNNING  ae_large_scale · epoch 14 of 200 · 7.4 %                     14:32:07",
        "          done in about 2 h 10 min",
    ]


def test_without_a_sentence_the_numbers_speak() -> None:
    assert sentence(fake_views.healthy(sentence="")) == (
        "epoch 14 of 200 · 7.4 % · about 2 h 10 min left"
    )
    assert sentence(fake_views.starting()) == "waiting for the first log file"
    waiting = fake_views.starting(files=2, tally=LineTally(lines=12))
    assert sentence(waiting) == "waiting for the first training record (12 lines in 2 files read)"


@pytest.mark.parametrize(
    ("status", "health", "tone"),
    [
        (Status.RUNNING, Health.OK, Tone.PILL_GOOD),
        (Status.RUNNING, Health.WARNING, Tone.PILL_WARN),
        (Status.RUNNING, Health.CRITICAL, Tone.PILL_BAD),
        (Status.STALLED, Health.WARNING, Tone.PILL_BAD),
        (Status.COMPLETED, Health.CRITICAL, Tone.PILL_BAD),
        (Status.UNKNOWN, Health.OK, Tone.PILL_WARN),
    ],
)
def test_the_verdict_tells_of_findings_too(status: Status, health: Health, tone: Tone) -> None:
    run = verdict(fake_views.healthy(status=status, health=health))
    assert (run.text, run.tone) == (f" {status.value.upper()} ", tone)


def test_the_worst_trouble_comes_with_its_proof() -> None:
    proof = "[DEBUG] [Rank 3 Worker 0] Processing 412/1000 files from train_shards"
    assert texts(trouble(fake_views.stalled(), 120, 3)) == [
        " critical  rank 3 is silent for 4 min 10 s in training, epoch 14 step 104 (usual 0.12 s)",
        f"    proof  debug_rank3_20261122_142000.log:88213  {proof}",
    ]


def test_further_trouble_is_counted() -> None:
    assert texts(trouble(fake_views.failed(), 120, 3))[0].endswith("step 104 +1 more [6]")


def test_what_is_over_or_mere_information_is_no_trouble() -> None:
    over = replace(fake_views.stall_finding(), active=False)
    mere = replace(fake_views.stall_finding(), severity=Severity.INFO)
    assert worst([over, mere]) is None
    assert trouble(fake_views.healthy(alerts=(over, mere)), 120, 3) == []


def test_the_gravest_wins_over_the_newest() -> None:
    light = replace(fake_views.stall_finding(), severity=Severity.WARNING, rule="light")
    assert worst([light, fake_views.stall_finding()]) == fake_views.stall_finding()


def test_limits_of_the_truth_are_told() -> None:
    assert texts(notices(fake_views.provisional(problems=("a", "b")), 80)) == [
        " provisional, 34 % of history read · ! a (+1 more [6])"
    ]
    assert notices(fake_views.healthy(), 80) == []


@pytest.mark.parametrize(
    ("view", "shown"),
    [
        (fake_views.healthy(), "ETA 2 h 10 min (16:42)"),
        (fake_views.healthy(eta_basis="stated"), "ETA 2 h 10 min (16:42) as the log states"),
        (fake_views.healthy(eta_seconds=None), "ETA not known yet"),
        (fake_views.stalled(), "ETA paused"),
        (fake_views.finished(), "took 22 min 3 s"),
        (fake_views.failed(), "ran 10 min 20 s"),
    ],
)
def test_when_it_is_done(view: RunView, shown: str) -> None:
    assert plain(due(view, UTC)) == shown


def test_vitals_take_one_line_or_two() -> None:
    wide = texts(vitals(fake_views.healthy(), 200, UTC))
    assert len(wide) == 1
    assert wide[0].startswith(" loss 0.0723 ▼   val 0.0790   lr 0.001   throughput 312.4")
    narrow = vitals(fake_views.healthy(), 80, UTC)
    assert len(narrow) == 2
    assert all(cells(one) <= 80 for one in narrow)
    assert texts(narrow)[1].startswith(" epoch 14/200 61 % ━━━━")


def test_a_loss_that_is_no_number_is_bad() -> None:
    metrics = {"loss": MetricView(math.nan, None, None, None, 3, 3)}
    first = vitals(fake_views.healthy(metrics=metrics), 120, UTC)[0]
    assert ("NaN", Tone.BAD) in [tuple(run) for run in first]


def test_what_is_not_known_is_not_made_up() -> None:
    assert texts(vitals(fake_views.starting(), 80, UTC)) == [
        " loss -   epoch -   run -   ETA not known yet"
    ]


def test_bars() -> None:
    def drawn(share: float | None) -> str:
        made: Line = bar(share, 10)
        return plain(made)

    assert drawn(0.0) == "──────────"
    assert drawn(0.55) == "━━━━━╸────"
    assert drawn(1.0) == "━━━━━━━━━━"
    assert drawn(7.0) == "━━━━━━━━━━"
    assert drawn(None) == ""


def test_the_trend_is_calm() -> None:
    assert trend(fake_views.curve(400)) is Trend.FALLING
    flat = fake_views.curve(400)
    flat.mean[:] = 0.07 + small_noise(400)
    assert trend(flat) is Trend.FLAT
    assert trend(fake_views.curve(5)) is Trend.UNKNOWN
    rising = fake_views.curve(400)
    rising.mean[:] = rising.mean[::-1].copy()
    assert trend(rising) is Trend.RISING


def small_noise(many: int) -> NDArray[np.float64]:
    return 0.001 * np.sin(np.arange(many) * 1.7)


def test_trouble_is_urgent_and_a_clock_is_not() -> None:
    healthy = fake_views.healthy()
    assert urgent(None, healthy)
    assert not urgent(healthy, replace(healthy, now=healthy.now + 1))
    assert urgent(healthy, fake_views.stalled())
    assert urgent(fake_views.provisional(), healthy)
    assert urgent(healthy, replace(healthy, attempt=1))


def test_steady_flow_waits_and_trouble_does_not() -> None:
    assert wait(0.2, is_urgent=False) == pytest.approx(0.8)
    assert wait(0.2, is_urgent=True) == 0
    assert wait(5.0, is_urgent=False) == 0


def test_the_first_line_after_quiet_is_news() -> None:
    quiet = Quiet()
    view = fake_views.healthy()
    more = replace(view, tally=LineTally(lines=50_000))
    assert quiet.broken(view, 0.0)
    assert not quiet.broken(view, 5.0)
    assert quiet.broken(more, 6.0)
    assert not quiet.broken(view, 6.5)
