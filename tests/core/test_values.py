"""What is wrong with losses and learning rates, from which record on, and when it is over."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.feeding import MTIME, Writing, feed_pieces, plain, read_lines
from trainwatch.events import Finding, Severity
from trainwatch.health.config import Config, HealthConfig

LOG = "debug_rank1_x.log"


def steps(values: list[float], *, first: int = 0) -> list[str]:
    return [f"[Rank 1] Training step {first + n}, loss={v!r}" for n, v in enumerate(values)]


def chinese(losses: list[float], rates: list[float]) -> list[str]:
    return [
        f"Epoch [1/3] - 进度 0.0% ({n}/999) - Batch Loss: {loss!r} - LR: {rate!r}"
        for n, (loss, rate) in enumerate(zip(losses, rates, strict=True))
    ]


def alerts(lines: list[str], **health: float) -> tuple[Finding, ...]:
    config = Config(health=HealthConfig(**health))  # type: ignore[arg-type]
    return read_lines(lines, LOG, config=config).view().alerts


@pytest.mark.parametrize(
    ("value", "word"), [(math.nan, "NaN"), (math.inf, "infinite"), (-math.inf, "infinite")]
)
@pytest.mark.parametrize("before", [0, 1, 7, 8, 9, 200])
def test_a_loss_that_is_no_number_is_found_at_its_first_record(
    value: float, word: str, before: int
) -> None:
    lines = steps([0.5] * before + [value, value])
    (finding,) = alerts(lines)

    assert (finding.rule, finding.severity, finding.active) == ("loss_nan", Severity.CRITICAL, True)
    assert (finding.who.rank, finding.step) == (1, before)
    assert f"loss is {word} since step {before}" in finding.message
    (proof,) = finding.evidence
    assert (proof.file, proof.line, proof.text) == (LOG, before + 1, lines[before])


def test_the_rank_at_which_it_began_comes_first() -> None:
    lines = ["[Rank 0] Training step 16, loss=nan", "[Rank 1] Training step 15, loss=nan"]

    found = read_lines(lines, "console.log").view().alerts

    assert [(alert.who.rank, alert.step) for alert in found] == [(1, 15), (0, 16)]


@pytest.mark.parametrize(
    ("usual", "value", "explodes"),
    [(0.5, 49.0, False), (0.5, 51.0, True), (0.001, 0.11, True), (5.0, 499.0, False)],
)
def test_growth_is_measured_against_the_usual_value(
    usual: float, value: float, explodes: bool
) -> None:
    found = alerts(steps([usual] * 20 + [value]))

    assert [alert.rule for alert in found] == (["loss_explosion"] if explodes else [])


def test_growth_is_not_measured_before_there_is_a_usual_value() -> None:
    assert alerts(steps([0.5] * 2 + [5000.0])) == ()
    assert len(alerts(steps([0.5] * 8 + [5000.0]))) == 1


def test_a_loss_that_rises_slowly_by_a_hundred_has_exploded_too() -> None:
    values = [0.01 * 1.02**n for n in range(400)]

    (finding,) = alerts(steps(values))
    assert finding.rule == "loss_explosion"


def test_a_loss_that_falls_by_a_hundred_is_fine() -> None:
    assert alerts(steps([10.0 * 0.98**n for n in range(600)])) == ()


@pytest.mark.parametrize("value", [1.1e10, 1e12, -1e11])
def test_a_value_beyond_the_ceiling_explodes_at_once(value: float) -> None:
    (finding,) = alerts(steps([value]))

    assert (finding.rule, finding.step) == ("loss_explosion", 0)
    assert "1e+10" in finding.message


def test_a_large_loss_below_the_ceiling_is_fine() -> None:
    assert alerts(steps([9.9e9] * 30)) == ()


def test_thresholds_can_be_configured() -> None:
    lines = steps([1.0] * 10 + [11.0])

    assert alerts(lines) == ()
    assert len(alerts(lines, loss_growth=10.0)) == 1
    assert len(alerts(lines, loss_ceiling=10.5)) == 1


@pytest.mark.parametrize("bad", [math.nan, 1e12, 60.0])
def test_a_spike_that_recovered_is_over_and_only_a_warning(bad: float) -> None:
    still = alerts(steps([0.5] * 20 + [bad] + [0.5] * 31))
    over = alerts(steps([0.5] * 20 + [bad] + [0.5] * 32))

    assert [(f.active, f.severity) for f in still] == [(True, Severity.CRITICAL)]
    assert [(f.active, f.severity) for f in over] == [(False, Severity.WARNING)]
    assert "recovered" in over[0].message


def test_a_recovered_spike_leaves_the_run_healthy() -> None:
    view = read_lines(steps([0.5] * 20 + [math.nan] + [0.5] * 40), LOG).view()

    assert view.health == "ok"


def test_a_restart_begins_anew() -> None:
    lines = [*steps([0.5] * 20 + [math.nan]), "🔄 检测到checkpoint: checkpoint-9"]
    resumed = [*lines, "✅ 从checkpoint恢复训练", *steps([0.5])]

    assert len(alerts(lines)) == 1
    assert alerts(resumed) == ()


@pytest.mark.parametrize(
    ("rates", "first"),
    [
        ([0.0] * 9, None),
        ([0.0] * 10, 0),
        ([0.1] * 5 + [0.0] * 10, 5),
        ([0.0] * 9 + [0.1] + [0.0] * 9, None),
        ([0.0] * 20 + [0.1], None),
        ([0.0] * 12 + [0.1] + [0.0] * 11, 13),
        ([1e-30] * 30, None),
    ],
)
def test_a_learning_rate_of_zero_counts_after_ten_records(
    rates: list[float], first: int | None
) -> None:
    found = alerts(chinese([0.5] * len(rates), rates))

    assert [(f.rule, f.severity, f.step) for f in found] == (
        [] if first is None else [("lr_zero", Severity.WARNING, first)]
    )


def test_stagnation_is_found_only_when_it_is_asked_for() -> None:
    lines = steps([0.5] * 600)

    assert alerts(lines) == ()
    (finding,) = alerts(lines, stagnation_steps=200)
    assert (finding.rule, finding.severity) == ("loss_stagnation", Severity.WARNING)
    assert alerts(steps([0.5 * 0.999**n for n in range(600)]), stagnation_steps=200) == ()
    assert alerts(lines[:200], stagnation_steps=200) == ()


def test_a_validation_loss_is_watched_too() -> None:
    (finding,) = alerts(["[Rank 1] Validation step 0, loss=nan"])

    assert (finding.rule, finding.message) == (
        "val_loss_nan",
        "validation loss is NaN since step 0",
    )


def test_a_validation_loss_far_above_the_training_loss_is_fine() -> None:
    assert alerts([*steps([0.001] * 30), "[Rank 1] Validation step 0, loss=0.9"]) == ()


@pytest.mark.parametrize(
    "losses",
    [
        [2.0 + math.sin(n / 3) for n in range(500)],
        [0.0] * 100,
        [-1.0 - n / 100 for n in range(300)],
        [0.3 + (5.0 if n % 50 == 0 else 0.0) for n in range(500)],
        [11.0 * 0.97**n + 2.1 for n in range(500)],
    ],
    ids=["wobbling", "zero", "negative", "spiky", "falling"],
)
def test_healthy_losses_give_no_alarm(losses: list[float]) -> None:
    assert alerts(steps(losses)) == ()


def test_a_text_with_a_carriage_return_is_quoted_without_it() -> None:
    view = read_lines([f"{line}\r" for line in steps([0.5, 0.5, math.nan])], LOG).view()

    assert view.alerts[0].evidence[0].text == "[Rank 1] Training step 2, loss=nan"


VALUES = st.lists(
    st.sampled_from([0.5, 0.6, 0.0, math.nan, math.inf, 1e12, 60.0, 1.7e308]),
    min_size=1,
    max_size=200,
)


@settings(max_examples=30, deadline=None)
@given(VALUES, st.integers(1, 40))
def test_the_facts_do_not_depend_on_chunks(values: list[float], step: int) -> None:
    lines = [f"{line}\n".encode() for line in chinese(values, values)]
    whole = feed_pieces([("console.log", b"".join(lines), MTIME)])
    small = feed_pieces(
        [("console.log", b"".join(lines[n : n + step]), MTIME) for n in range(0, len(lines), step)]
    )

    assert plain(small.view().alerts) == plain(whole.view().alerts)
    assert plain(small.engine.run) == plain(whole.engine.run)


def test_a_finding_appears_with_the_line_that_shows_it() -> None:
    writing = Writing()
    writing.line(LOG, "[Rank 1] Training step 0, loss=0.5", MTIME)
    assert writing.view(MTIME).alerts == ()
    writing.line(LOG, "[Rank 1] Training step 1, loss=nan", MTIME)
    assert len(writing.view(MTIME).alerts) == 1
