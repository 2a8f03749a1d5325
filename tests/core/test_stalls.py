"""When silence is a stall, and when it is nothing."""

import pytest

from core.feeding import (
    MTIME,
    SHARED,
    Writing,
    case_files,
    new_reading,
    read_files,
    recorded,
    sample_cases,
)
from trainwatch.events import Chunk, LogFile, RunInfo
from trainwatch.health.config import Config, StallConfig
from trainwatch.model.snapshot import Health, RankStatus, RunView, Status

HEALTHY = (
    *("healthy_4ranks", "finished", "resumed", "chinese", "no_timestamps", "info_only", "demo"),
)
ALIVE = RunInfo("logs", alive=True)
HOUR = 3600.0


def log_of(rank: int) -> str:
    return f"logs/debug_rank{rank}_20231203_143025.log"


def line(rank: int, text: str) -> str:
    return f"[DEBUG] [Rank {rank}] {text}"


def training(writing: Writing, ranks: int, gap: float, count: int, *, stride: int = 1) -> float:
    """A job whose ranks write a step every `gap` seconds; returns the moment of the last one."""
    now = MTIME
    for rank in range(ranks):
        writing.line(log_of(rank), line(rank, "init done world=2 pid=1"), now)
        marker = "========== EPOCH 0 TRAINING START =========="
        writing.line(log_of(rank), line(rank, marker), now)
    for n in range(count):
        now = MTIME + n * gap
        for rank in range(ranks):
            writing.line(log_of(rank), line(rank, f"Training step {n * stride}, loss=0.5"), now)
    return now


def states(view: RunView) -> list[str]:
    return [rank.state.value for rank in view.ranks]


# --- healthy jobs give no alarm ---------------------------------------------------------------


@pytest.mark.parametrize("case", [case for case in HEALTHY if case in sample_cases()])
@pytest.mark.parametrize("after", [0.0, 60.0, HOUR, 1000 * HOUR])
def test_no_alarm_on_a_healthy_recorded_run(case: str, after: float) -> None:
    view = recorded(case).view(MTIME + after)

    assert view.alerts == ()
    assert view.health is Health.OK
    assert view.status in (Status.UNKNOWN, Status.COMPLETED, Status.RUNNING)


