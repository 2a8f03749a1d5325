"""Failures in logs: what must be recognised, what must not, and who reports it."""

import pytest

from core.feeding import Reading, read_files, read_lines, read_text
from trainwatch.events import (
    Fault,
    FaultKind,
    LaunchFailed,
    RankId,
    TrainingEnded,
    WorkerFailure,
)
from trainwatch.formats.faults import SIGNATURES, Signature

TRACEBACK = [
    "Traceback (most recent call last):",
    '  File "train.py", line 3, in <module>',
    "    main()",
]
BLOCK = [
    "=" * 60,
    "train_ddp.py FAILED",
    "-" * 60,
    "Failures:",
    "[1]:",
    "  time      : 2026-11-21_20:52:50",
    "  host      : node1",
    "  rank      : 8 (local_rank: 0)",
    "  exitcode  : -15 (pid: 10312)  (SIGTERM)",
    "  error_file: /tmp/error.json",
    "  traceback : Traceback (most recent call last):",
    '    File "train.py", line 47, in main',
    "  RuntimeError: Connection closed by peer",
    "  ",
    "-" * 60,
    "Root Cause (first observed failure):",
    "[0]:",
    "  time      : 2026-11-21_20:52:50",
    "  host      : node1",
    "  rank      : 9 (local_rank: 1)",
    "  exitcode  : 1 (pid: 10313) ",
    "  error_file: <N/A>",
    "  traceback : To enable traceback see: https://pytorch.org/docs",
    "=" * 60,
]


def faults(reading: Reading) -> list[tuple[FaultKind, bool, RankId, str | None]]:
    return [(f.kind, f.fatal, f.who, f.exception) for f in reading.of_kind(Fault)]


@pytest.mark.parametrize("signature", SIGNATURES, ids=lambda signature: signature.kind.value)
def test_a_signature_fits_its_samples_and_no_look_alike(signature: Signature) -> None:
    assert signature.samples
    assert signature.benign
    for sample in signature.samples:
        assert signature.pattern.search(sample.encode()), sample
        first = next(s for s in SIGNATURES if s.pattern.search(sample.encode()))
        assert first is signature, sample
    for look_alike in signature.benign:
        assert not signature.pattern.search(look_alike.encode()), look_alike


@pytest.mark.parametrize(
    "line",
    [
        "[INFO] memory: 12.5 GiB allocated",
        "[INFO] set PYTORCH_ALLOC_CONF to avoid running out of memory",
        "[WARNING] cuda error checking is slow",
        "[INFO] mean error: 0.0123",
        "error_rate=0.5 errors: 0",
        "[WARNING] shard 3 is smaller than the others",
        "[INFO] shard error rate: 0",
        "epoch 3: cuda memory 3.2 GB, assertions on",
        "RuntimeWarning: invalid value encountered in log",
        "KeyError is handled by the loader",
        "0 failures",
    ],
)
def test_lines_that_only_sound_alarming_are_no_fault(line: str) -> None:
    reading = read_text(f"{line}\n")

    assert reading.events == []
    assert reading.view().alerts == ()


def test_an_error_about_a_shard_is_told_from_other_errors() -> None:
    reading = read_lines(
        [
            "2026-11-21 20:00:00,000 [ERROR] [Rank 1] cannot read shard shard_0412.tar: truncated",
            "2026-11-21 20:00:01,000 [ERROR] [Rank 0] checkpoint directory is full",
        ]
    )

    assert faults(reading) == [
        (FaultKind.SHARD_ERROR, False, RankId(1), None),
        (FaultKind.ERROR, False, RankId(0), None),
    ]


def test_a_traceback_ends_with_its_exception() -> None:
    reading = read_lines([*TRACEBACK, "ValueError: injected failure at step 5", "bye"])

    assert faults(reading) == [(FaultKind.EXCEPTION, True, RankId(), "ValueError")]
    assert reading.of_kind(Fault)[0].text == "ValueError: injected failure at step 5"
    assert reading.engine.run.tally.unparsed == 1


@pytest.mark.parametrize(
    ("last", "kind"),
    [
        ("torch.OutOfMemoryError: CUDA out of memory. Tried", FaultKind.OUT_OF_MEMORY),
        ("RuntimeError: CUDA error: device-side assert triggered", FaultKind.CUDA_ERROR),
        ("AssertionError", FaultKind.EXCEPTION),
        ("KeyboardInterrupt", FaultKind.EXCEPTION),
    ],
)
def test_what_an_exception_says_decides_the_kind(last: str, kind: FaultKind) -> None:
    name = last.split(":", maxsplit=1)[0]

    assert faults(read_lines([*TRACEBACK, last])) == [(kind, True, RankId(), name)]


@pytest.mark.parametrize("prefix", ["[rank{}]: ", "[default{0}]:[rank{0}]: "])
def test_interleaved_tracebacks_are_told_apart_by_their_prefix(prefix: str) -> None:
    one = [prefix.format(0) + line for line in [*TRACEBACK, "ValueError: zero"]]
    two = [prefix.format(1) + line for line in [*TRACEBACK, "KeyError: 'one'"]]
    reading = read_lines(line for pair in zip(one, two, strict=True) for line in pair)

    assert faults(reading) == [
        (FaultKind.EXCEPTION, True, RankId(0), "ValueError"),
        (FaultKind.EXCEPTION, True, RankId(1), "KeyError"),
    ]


