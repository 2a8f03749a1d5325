"""Where a rank is, and when a new attempt begins."""

import pytest

from core.feeding import MTIME, SHARED, Writing, read, read_files, read_lines, recorded
from trainwatch.events import Chunk, FileEnded, LogFile, Phase
from trainwatch.formats.filenames import describe
from trainwatch.model.attempts import number_attempts

LIFE = [
    ("[Rank 0] init done world=2 pid=11", Phase.STARTING, None, None),
    ("[Rank 0] ========== EPOCH 0 TRAINING START ==========", Phase.TRAINING, 0, None),
    ("[Rank 0] Training step 0, loss=1.0", Phase.TRAINING, 0, 0),
    ("[Rank 0] Training step 500, loss=0.9", Phase.TRAINING, 0, 500),
    ("[Rank 0] Processed 500 training batches", Phase.TRAINING, 0, 500),
    ("[Rank 0] ========== EPOCH 0 TRAINING END ==========", Phase.TRAIN_TO_VALIDATION, 0, 500),
    ("[Rank 0] ========== EPOCH 0 VALIDATION START ==========", Phase.VALIDATION, 0, None),
    ("[Rank 0] Validation step 20, loss=0.8", Phase.VALIDATION, 0, 20),
    ("[Rank 0] ========== EPOCH 0 VALIDATION END ==========", Phase.AFTER_VALIDATION, 0, 20),
    ("[Rank 0] Saving checkpoint...", Phase.CHECKPOINT, 0, 20),
    ("[Rank 0] Checkpoint saved", Phase.AFTER_VALIDATION, 0, 20),
    ("[Rank 0] ========== EPOCH 1 TRAINING START ==========", Phase.TRAINING, 1, None),
    ("[Rank 0] Training step 0, loss=0.7", Phase.TRAINING, 1, 0),
    ("[Rank 0] Saving checkpoint...", Phase.CHECKPOINT, 1, 0),
    ("[Rank 0] Saving checkpoint...", Phase.CHECKPOINT, 1, 0),
    ("[Rank 0] Checkpoint saved", Phase.TRAINING, 1, 0),
    ("[Rank 0] Checkpoint saved", Phase.TRAINING, 1, 0),
]


def test_a_rank_moves_through_its_phases() -> None:
    writing = Writing()
    for at, (line, phase, epoch, step) in enumerate(LIFE):
        writing.line("debug_rank0_x.log", line, MTIME + at)
        (rank,) = writing.view(MTIME + at).ranks
        assert (rank.phase, rank.epoch, rank.step) == (phase, epoch, step), line
        assert rank.last is not None
        assert rank.last.text == line
        assert rank.pid == 11


CHINESE = "Epoch [{}/3] - 进度 0.0% ({}/9) - Batch Loss: 0.5 - LR: 0.1"
MARKER = "[Rank 0] ========== EPOCH {} TRAINING START =========="
STEP = "[Rank 0] Training step {}, loss=0.5"
INIT = "[Rank 0] init done world=2 pid={}"


@pytest.mark.parametrize(
    ("lines", "attempts"),
    [
        ([MARKER.format(0), MARKER.format(1), MARKER.format(2)], 1),
        ([MARKER.format(0), MARKER.format(1), MARKER.format(1)], 2),
        ([MARKER.format(0), MARKER.format(1), MARKER.format(0), MARKER.format(1)], 2),
        ([INIT.format(1), MARKER.format(0), STEP.format(0), INIT.format(2), MARKER.format(1)], 2),
        ([INIT.format(1), INIT.format(2), MARKER.format(0)], 1),
        ([STEP.format(0), "✅ 从checkpoint恢复训练", STEP.format(5)], 2),
        ([STEP.format(0), "🆕 开始新的训练", STEP.format(0)], 2),
        ([STEP.format(0), "尝试 2 / 5", "✅ 从checkpoint恢复训练", STEP.format(0)], 2),
        ([CHINESE.format(e, b) for e in (1, 2, 3) for b in (0, 5)], 1),
        ([CHINESE.format(e, b) for e in (1, 2, 3, 1, 2) for b in (0, 5)], 2),
        ([CHINESE.format(e, b) for e in (1, 2, 1) for b in range(9)], 2),
        ([CHINESE.format(e, b) for e, b in [(1, 7), (2, 0), (1, 8), (1, 8), (2, 1)]], 1),
    ],
    ids=[
        "epochs go on",
        "an epoch begins again",
        "the markers go back",
        "the process group is up again",
        "a start without a record",
        "resumed",
        "a fresh start",
        "started again and resumed: one restart",
        "batches go on",
        "batches go back by two epochs",
        "batches go back by one epoch",
        "two ranks mixed in one log at the turn of an epoch",
    ],
)
def test_restarts_in_one_log(lines: list[str], attempts: int) -> None:
    assert read_lines(lines).view().attempt == attempts - 1


@pytest.mark.parametrize("step", [1, 2, 3, 5, 100])
def test_late_lines_of_the_epoch_before_are_bounded_whatever_the_chunks(step: int) -> None:
    batches = [(1, 0), (2, 0), *[(1, n) for n in range(20)]]
    lines = [CHINESE.format(epoch, batch) for epoch, batch in batches]
    writing = Writing()
    for at in range(0, len(lines), step):
        writing.write("console.log", "".join(f"{x}\n" for x in lines[at : at + step]), MTIME)
    epochs = writing.view(MTIME).epochs

    assert [(e.attempt, e.epoch, e.records) for e in epochs] == [(0, 1, 8), (0, 2, 1), (1, 1, 13)]


