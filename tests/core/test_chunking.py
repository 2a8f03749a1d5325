"""Any chunking of the same bytes at the same times gives the same everything."""

import random
from collections.abc import Sequence
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.feeding import (
    MTIME,
    SHARED,
    Piece,
    case_files,
    cut,
    difference,
    everything,
    feed_pieces,
    read,
    sample_cases,
)
from trainwatch.engine import Engine
from trainwatch.events import Chunk, FileEnded, LogFile, RunInfo
from trainwatch.parsing.lines import MAX_LINE

TORCHRUN = SHARED / "samples" / "torchrun"
needs_shared = pytest.mark.skipif(
    not TORCHRUN.is_dir(), reason="the recorded torchrun jobs of ../shared are not here"
)
SEED = st.integers(0, 2**32)
FRACTIONS = st.lists(st.floats(0.0, 1.0), max_size=60)


def chunked(pieces: Sequence[Piece], fractions: Sequence[float]) -> list[Piece]:
    """The same pieces, each cut at some fractions of its length."""
    return [
        (name, part, time)
        for name, data, time in pieces
        for part in cut(data, [int(fraction * len(data)) for fraction in fractions])
    ]


def shredded(pieces: Sequence[Piece], seed: int) -> list[Piece]:
    """The same pieces, each cut at places that a seed chooses: few, many, or none."""
    chance = random.Random(seed)
    return [
        piece
        for one in pieces
        for piece in chunked([one], [chance.random() for _ in range(chance.choice([0, 3, 60]))])
    ]


def assert_same(one: dict[str, Any], other: dict[str, Any]) -> None:
    if one != other:
        pytest.fail(str(difference(one, other)))


@cache
def whole_case(case: str) -> tuple[list[Piece], dict[str, Any]]:
    pieces = [(name, data, MTIME + at) for at, (name, data) in enumerate(case_files(case).items())]
    return pieces, everything(feed_pieces(pieces))


@pytest.mark.parametrize("case", sample_cases())
@settings(max_examples=2, deadline=None)
@given(SEED)
def test_a_recorded_run_in_any_chunks(case: str, seed: int) -> None:
    pieces, whole = whole_case(case)

    assert_same(everything(feed_pieces(shredded(pieces, seed))), whole)


@pytest.mark.parametrize("size", [1, 7, 64])
def test_a_recorded_run_in_very_small_chunks(size: int) -> None:
    pieces, whole = whole_case("info_only" if size == 1 else "oom")
    small = [
        (name, data[at : at + size], time)
        for name, data, time in pieces
        for at in range(0, len(data), size)
    ]

    assert_same(everything(feed_pieces(small)), whole)


@needs_shared
@pytest.mark.parametrize("name", sorted(path.name for path in TORCHRUN.glob("*.txt")))
@settings(max_examples=2, deadline=None)
@given(SEED)
def test_a_torchrun_console_in_any_chunks(name: str, seed: int) -> None:
    pieces = [(name, (TORCHRUN / name).read_bytes(), MTIME)]

    assert_same(
        everything(feed_pieces(shredded(pieces, seed), live=False)),
        everything(feed_pieces(pieces, live=False)),
    )


# --- hostile bytes ----------------------------------------------------------------------------