@pytest.mark.parametrize("case", [case for case in HEALTHY if case in sample_cases()])
def test_no_alarm_at_any_moment_of_a_healthy_run_that_is_watched(case: str) -> None:
    """The files grow together, at the pace at which they were written."""
    files = {name: data.splitlines(keepends=True) for name, data in case_files(case).items()}
    writing = Writing(info=ALIVE)
    now = MTIME
    for tenth in range(10):
        now += 4.0
        for name, lines in files.items():
            part = lines[len(lines) * tenth // 10 : len(lines) * (tenth + 1) // 10]
            if part:
                writing.write(name, b"".join(part), now)
        for wait in (0.1, 2.0, 3.9):
            assert writing.view(now + wait).alerts == ()


@pytest.mark.parametrize(
    ("gap", "stride"), [(0.05, 1), (1.0, 1), (60.0, 500)], ids=["fast", "every batch", "every 500"]
)
def test_no_alarm_between_two_lines_of_a_job_at_its_own_rhythm(gap: float, stride: int) -> None:
    writing = Writing(info=ALIVE)
    now = training(writing, 2, gap, 1, stride=stride)
    for n in range(1, 40):
        for share in (0.3, 0.6, 0.99):
            view = writing.view(now + gap * share)
            assert (view.alerts, view.status) == ((), Status.RUNNING), n
        now = MTIME + n * gap
        for rank in range(2):
            text = f"Training step {n * stride}, loss=0.5"
            writing.line(log_of(rank), line(rank, text), now)


def test_no_alarm_while_a_job_starts() -> None:
    writing = Writing(info=ALIVE)
    assert writing.view(MTIME).status is Status.STARTING
    writing.line("console.log", "loading modules", MTIME)
    writing.line(log_of(0), line(0, "init done world=2 pid=1"), MTIME)

    view = writing.view(MTIME + 599.0)

    assert (view.status, view.alerts) == (Status.STARTING, ())
    assert writing.view(MTIME + 601.0).status is Status.STALLED


def test_no_alarm_in_a_job_whose_debug_lines_are_off() -> None:
    """Its ranks never say where they are, so that their silence has no measure."""
    writing = Writing(info=ALIVE)
    for rank in range(4):
        writing.line(log_of(rank), "2026-11-30 00:53:20,000 [INFO] Starting training...", MTIME)
    writing.line("logs/train_20231203_143025.log", "[INFO] Starting training...", MTIME)

    assert writing.view(MTIME + 4 * HOUR).alerts == ()


def test_ranks_without_debug_lines_prove_no_hang_of_one_that_has_them() -> None:
    files = {log_of(rank): "[INFO] Starting training...\n" for rank in range(4)}
    files[log_of(0)] += line(0, "Training step 7, loss=0.5") + "\n"

    view = read_files(files).view(MTIME + HOUR)

    assert (view.status, view.alerts) == (Status.UNKNOWN, ())


def test_a_finished_job_is_not_silent() -> None:
    writing = Writing(info=ALIVE)
    now = training(writing, 2, 1.0, 30)
    writing.line("logs/train_20231203_143025.log", "[INFO] Training complete", now)

    view = writing.view(now + HOUR, stated=True)

    assert (view.status, view.alerts) == (Status.COMPLETED, ())
    assert states(view) == ["finished", "finished"]


# --- silence ----------------------------------------------------------------------------------


def ended_log(**given: object) -> Writing:
    """Both ranks end at the same step, as in a file that was copied away."""
    writing = Writing(**given)
    training(writing, 2, 1.0, 30)
    return writing


def test_a_log_that_simply_ends_is_unknown_however_old_it_is() -> None:
    writing = ended_log()
    view = writing.view(MTIME + 29.0 + 1000 * HOUR)

    assert (view.status, states(view), view.alerts) == (Status.UNKNOWN, ["unknown"] * 2, ())
    assert "whether the training lives is not known" in view.sentence


def test_a_log_that_was_written_just_now_runs() -> None:
    assert ended_log().view(MTIME + 30.0).status is Status.RUNNING


def test_the_same_silence_is_a_hang_when_the_user_states_the_moment() -> None:
    view = ended_log().view(MTIME + 29.0 + 60.0, stated=True)

    assert (view.status, view.health) == (Status.STALLED, Health.CRITICAL)
    assert states(view) == ["stalled"] * 2
    (hang,) = view.alerts
    assert (hang.rule, hang.who.rank) == ("hang", None)
    assert hang.message == "no rank moved for 1 min 00 s"
    assert [(e.file, e.line) for e in hang.evidence] == [(log_of(0), 32), (log_of(1), 32)]
    assert hang.refute


def test_the_same_silence_is_a_hang_while_a_process_is_alive() -> None:
    assert ended_log(info=ALIVE).view(MTIME + 29.0 + 60.0).status is Status.STALLED


def test_the_same_silence_is_a_failure_when_no_process_is_left() -> None:
    view = ended_log(info=RunInfo("logs", alive=False)).view(MTIME + 60.0)

    assert (view.status, states(view)) == (Status.FAILED, ["dead", "dead"])


@pytest.mark.parametrize(
    ("texts", "differ"),
    [
        (["Training step 30, loss=0.5"], False),
        (["Training step 30, loss=0.5", "Training step 31, loss=0.5"], True),
        (["========== EPOCH 0 TRAINING END =========="], True),
        (["========== EPOCH 1 TRAINING START =========="], True),
        (["Saving checkpoint..."], True),
    ],
)
def test_the_same_silence_is_a_stall_where_the_positions_differ(
    texts: list[str], differ: bool
) -> None:
    writing = ended_log()
    for text in texts:
        writing.line(log_of(1), line(1, text), MTIME + 30.0)

    view = writing.view(MTIME + 30.0 + HOUR)

    assert view.status is (Status.STALLED if differ else Status.UNKNOWN)
    assert bool(view.alerts) == differ


def test_one_printed_step_apart_is_no_difference_at_any_stride() -> None:
    writing = Writing()
    training(writing, 3, 60.0, 10, stride=500)
    writing.line(log_of(1), line(1, "Training step 5000, loss=0.5"), MTIME + 600.0)
    assert writing.view(MTIME + HOUR).status is Status.UNKNOWN
    writing.line(log_of(1), line(1, "Training step 5500, loss=0.5"), MTIME + 660.0)
    assert writing.view(MTIME + HOUR).status is Status.STALLED


def test_one_silent_rank_is_named_and_the_others_are_not() -> None:
    writing = Writing(info=ALIVE)
    now = training(writing, 4, 1.0, 30)
    for n in range(30, 90):
        now = MTIME + n
        for rank in (0, 1, 3):
            writing.line(log_of(rank), line(rank, f"Training step {n}, loss=0.5"), now)

    view = writing.view(now)

    assert states(view) == ["active", "active", "stalled", "active"]
    (stall,) = view.alerts
    assert (stall.rule, stall.who.rank, stall.step, stall.epoch) == ("stall", 2, 29, 0.0)
    assert "silent for 1 min 00 s in training, epoch 0 step 29" in stall.message
    assert stall.evidence[0].text == line(2, "Training step 29, loss=0.5")


def test_a_stall_is_over_when_the_rank_writes_again() -> None:
    writing = ended_log(info=ALIVE)
    assert writing.view(MTIME + 100.0).alerts
    for rank in range(2):
        writing.line(log_of(rank), line(rank, "Training step 30, loss=0.5"), MTIME + 101.0)

    view = writing.view(MTIME + 102.0)
    assert (view.alerts, view.status) == ((), Status.RUNNING)


# --- how long is too long ---------------------------------------------------------------------


def limit(writing: Writing) -> float | None:
    return writing.view(MTIME).ranks[0].silence_limit


@pytest.mark.parametrize(
    ("gap", "expected"), [(0.1, 20.0), (1.0, 20.0), (5.0, 20.0), (10.0, 40.0), (60.0, 240.0)]
)
def test_the_limit_follows_the_rhythm_above_a_floor_of_20_seconds(
    gap: float, expected: float
) -> None:
    writing = Writing(info=ALIVE)
    training(writing, 1, gap, 50)

    assert limit(writing) == pytest.approx(expected)


def test_without_a_history_of_the_phase_the_floor_is_120_seconds() -> None:
    writing = Writing(info=ALIVE)
    training(writing, 1, 1.0, 50)
    writing.line(log_of(0), line(0, "========== EPOCH 0 TRAINING END =========="), MTIME + 50.0)

    assert limit(writing) == 120.0
    assert writing.view(MTIME + 50.0 + 119.0).status is Status.RUNNING
    assert writing.view(MTIME + 50.0 + 121.0).status is Status.STALLED


def test_the_limit_is_exact() -> None:
    writing = ended_log(info=ALIVE)

    assert writing.view(MTIME + 29.0 + 20.0).status is Status.RUNNING
    assert writing.view(MTIME + 29.0 + 20.1).status is Status.STALLED


def test_floors_and_factor_can_be_configured() -> None:
    config = Config(stall=StallConfig(factor=2.0, floor_seconds=1.0, floor_unknown_seconds=7.0))
    writing = Writing(config=config)
    training(writing, 1, 3.0, 50)
    assert limit(writing) == 6.0
    writing.line(log_of(0), line(0, "========== EPOCH 0 TRAINING END =========="), MTIME + 150.0)
    assert limit(writing) == 7.0


def test_a_log_that_seldom_writes_is_given_more_time_in_a_new_phase() -> None:
    writing = Writing()
    training(writing, 1, 100.0, 3)
    writing.line(log_of(0), line(0, "========== EPOCH 0 TRAINING END =========="), MTIME + 200.0)
    assert limit(writing) == 200.0


def test_a_log_of_the_past_has_the_rhythm_that_it_states() -> None:
    lines = "".join(
        f"2026-11-30 00:{n:02d}:00,000 [DEBUG] [Rank 0] Training step {n * 500}, loss=0.5\n"
        for n in range(50)
    )
    reading = new_reading()
    reading.engine.feed(Chunk(LogFile(log_of(0)), 0, lines.encode(), MTIME))
    (rank,) = reading.view(MTIME).ranks

    assert rank.silence_limit == 240.0
    assert rank.step_seconds == 60.0


def test_a_slow_rank_is_marked() -> None:
    writing = Writing(info=ALIVE)
    for rank in range(4):
        gap = 3.0 if rank == 2 else 1.0
        marker = "========== EPOCH 0 TRAINING START =========="
        writing.line(log_of(rank), line(rank, marker), MTIME)
        for n in range(20):
            writing.line(log_of(rank), line(rank, f"Training step {n}, loss=1"), MTIME + n * gap)
    view = writing.view(MTIME + 15.0)

    assert view.ranks[2].state is RankStatus.SLOW
    assert view.alerts == ()


def test_a_clock_that_is_stepped_back_gives_no_negative_silence() -> None:
    (rank, _) = ended_log().view(MTIME - 500.0).ranks

    assert rank.silent_seconds == 0.0


# --- recorded hangs ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "status"),
    [
        ("hang_train_to_validation", Status.UNKNOWN),
        ("silent_rank", Status.UNKNOWN),
        ("stuck_checkpoint", Status.STALLED),
        ("nan", Status.COMPLETED),
        ("oom", Status.FAILED),
    ],
)
def test_the_recorded_troubles(case: str, status: Status) -> None:
    reading = recorded(case)

    assert reading.view(MTIME).status is status
    if status is Status.UNKNOWN:
        assert reading.view(MTIME, stated=True).status is Status.STALLED


@pytest.mark.skipif(not SHARED.is_dir(), reason="the recorded hangs of ../shared are not here")
@pytest.mark.parametrize(
    ("case", "status"),
    [
        ("a_loader_sleep", Status.UNKNOWN),
        ("e2_loader_child_sleep", Status.UNKNOWN),
        ("f_straggler", Status.UNKNOWN),
        ("b2_skip_last", Status.STALLED),
        ("c_ckpt_rank0", Status.STALLED),
        ("d_uneven", Status.STALLED),
        ("b_skip_allreduce", Status.FAILED),
        ("e_worker_kill", Status.FAILED),
    ],
)
def test_the_real_hangs(case: str, status: Status) -> None:
    folder = SHARED / "samples" / "hangs" / case
    paths = [*sorted(folder.glob("debug_*.log")), folder / "console.txt"]
    reading = read_files({path.name: path.read_bytes() for path in paths})

    assert reading.view(MTIME).status is status
    stated = Status.FAILED if status is Status.FAILED else Status.STALLED
    assert reading.view(MTIME, stated=True).status is stated