def test_tracebacks_of_a_nodes_local_ranks_are_told_apart_too() -> None:
    one = [f"[default0]:{line}" for line in [*TRACEBACK, "ValueError: zero"]]
    two = [f"[default1]:{line}" for line in [*TRACEBACK, "KeyError: 'one'"]]
    reading = read_lines(line for pair in zip(one, two, strict=True) for line in pair)

    assert [(f.who, f.exception) for f in reading.of_kind(Fault)] == [
        (RankId(None, 0), "ValueError"),
        (RankId(None, 1), "KeyError"),
    ]


def test_a_message_that_is_logged_in_the_middle_does_not_end_a_traceback() -> None:
    reading = read_lines(
        [*TRACEBACK, "2026-11-21 20:00:00,000 [INFO] loader is closing", "ValueError: x"]
    )

    assert faults(reading) == [(FaultKind.EXCEPTION, True, RankId(), "ValueError")]


def test_a_traceback_whose_every_line_is_logged_is_one_too() -> None:
    reading = read_lines(f"[ERROR] {line}" for line in [*TRACEBACK, "ValueError: x"])

    assert (FaultKind.EXCEPTION, True, RankId(), "ValueError") in faults(reading)


def test_the_launchers_report_that_its_workers_failed_is_no_exception_of_the_training() -> None:
    reading = read_lines(
        [*TRACEBACK, "torch.distributed.elastic.multiprocessing.errors.ChildFailedError: "]
    )

    assert faults(reading) == []
    assert len(reading.of_kind(LaunchFailed)) == 1


def test_torchruns_block_names_every_worker_and_is_quoted_by_its_exit_code() -> None:
    reading = read_lines(BLOCK)
    one, two = reading.of_kind(WorkerFailure)

    assert (one.who, one.local_rank, one.exitcode, one.pid) == (RankId(8), 0, -15, 10312)
    assert (one.host, one.error_file, one.root_cause) == ("node1", "/tmp/error.json", False)
    assert (two.who, two.local_rank, two.exitcode, two.pid) == (RankId(9), 1, 1, 10313)
    assert (two.error_file, two.root_cause) == (None, True)
    assert (two.text, two.where.line) == (BLOCK[20], 21)
    assert len(reading.of_kind(LaunchFailed)) == 1
    assert reading.engine.run.tally.unparsed == 0


def test_the_rules_of_a_summary_do_not_make_a_later_line_a_failure_of_the_launcher() -> None:
    reading = read_lines(
        [
            "=" * 80,
            "Epoch [1/2] 完成",
            "平均损失: 0.5",
            "=" * 80,
            "Epoch [2/2] - 进度 0.0% (0/9) - Batch Loss: 0.5 - LR: 0.1",
            "upload of the old checkpoint FAILED",
        ]
    )

    assert reading.of_kind(LaunchFailed) == []
    assert reading.engine.run.tally.unparsed == 1


def test_a_block_that_was_cut_off_does_not_swallow_the_failures_behind_it() -> None:
    reading = read_lines([*BLOCK[:9], "restarting", *TRACEBACK, "ValueError: again"])

    assert faults(reading) == [(FaultKind.EXCEPTION, True, RankId(), "ValueError")]


def test_no_number_of_harmless_complaints_can_crowd_out_the_failure_behind_them() -> None:
    step = "2026-11-21 20:00:00,000 [DEBUG] [Rank 0] Training step {}, loss=0.5"
    complaint = "2026-11-21 20:00:00,000 [ERROR] [Rank 0] cannot read shard {}"
    lines = [text.format(n) for n in range(600) for text in (complaint, step)]
    reading = read_lines([*lines, *(f"[rank0]: {t}" for t in [*TRACEBACK, "ValueError: the end"])])
    view = reading.view()

    assert view.status == "failed"
    # What could not be read stays unread, however long the training went on.
    assert [alert.rule for alert in view.alerts] == ["exception", "shard_error"]
    assert len(reading.engine.run.reports.kept) < 20
    assert reading.engine.run.reports.count == 601


def test_one_failure_that_several_logs_report_is_counted_once() -> None:
    complaints = "[ERROR] [Rank 0] cannot read shard 1\n" * 17
    reading = read_files({"train.log": complaints, "console.log": complaints})

    assert [alert.message for alert in reading.view().alerts] == [
        "a shard could not be read, 17 times"
    ]


@pytest.mark.parametrize(
    "line",
    ["✅ 训练完成！", "2026-11-21 20:00:00,000 [INFO] Training complete", "Training finished!"],
)
def test_the_words_of_the_end_are_an_end(line: str) -> None:
    assert len(read_text(f"{line}\n").of_kind(TrainingEnded)) == 1


@pytest.mark.parametrize("line", ["Training complete in epoch 3", "not Training complete"])
def test_words_that_only_contain_the_end_are_none(line: str) -> None:
    assert read_text(f"{line}\n").of_kind(TrainingEnded) == []
