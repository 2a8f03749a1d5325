"""How far a run is and when it is done: from stated totals only."""

import pytest

from core.feeding import MTIME, Writing, read_lines, read_text, recorded
from trainwatch.events import RunInfo
from trainwatch.model.snapshot import RunView, Status

LOG = "log/training_20231203_143025.log"
ALIVE = RunInfo("logs", alive=True)


def batch(epoch: int, number: int, epochs: int = 4, batches: int = 100) -> str:
    return (
        f"Epoch [{epoch}/{epochs}] - 进度 1.0% ({number}/{batches}) - Batch Loss: 0.5 - LR: 0.001"
    )


def view_of(*lines: str) -> RunView:
    return read_lines(lines, LOG).view(MTIME)


@pytest.mark.parametrize(
    ("epoch", "number", "progress"),
    [(1, 0, 0.0), (1, 50, 0.125), (2, 0, 0.25), (3, 25, 0.5625), (4, 99, 0.9975), (4, 100, 1.0)],
)
def test_progress_from_epochs_and_batches(epoch: int, number: int, progress: float) -> None:
    view = view_of(batch(epoch, number))

    assert view.progress == pytest.approx(progress)
    assert view.epoch_progress == pytest.approx(number / 100)
    assert (view.epoch, view.total_epochs, view.step) == (epoch, 4, number)


def test_a_complete_epoch_counts_whole() -> None:
    view = view_of(batch(2, 99), "Epoch [2/4] 完成", "平均损失: 0.5")

    assert (view.progress, view.epoch_progress) == (0.5, 1.0)


@pytest.mark.parametrize(
    "line",
    [
        batch(9, 500),
        batch(1, 5, epochs=0),
        batch(1, 5, batches=0),
        batch(-7, 5),
        batch(1, -5),
        batch(10**17, 10**17),
    ],
)
def test_progress_is_a_share_whatever_is_printed(line: str) -> None:
    for view in (view_of(line), view_of(line, line)):
        for share in (view.progress, view.epoch_progress):
            assert share is None or 0.0 <= share <= 1.0


def test_without_a_stated_total_there_is_no_progress_and_no_eta() -> None:
    writing = Writing(info=ALIVE)
    for n in range(50):
        writing.line("debug_rank0_x.log", f"[Rank 0] Training step {n}, loss=0.5", MTIME + n)
    view = writing.view(MTIME + 50)

    assert view.status is Status.RUNNING
    assert (view.progress, view.eta_seconds, view.eta_basis) == (None, None, None)


@pytest.mark.parametrize("pace", [0.01, 1.0, 30.0])
def test_the_eta_is_measured_at_the_pace_that_was_seen(pace: float) -> None:
    writing = Writing(info=ALIVE)
    for n in range(150):
        writing.line(LOG, batch(1 + n // 100, n % 100), MTIME + n * pace)
    view = writing.view(MTIME + 149 * pace)

    assert view.eta_basis == "measured"
    assert view.eta_seconds == pytest.approx((400 - 149) * pace)
    assert view.elapsed_seconds == pytest.approx(149 * pace)


def test_the_eta_of_a_resumed_run_begins_at_its_first_batch() -> None:
    writing = Writing(info=ALIVE)
    for n in range(50):
        writing.line(LOG, batch(3, 40 + n), MTIME + n)
    view = writing.view(MTIME + 49)

    assert view.eta_seconds == pytest.approx(400 - 289)


def test_the_eta_follows_the_newest_epochs() -> None:
    writing = Writing(info=ALIVE)
    now = MTIME
    for epoch in range(1, 11):
        for n in range(0, 100, 10):
            now += 1.0 if epoch < 6 else 10.0
            writing.line(LOG, batch(epoch, n, epochs=20), now)
    view = writing.view(now)

    assert view.eta_seconds == pytest.approx(10 * (20 * 10 - 99), rel=0.03)


def test_the_log_is_believed_where_nothing_can_be_measured() -> None:
    text = "\n".join([batch(2, 99), "Epoch [2/4] 完成", "预计剩余时间: 0.75小时", ""])
    view = read_text(text, LOG).view(MTIME)

    assert (view.eta_seconds, view.eta_basis) == (2700.0, "stated")
    assert "about 45 min 00 s left, as the log says" in view.sentence


def test_stated_seconds_of_epochs_are_a_measure() -> None:
    text = "\n".join([batch(2, 99), "Epoch [2/4] 完成", "本epoch用时: 30.0秒", ""])
    view = read_text(text, LOG).view(MTIME)

    assert (view.eta_seconds, view.eta_basis) == (60.0, "measured")


@pytest.mark.parametrize("value", ["inf", "nan", "-inf"])
def test_a_stated_eta_that_is_no_time_is_not_known(value: str) -> None:
    lines = [
        batch(2, 99),
        "Epoch [2/4] 完成",
        f"本epoch用时: {value}秒",
        f"预计剩余时间: {value}小时",
    ]
    view = read_lines(lines, LOG).view(MTIME)

    assert view.status is Status.RUNNING
    assert (view.eta_seconds, view.eta_basis) == (None, None)
    assert view.sentence == "epoch 2 of 4 · 50.0 %"


def test_a_run_that_does_not_move_has_no_eta() -> None:
    writing = Writing(info=ALIVE)
    for n in range(150):
        writing.line(LOG, batch(1 + n // 100, n % 100), MTIME + n)

    view = writing.view(MTIME + 10_000)

    assert (view.status, view.eta_seconds) == (Status.STALLED, None)
    assert view.progress == pytest.approx(149 / 400)


def test_times_of_the_log_are_used_after_the_fact() -> None:
    view = recorded("healthy_4ranks").view(MTIME)

    assert view.progress == pytest.approx((2 + 50 / 60) / 20)
    assert view.elapsed_seconds == pytest.approx(35.622 - 21.734, abs=0.02)
    assert view.started is None  # only a run of ours knows when it was started


def test_a_completed_run_is_whole() -> None:
    view = recorded("finished").view(MTIME)

    assert (view.status, view.progress, view.eta_seconds) == (Status.COMPLETED, 1.0, None)


@pytest.mark.parametrize(("code", "status"), [(0, Status.COMPLETED), (1, Status.FAILED)])
def test_the_exit_code_goes_before_what_the_log_says(code: int, status: Status) -> None:
    info = RunInfo("logs", exit_code=code, started=MTIME, ended=MTIME + 60.0)
    for lines in ([batch(1, 5)], [batch(4, 99), "✅ 训练完成！"]):
        view = read_lines(lines, LOG, info=info).view(MTIME + 1000)
        assert view.status is status
        assert view.elapsed_seconds == 60.0


def test_the_end_of_an_attempt_is_not_the_end_of_the_next_one() -> None:
    lines = [batch(4, 99), "✅ 训练完成！", "🆕 开始新的训练", batch(1, 0)]
    view = read_lines(lines, LOG).view(MTIME)

    assert (view.status, view.attempt) == (Status.RUNNING, 1)


def test_a_failure_that_the_rank_survived_is_over() -> None:
    lines = [
        "[rank0]: Traceback (most recent call last):",
        "[rank0]:   File x",
        "[rank0]: ValueError: handled",
        "[Rank 0] Training step 1, loss=0.5",
    ]
    failed = read_lines(lines[:3]).view(MTIME)
    survived = read_lines(lines).view(MTIME)

    assert (failed.status, [rank.state for rank in failed.ranks]) == (Status.FAILED, ["dead"])
    assert (survived.status, survived.alerts) == (Status.RUNNING, ())