NUMBER = st.sampled_from(
    [
        "0",
        "-1",
        "7",
        "0.07",
        "nan",
        "inf",
        "-inf",
        "1e999",
        "1.7e308",
        "1e-320",
        "9" * 18,
        "9" * 30,
        "0.",
        ".5",
        "1_0",
        "１",
    ]
)
EPOCH = st.sampled_from(["0", "1", "2", "3", "15", "-5", "9" * 18])
RANK = st.sampled_from(["0", "1", "7", "9999999", "99999999999"])
PREFIX = st.sampled_from(
    [
        "",
        "2023-12-03 14:30:25,123 [DEBUG] ",
        "[2023-12-03T14:30:26.5+0800] ",
        "2023-12-03 14:30:25 [ERROR] ",
        "2023-99-99 99:99:99 [DEBUG] ",
        "0001-01-01 00:00:00+23:59 [INFO] ",
        "9999-12-31 23:59:59.999999999-12:00 ",
        "DEBUG:root:",
        "[default1]:",
        "[default1]:[rank0]: ",
        "[rank1]: ",
    ]
)
MESSAGE = st.one_of(
    st.builds("[Rank {}] Training step {}, loss={}".format, RANK, NUMBER, NUMBER),
    st.builds("[Rank {}] Validation step {}, loss={}".format, RANK, NUMBER, NUMBER),
    st.builds(
        "[Rank {}] ========== EPOCH {} {} {} ==========".format,
        RANK,
        EPOCH,
        st.sampled_from(["TRAINING", "VALIDATION"]),
        st.sampled_from(["START", "END"]),
    ),
    st.builds(
        "Epoch [{}/{}] - 进度 {}% ({}/{}) - Batch Loss: {} - LR: {}".format,
        *(EPOCH, EPOCH, NUMBER, NUMBER, NUMBER, NUMBER, NUMBER),
    ),
    st.builds("Epoch [{}/{}] 完成".format, EPOCH, EPOCH),
    st.builds("平均损失: {}".format, NUMBER),
    st.builds("本epoch用时: {}秒".format, NUMBER),
    st.builds("预计剩余时间: {}小时".format, NUMBER),
    st.builds("[Rank {}] init done world={} pid={}".format, RANK, RANK, NUMBER),
    st.sampled_from(
        [
            "Traceback (most recent call last):",
            "  File x",
            "torch.OutOfMemoryError: CUDA out of memory",
            "[ERROR] cannot read shard 1",
            "=" * 60,
            "train.py FAILED",
            "  rank      : 1 (local_rank: 1)",
            "  exitcode  : -9 (pid: 1)",
            "  traceback : x",
            "[Rank 0] Saving checkpoint...",
            "[Rank 0] Checkpoint saved",
            "模型已保存: x",
            "✅ 从checkpoint恢复训练",
            "🆕 开始新的训练",
            "尝试 2 / 5",
            "Training complete",
            "",
            "\ufeff",
        ]
    ),
)
LINE = st.builds(lambda prefix, message: (prefix + message).encode(), PREFIX, MESSAGE)
RUBBISH = st.one_of(
    st.binary(max_size=20),
    st.sampled_from(
        [b"\0" * 40, "训练完成".encode("gbk"), "Epoch [1/2]".encode("utf-16"), b"\xff"]
    ),
)
END = st.sampled_from([b"\n", b"\n", b"\n", b"\n", b"\r\n", b"\r", b"", b"\0\n", b"\r\r\n"])
TEXT = st.lists(st.builds(bytes.__add__, st.one_of(LINE, LINE, LINE, RUBBISH), END), max_size=40)
CELL = st.one_of(NUMBER, st.sampled_from(["", "abc", "2026-11-23T01:38:16+08:00", '"a,b"']))
TABLE = st.builds(
    lambda header, rows: "\n".join([",".join(header), *(",".join(row) for row in rows)]).encode(),
    st.permutations(["epoch", "step", "loss", "val_loss", "rank", "time"]),
    st.lists(st.lists(CELL, min_size=6, max_size=6), max_size=12),
)
FILES = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from(
                [
                    "console.log",
                    "logs/debug_rank0_20231203_143025.log",
                    "logs/debug_rank0_20231204_143025.log",
                    "x/attempt_0/1/stdout.log",
                ]
            ),
            TEXT.map(b"".join),
        ),
        st.tuples(st.just("m/metrics.csv"), TABLE),
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda file: file[0],
)


def newlines(data: bytes) -> int:
    """Ends of lines in a file; behind the byte order mark of UTF-16 they are two bytes wide."""
    end = {b"\xff\xfe": b"\n\0", b"\xfe\xff": b"\0\n"}.get(data[:2])
    if end is None:
        return data.count(b"\n")
    return sum(data[at : at + 2] == end for at in range(2, len(data), 2))


@settings(max_examples=100, deadline=None)
@given(FILES, st.lists(st.floats(0, 1), max_size=4), FRACTIONS, st.booleans())
def test_hostile_bytes_in_any_chunks(
    files: list[tuple[str, bytes]], moments: list[float], fractions: list[float], live: bool
) -> None:
    arrived = chunked([(name, data, MTIME) for name, data in files], moments)
    pieces = [(name, data, MTIME + 7.0 * at) for at, (name, data, _) in enumerate(arrived)]

    reading = feed_pieces(pieces, live=live)

    assert_same(everything(feed_pieces(chunked(pieces, fractions), live=live)), everything(reading))
    tally = reading.engine.run.tally
    assert tally.bytes == sum(len(data) for _, data in files)
    assert tally.lines == sum(newlines(data) for _, data in files)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400), FRACTIONS)
def test_random_bytes_in_any_chunks(data: bytes, fractions: list[float]) -> None:
    for name in ("console.log", "metrics.csv"):
        pieces = [(name, data, MTIME)]
        assert_same(
            everything(feed_pieces(chunked(pieces, fractions))), everything(feed_pieces(pieces))
        )


STEP = "[Rank 0] Training step 8, loss=0.0716"


