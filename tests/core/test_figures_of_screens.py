"""What the dashboard's screens show beyond the status document: axes, spread, lateness, history."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.tui import fake_views
from trainwatch.engine import Engine
from trainwatch.engine.curves import over_ranks
from trainwatch.events import Chunk, FileEnded, LogFile, Phase, RankId, RunInfo
from trainwatch.health.history import AlertHistory
from trainwatch.health.lateness import with_lateness
from trainwatch.model.series import Series, Track, Whereabouts
from trainwatch.model.snapshot import RunView, Wish

T0 = 1_764_000_000.0


def log(rank: int, steps: int, *, seconds: float = 1.0, epochs: int = 2) -> bytes:
    lines = []
    at = 0.0
    for epoch in range(epochs):
        for step in range(steps):
            minute, second = divmod(at, 60)
            clock = f"2026-11-25 10:{int(minute):02d}:{second:06.3f}".replace(".", ",")
            if not step:
                lines.append(
                    f"{clock} [DEBUG] [Rank {rank}] ========== EPOCH {epoch} TRAINING START =========="
                )
            loss = 1 / (1 + epoch * steps + step) + rank
            lines.append(f"{clock} [DEBUG] [Rank {rank}] Training step {step}, loss={loss:.4f}")
            at += seconds
    return "\n".join([*lines, ""]).encode()


def view(wish: Wish, *logs: bytes) -> RunView:
    engine = Engine(RunInfo(path="logs", alive=True))
    for rank, data in enumerate(logs):
        file = LogFile(f"debug_rank{rank}_20261125_100000.log")
        engine.feed(Chunk(file, 0, data, T0))
    engine.tick(T0 + 1)
    return engine.snapshot(wish=wish)


def late(*logs: bytes) -> list[float | None]:
    seen = view(Wish(timelines=True), *logs)
    return [
        None if rank.late_seconds is None else round(rank.late_seconds, 3) for rank in seen.ranks
    ]


def shifted(data: bytes, by: str) -> bytes:
    return data.replace(b" 10:", f" {by}:".encode())


def test_who_comes_late_to_the_newest_record_that_all_have() -> None:
    slow = log(1, 40, seconds=1.1)
    assert late(log(0, 40), slow, log(2, 40)) == [0.0, 7.9, 0.0]
    behind = b"\n".join(log(1, 40, seconds=1.5).splitlines()[:12]) + b"\n"
    assert late(log(0, 40), behind) == [0.0, 5.0]


def test_a_late_rank_of_a_long_run_is_compared_at_a_record_that_all_keep() -> None:
    assert late(log(0, 900, epochs=1), log(1, 1100, epochs=1)) == [0.0, 0.0]


def test_what_cannot_be_compared_is_not_told() -> None:
    assert late(log(0, 40)) == [None]
    assert late(log(0, 40), shifted(log(1, 40), "12")) == [None, None]
    began_later = b"\n".join(log(1, 40).splitlines()[5:]) + b"\n"
    assert late(log(0, 40), began_later) == [None, None]
    untimed = b"\n".join(line.split(b" ", 2)[2] for line in log(1, 40).splitlines()) + b"\n"
    assert late(log(0, 40), untimed) == [None, None]
    assert all(rank.late_seconds is None for rank in view(Wish(), log(0, 9), log(1, 9)).ranks)


def test_a_metric_over_all_ranks_is_the_band_between_them() -> None:
    seen = view(Wish("loss"), log(0, 40), log(1, 40))
    (curve,) = seen.wished
    assert curve.who.rank is None
    assert len(curve.x) == 80
    assert curve.low[0] == pytest.approx(1.0)
    assert curve.high[0] == pytest.approx(2.0)
    assert curve.mean[0] == pytest.approx(1.5)


def test_a_metric_of_one_rank() -> None:
    (curve,) = view(Wish("loss", RankId(1)), log(0, 40), log(1, 40)).wished
    assert curve.who.rank == 1
    assert curve.mean[0] == pytest.approx(2.0)


def test_places_on_the_axis_of_time() -> None:
    (curve,) = view(Wish("loss"), log(0, 40, seconds=2.0)).wished
    assert np.diff(curve.seconds).tolist() == pytest.approx([2.0] * 79)
    assert curve.fine_epochs[0] < curve.fine_epochs[-1]


def test_phases_are_told_only_when_they_are_wished() -> None:
    assert view(Wish(), log(0, 5)).ranks[0].timeline == ()
    told = view(Wish(timelines=True), log(0, 5)).ranks[0].timeline
    assert told[0][1] is Phase.TRAINING
    assert told[-1][0] - told[0][0] == pytest.approx(9.0)


def test_the_slowest_step_is_quoted() -> None:
    data = log(0, 10, epochs=1)
    data += b"2026-11-25 10:00:50,000 [DEBUG] [Rank 0] Training step 10, loss=0.5\n"
    rank = view(Wish(), data).ranks[0]
    assert rank.slowest_seconds == pytest.approx(41.0)
    assert rank.slowest is not None
    assert rank.slowest.text.endswith("step 10, loss=0.5")


def places(steps: NDArray[np.float64]) -> Whereabouts:
    return Whereabouts(steps, steps / 10, steps * 2, steps, steps * 80)


@given(st.lists(st.integers(1, 300), max_size=20), st.integers(2, 16).map(lambda n: 2 * n))
def test_any_chunks_give_the_same_track_and_places(sizes: list[int], capacity: int) -> None:
    total = sum(sizes)
    steps = np.arange(total, dtype=float)
    whole, parts = Track(capacity), Track(capacity)
    series, pieces = Series(capacity), Series(capacity)
    whole.add(total, lambda at: np.stack(places(steps))[:, at])
    series.add(steps, lambda at: steps[at] + 5)
    start = 0
    for size in sizes:
        part = steps[start : start + size]
        parts.add(size, lambda at, part=part: np.stack(places(part))[:, at])
        pieces.add(part, lambda at, part=part: part[at] + 5)
        start += size
    for one, two in zip(whole.columns()[1], parts.columns()[1], strict=True):
        assert one.tolist() == two.tolist()
    assert series.points()[0].tolist() == pieces.points()[0].tolist()
    ordinals, kept = parts.columns()
    assert ordinals.tolist() == kept.steps.tolist()
    assert len(ordinals) <= capacity


def test_ranks_of_different_length_join() -> None:
    short, long = fake_views.curve(10), replace(fake_views.curve(30, seed=9), who=RankId(1))
    joined = over_ranks([short, long])
    assert len(joined.x) == 30
    assert joined.mean[20:].tolist() == long.mean[20:].tolist()


def test_lateness_counts_over_epochs_of_known_length() -> None:
    ranks = [fake_views.rank(0, step=5), fake_views.rank(1, step=170, shown_epoch=13.0)]
    assert [rank.behind for rank in with_lateness(ranks)] == [0, 6]
    unknown = [replace(rank, total_batches=None) for rank in ranks]
    assert [rank.behind for rank in with_lateness(unknown)] == [None, None]


def test_a_rank_in_validation_is_not_compared() -> None:
    ranks = [fake_views.rank(0), fake_views.rank(1, step=90), fake_views.rank(2, step=3)]
    ranks[2] = replace(ranks[2], phase=Phase.VALIDATION)
    assert [rank.behind for rank in with_lateness(ranks)] == [0, 14, None]


def test_what_is_over_is_remembered() -> None:
    history = AlertHistory()
    stall = fake_views.stall_finding()
    (first,) = history.take([stall], 100.0, 0.0)
    assert (first.since, first.until) == (100.0, None)
    (still,) = history.take([fake_views.stall_finding("5 min")], 160.0, 0.0)
    assert still.since == 100.0
    assert "5 min" in still.finding.message
    (over,) = history.take([], 200.0, 0.0)
    assert (over.finding.active, over.until) == (False, 200.0)
    (again,) = history.take([stall], 300.0, 0.0)
    assert (again.finding.active, again.until) == (True, None)


def test_a_finding_began_when_its_proof_says() -> None:
    nan = replace(fake_views.spike_finding(), rule="loss_nan")
    proof = nan.evidence[0]._replace(text="1970-01-01 01:00:00,000 [DEBUG] loss=nan")
    (one,) = AlertHistory().take([replace(nan, evidence=(proof,))], 9000.0, 0.0)
    assert (one.since, one.stated) == (3600.0, True)


def snapshot_of(text: str) -> RunView:
    engine = Engine(RunInfo("run"))
    engine.feed(Chunk(LogFile("train.log"), 0, text.encode(), 0.0))
    engine.feed(FileEnded(LogFile("train.log"), "read to its end"))
    engine.tick(0.0)
    return engine.snapshot()


def test_a_gradient_is_no_loss_of_its_epoch() -> None:
    text = "".join(
        f"Epoch [1/5] Step [{step}/40] loss: {3 - step / 40:.4f} grad_norm: 50.0 lr: 1e-05\n"
        for step in range(40)
    )
    first = snapshot_of(text).epochs[0]
    assert (first.loss_min, first.loss_max, first.records) == (2.025, 3.0, 40)


def test_steps_of_a_validation_tell_nothing_of_the_pace() -> None:
    lines = [f"10:00:{at:02},000 [DEBUG] [Rank 0] Training step {at}, loss=0.5" for at in range(20)]
    lines += [
        f"10:00:{20 + at:02},000 [DEBUG] [Rank 0] Validation step {4 * at}, loss=0.5"
        for at in range(3)
    ]
    view = snapshot_of("".join(f"2026-11-25 {line}\n" for line in lines))
    assert view.steps_per_second == pytest.approx(1.0)


def test_a_share_that_was_rounded_to_nothing_is_in_the_first_epoch() -> None:
    text = "".join(
        f'{{"current_steps": {5 * at}, "total_steps": 8712, "loss": {2 - at / 100}, '
        f'"lr": 5e-05, "epoch": {at // 3 / 100}, "percentage": 0.1}}\n'
        for at in range(1, 12)
    )
    (only,) = snapshot_of(text).epochs
    assert (only.epoch, only.records, only.complete) == (1.0, 11, False)