def test_a_resumed_run_writes_new_dated_files() -> None:
    view = recorded("resumed").view()

    assert view.attempt == 1
    assert {rank.attempt for rank in view.ranks} == {1}
    assert [(epoch.attempt, epoch.epoch) for epoch in view.epochs] == [
        (0, 1),
        (0, 2),
        (1, 2),
        (1, 3),
    ]
    (curve,) = [curve for curve in view.curves if curve.metric == "loss"]
    assert curve.attempts == (75,)


def test_attempts_are_numbered_by_the_starts_in_the_names() -> None:
    names = [
        "console.log",
        "logs/train_20231203_143025.log",
        "logs/debug_rank0_20231203_143025.log",
        "logs/debug_rank1_20231203_143027.log",
        "logs/debug_rank0_20231203_150000.log",
        "logs/debug_rank1_20231203_150001.log",
        "logs/train_20231203_150002.log",
        "logs/train_20231203_160000.log",
    ]

    assert list(number_attempts(describe(name) for name in names).values()) == [
        *(0, 0, 0, 0, 1, 1, 1, 2)
    ]
    backwards = number_attempts(describe(name) for name in reversed(names))
    assert backwards == number_attempts(describe(name) for name in names)


def test_attempts_are_numbered_by_torchruns_log_tree() -> None:
    names = ["D/run_x/attempt_0/0/stdout.log", "D/run_x/attempt_2/0/stdout.log"]

    assert number_attempts(describe(name) for name in names) == {names[0]: 0, names[1]: 2}


def test_a_rank_without_a_log_of_the_newest_attempt_is_dead_and_proves_no_hang() -> None:
    def log(rank: int, step: int) -> str:
        stamp = "2023-12-03 15:00:00,000 [DEBUG]"
        marker = f"{stamp} [Rank {rank}] ========== EPOCH 0 TRAINING START ==========\n"
        return f"{marker}{stamp} [Rank {rank}] Training step {step}, loss=0.5\n"

    view = read_files(
        {
            "debug_rank0_20231203_143025.log": log(0, 700),
            "debug_rank1_20231203_143025.log": log(1, 700),
            "debug_rank0_20231203_150000.log": log(0, 5),
        }
    ).view()

    assert [(rank.who.rank, rank.attempt, rank.state) for rank in view.ranks] == [
        (0, 1, "unknown"),
        (1, 0, "dead"),
    ]
    assert (view.status, view.alerts) == ("unknown", ())


def test_the_epoch_goes_on_through_a_rotation() -> None:
    name = "logs/debug_rank0_20231203_143025.log"
    old, new = LogFile(f"{name}.1"), LogFile(name)
    reading = read(
        Chunk(
            old, 0, f"{MARKER.format(3)}\n{STEP.format(1)}\n{STEP.format(2)[:-4]}".encode(), MTIME
        ),
        FileEnded(old, "rotated"),
        Chunk(new, 0, f"{STEP.format(3)}\n".encode(), MTIME),
    )

    assert [(row.file, row.line, row.epoch, row.step) for row in reading.rows] == [
        (f"{name}.1", 2, 3.0, 1),
        (name, 1, 3.0, 3),
    ]
    assert reading.view().attempt == 0
    assert reading.engine.run.tally.unparsed == 1


def test_a_new_part_ends_the_old_one_even_if_nobody_says_so() -> None:
    old, new = LogFile("console.log"), LogFile("console.log", generation=1)
    reading = read(
        Chunk(old, 0, b"[Rank 0] Training step 1, loss=0.07", MTIME),
        Chunk(new, 0, b"[Rank 0] Training step 2, loss=0.5\n", MTIME),
        FileEnded(old, "truncated"),
        Chunk(new, 35, b"[Rank 0] Training step 3, loss=0.5\n", MTIME),
    )

    assert [(row.line, row.offset, row.step) for row in reading.rows] == [(1, 0, 2), (2, 35, 3)]
    assert (reading.engine.run.tally.lines, reading.engine.run.tally.bytes) == (2, 105)


def test_line_numbers_and_the_epoch_are_unknown_where_reading_begins_in_the_middle() -> None:
    file = LogFile("console.log", start=5000)
    (row,) = read(Chunk(file, 5000, f"{STEP.format(3)}\n".encode(), MTIME)).rows

    assert (row.line, row.offset, row.epoch) == (None, 5000, None)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the recorded hangs of ../shared are not here")
@pytest.mark.parametrize(
    ("case", "places"),
    [
        ("a_loader_sleep", [("training", 4)] * 3),
        ("b2_skip_last", [("training", 10), ("train_to_validation", 11), ("training", 10)]),
        ("c_ckpt_rank0", [("checkpoint", None), *[("after_validation", None)] * 2]),
        ("d_uneven", [("training", 7), ("train_to_validation", 7), ("training", 7)]),
    ],
)
def test_where_the_ranks_of_real_hangs_stand(
    case: str, places: list[tuple[str, int | None]]
) -> None:
    logs = (SHARED / "samples" / "hangs" / case).glob("debug_*.log")
    view = read_files({path.name: path.read_bytes() for path in sorted(logs)}).view()

    assert [(rank.phase, rank.step) for rank in view.ranks] == places
    assert view.status == ("unknown" if case == "a_loader_sleep" else "stalled")