@pytest.mark.parametrize(
    "line",
    [
        f"[DEBUG]{' ' * MAX_LINE}{STEP}",
        f"{'x' * (MAX_LINE - 20)}\r{STEP}",
        f"{STEP}{' ' * MAX_LINE}",
        f"{STEP}{'9' * MAX_LINE}",
        f"\0{'x' * MAX_LINE}\r{STEP}",
        "\0" * (MAX_LINE + 5) + STEP,
        "2023-12-03 14:30:25,123 [DEBUG] " * (MAX_LINE // 30) + STEP,
    ],
    ids=["spaces", "torn at the bound", "padded", "digits", "carriage return", "hole", "prefixes"],
)
def test_a_huge_line_in_any_chunks_gives_no_torn_value(line: str) -> None:
    before = f"[DEBUG] {STEP}\n"  # so that the hot path is hot
    data = f"{before}{line}\n{before}".encode()
    whole = everything(feed_pieces([("console.log", data, MTIME)]))
    for step in (1 << 12, 1 << 16, 100_001):
        pieces = [("console.log", data[at : at + step], MTIME) for at in range(0, len(data), step)]
        assert_same(everything(feed_pieces(pieces)), whole)

    assert {row["values"]["loss"] for row in whole["records"]} == {0.0716}
    is_apart = line.startswith("\0\0") or "\r" in line
    assert len(whole["records"]) == (3 if is_apart else 2)


# --- torn at every byte -----------------------------------------------------------------------

RECORDS = [
    STEP,
    f"2023-12-03 14:30:25,123 [DEBUG] {STEP}",
    "[Rank 0] Training step 8, loss=7.16e-05",
    "[default0]:Epoch [15/200] - 进度 5.8% (10/171) - Batch Loss: 0.072156 - LR: 0.00100000",
    f"[Rank 1] Training step 8, loss=0.1{STEP}",
    f"12%\r{STEP}",
]


@pytest.mark.parametrize("record", RECORDS)
@pytest.mark.parametrize("before", [[], RECORDS[:1]], ids=["first line", "after a record"])
def test_a_line_torn_at_any_byte_never_gives_a_value_that_was_not_printed(
    record: str, before: list[str]
) -> None:
    head = "".join(f"{line}\n" for line in before).encode()
    data = record.encode()
    file = LogFile("console.log")
    complete = [row.values for row in read(Chunk(file, 0, head + data + b"\n", MTIME)).rows]
    for place in range(len(data) + 1):
        torn = head + data[:place]
        reading = read(Chunk(file, 0, torn, MTIME), FileEnded(file, "truncated"))
        values = [row.values for row in reading.rows]
        assert values == complete[: len(values)], torn
        assert len(values) < len(complete), torn


def test_the_end_of_a_torn_line_makes_it_whole() -> None:
    file = LogFile("console.log")
    for place in range(len(STEP)):
        reading = read(
            Chunk(file, 0, STEP[:place].encode(), MTIME),
            Chunk(file, place, f"{STEP[place:]}\n".encode(), MTIME),
        )
        assert [row.values for row in reading.rows] == [{"loss": 0.0716}]


def test_a_torn_row_of_a_table_is_no_row() -> None:
    data = b"epoch,loss\n1,0.5\n2,0.0716"
    file = LogFile("metrics.csv")
    for place in range(len(data) + 1):
        reading = read(Chunk(file, 0, data[:place], MTIME), FileEnded(file, "truncated"))
        assert [row.values["loss"] for row in reading.rows] == ([0.5] if place >= 17 else [])


def test_a_torn_line_is_shown_and_searched_for_failures() -> None:
    file = LogFile("debug_rank3_x.log")
    data = b"Traceback (most recent call last):\n  File x\ntorch.OutOfMemoryError: CUDA out of"
    reading = read(Chunk(file, 0, data, MTIME), FileEnded(file, "ended"))
    (rank,) = reading.view(MTIME + 3).ranks

    assert [alert.rule for alert in reading.view().alerts] == ["out_of_memory"]
    assert rank.last is not None
    assert rank.last.text == "torch.OutOfMemoryError: CUDA out of"
    assert rank.silent_seconds == 3.0


def _bars(name: str) -> bytes:
    """A log of which most lines are drawn over each other."""
    refresh = [
        f"Epoch {n // 20}: {n % 20 * 5:3}%|##8       | {n % 20}/20 [00:01<00:02, 9.12it/s, loss=0.{n}]"
        for n in range(60)
    ]
    if name == "one line":
        return ("\r" + "\r".join(refresh) + "\n").encode()
    if name == "no end":
        return ("\r" + "\r".join(refresh)).encode()
    if name == "with records":
        return "".join(
            f"\r{bar}" + (f"\n{{'loss': 0.{n}, 'epoch': {n / 20}}}\n" if n % 7 == 3 else "")
            for n, bar in enumerate(refresh)
        ).encode()
    if name == "labelled":
        return "".join(
            f"{rank}: \r{bar}\r{bar}\r\n" for bar in refresh[:30] for rank in (0, 1)
        ).encode()
    return "\r\n".join(refresh).encode()


@pytest.mark.parametrize("name", ["one line", "no end", "with records", "labelled", "two ends"])
@settings(max_examples=25, deadline=None)
@given(FRACTIONS)
def test_bars_in_any_chunks(name: str, fractions: list[float]) -> None:
    pieces = [("console.log", _bars(name), MTIME)]
    assert_same(
        everything(feed_pieces(chunked(pieces, fractions))), everything(feed_pieces(pieces))
    )


def test_a_bar_is_read_before_its_line_ends() -> None:
    engine = Engine(RunInfo("x"))
    engine.feed(Chunk(LogFile("console.log"), 0, _bars("no end")[:2000], MTIME))
    engine.tick(MTIME)
    view = engine.snapshot()
    assert view.metrics["loss"].count > 5
    assert (view.tally.lines, view.tally.bytes) == (0, _bars("no end")[:2000].rindex(b"\r") + 1)
