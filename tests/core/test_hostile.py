"""What nobody should write into a log, and somebody will."""

import dataclasses
import re
import time
import tracemalloc

import pytest

from core.feeding import MTIME, Writing, new_reading, read, read_lines, read_text
from trainwatch.events import Chunk, FileEnded, LogFile
from trainwatch.formats.filenames import describe
from trainwatch.model.snapshot import Status
from trainwatch.parsing.lines import MAX_LINE
from trainwatch.parsing.parser import FileParser, formats_of
from trainwatch.parsing.recogniser import Recogniser
from trainwatch.report.status import status_document

MIB = 1 << 20
STEP = "[Rank 0] Training step 8, loss=0.5"


@pytest.mark.parametrize(
    "line",
    [
        "[Rank 2147483648] Training step 8, loss=0.5",
        "[Rank 99999999999999999999] Training step 8, loss=0.5",
        "[Rank -1] Training step 8, loss=0.5",
        f"[Rank 0] Training step {'9' * 30}, loss=0.5",
        f"[Rank 0] Training step 8, loss={'9' * 90}",
        f"Epoch [{'9' * 30}/4] - 进度 1.0% (1/9) - Batch Loss: 0.5 - LR: 0.1",
        "[Rank 0] Training step 8, loss=0.5 trailing words",
        "[Rank 0] Training\x00step 8, loss=0.5",
        "Epoch [1/200] - 进度 0.0% (0/171) - Batch Loss: 0.5 - LR: 0.1".encode("gbk").decode(
            "latin1"
        ),
    ],
)
def test_what_is_no_record_is_counted_and_gives_none(line: str) -> None:
    reading = read_text(f"{line}\n")

    assert reading.rows == []
    assert reading.engine.run.tally.unparsed == 1
    assert reading.view().status is Status.UNKNOWN


@pytest.mark.parametrize("escape", ["\x1b[2J", "\x1b]0;title\x07", "\x9b31m"])
def test_what_acts_on_a_terminal_is_no_part_of_a_record(escape: str) -> None:
    (row,) = read_text(f"{escape}{STEP}\n").rows

    assert (row.text, row.offset) == (STEP, len(escape.encode()))


def test_colours_around_a_record_are_left_out() -> None:
    line = "\x1b[32m[DEBUG]\x1b[0m [Rank 0] Training step \x1b[1;31m8\x1b[0m, loss=0.5\x1b[0m"
    (row, _) = read_text(f"{line}\n{STEP}\n").rows

    assert (row.line, row.offset, row.step, row.values) == (1, 5, 8, {"loss": 0.5})
    assert "\x1b" not in row.text


def test_a_record_between_colours_stands_where_its_bytes_begin() -> None:
    marker = "[Rank 0] ========== EPOCH 0 TRAINING START =========="
    line = f"noise \x1b[0m{STEP}\x1b[0m\x1b[31m{marker}\x1b[0m{STEP}\x1b[m"
    data = f"\x1b[1m{line}\n".encode()
    reading = read_text(data)

    assert [data[row.offset :].startswith(STEP.encode()) for row in reading.rows] == [True, True]
    (event,) = reading.events
    assert data[event.where.offset :].startswith(marker.encode())


def test_utf_16_without_a_mark_is_counted_and_not_read() -> None:
    reading = read_text(f"{STEP}\n{STEP}\n".encode("utf-16-le"))

    assert reading.rows == []
    assert reading.view().metrics == {}


def test_what_is_no_utf_16_behind_its_mark_does_no_harm() -> None:
    reading = read_text(b"\xff\xfe\x00\xd8" + f"{STEP}\n{STEP}\n".encode())

    assert reading.rows == []


@pytest.mark.parametrize(
    ("line", "step", "loss"),
    [
        ("[Rank 9999999] Training step 999999999999999999, loss=1e999", 10**18 - 1, "inf"),
        ("[Rank 0] Training step 8, loss=-1e999", 8, "-inf"),
        ("[Rank 0] Training step 8, loss=1e-999", 8, 0.0),
    ],
)
def test_numbers_at_the_edge_are_what_they_are(line: str, step: int, loss: float | str) -> None:
    document = status_document(read_text(f"{line}\n").view())

    assert document["step"] == step
    assert document["metrics"]["loss"]["last"] == loss


@pytest.mark.parametrize("number", ["4294967296", "2147483647", "-1", "1e300", "nan", "x", ""])
def test_a_rank_in_a_table_that_is_none_is_not_known(number: str) -> None:
    table = f"epoch,rank,loss\n1,{number},0.5\n"

    assert [row.rank for row in read_text(table, "metrics.csv").rows] == [None]
    assert [row.rank for row in read_text(table, "metrics_rank3.csv").rows] == [3]


@pytest.mark.parametrize("stamp", ["2023-99-99 99:99:99,123", "2023-12-03 24:61:61,000"])
def test_an_impossible_time_is_no_time(stamp: str) -> None:
    (row,) = read_text(f"{stamp} [DEBUG] {STEP}\n").rows

    assert (row.step, row.seconds) == (8, None)


@pytest.mark.parametrize(
    "stamp", ["0001-01-01 00:00:00+23:59", "9999-12-31 23:59:59.999999999-12:00"]
)
def test_a_time_at_the_edge_of_the_calendar_does_not_end_the_program(stamp: str) -> None:
    view = read_text(f"{stamp} [DEBUG] {STEP}\n").view()

    assert status_document(view)["run"]["started"] is None


# --- memory -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["console.log", "metrics.csv"])
@pytest.mark.parametrize("byte", [b"x", b" ", b"\0", b"9", b","])
def test_a_line_of_100_mib_without_an_end_takes_little_memory(name: str, byte: bytes) -> None:
    parser = FileParser(LogFile(name), formats_of(None))
    block = byte * MIB
    tracemalloc.start()
    for at in range(100):
        parser.feed(Chunk(LogFile(name), at * MIB, block, MTIME))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert parser.pending == 100 * MIB
    assert peak < 4 * MIB

    parsed = parser.feed(Chunk(LogFile(name), 100 * MIB, b"\n", MTIME))
    assert (parsed.tally.lines, parsed.tally.bytes, parsed.items) == (1, 100 * MIB + 1, ())


def test_the_record_behind_a_huge_line_is_not_lost() -> None:
    writing = Writing()
    for _ in range(3):
        writing.write("console.log", "x" * MIB, MTIME)
    writing.write("console.log", f"\n{STEP}\n", MTIME)
    (row,) = writing.reading.rows

    assert (row.line, row.offset, row.text) == (2, 3 * MIB + 1, STEP)


def test_a_file_of_carriage_returns_gives_its_records() -> None:
    file = LogFile("console.log")
    text = "\r".join(f"[Rank 0] Training step {n}, loss=0.5" for n in range(50)).encode()
    reading = read(Chunk(file, 0, text, MTIME), FileEnded(file, "ended"))

    assert [row.step for row in reading.rows] == list(range(49))
    assert {row.line for row in reading.rows} == {1}


# --- time -------------------------------------------------------------------------------------


class Counting:
    """A pattern that counts how often it is tried."""

    def __init__(self, pattern: re.Pattern[bytes]) -> None:
        self.pattern = pattern
        self.tried = 0

    def match(self, line: bytes, at: int = 0) -> re.Match[bytes] | None:
        self.tried += 1
        return self.pattern.match(line, at)


def tries(line: bytes) -> tuple[int, int]:
    """How many records a line has, and how many patterns were tried to find them."""
    formats = tuple(dataclasses.replace(known) for known in formats_of(None))
    for known in formats:  # in place of the expressions that each would compile
        known.__dict__["whole"] = Counting(known.whole)
        known.__dict__["within"] = Counting(known.within)
    found = Recogniser(formats).records(line)
    return len(found), sum(known.whole.tried + known.within.tried for known in formats)  # type: ignore[attr-defined]


RECORD = b"2023-12-03 14:30:25,123 [DEBUG] [Rank 0] Training step 8, loss=0.5"


@pytest.mark.parametrize("unit", [RECORD, b"[DEBUG] ", b"Epoch [1/2]"])
def test_fused_records_take_time_in_proportion(unit: bytes) -> None:
    found, tried = tries(unit * 500)
    more_found, more_tried = tries(unit * 2000)

    assert more_found == 4 * found
    assert found == (500 if RECORD in unit else 0)
    assert more_tried <= 4.1 * tried


@pytest.mark.parametrize("noise", [b"[DEBUG] ", b"[rank0]: x", b"Epoch [1/2]", b"x[Rank 0] "])
def test_a_record_behind_any_length_of_noise_is_found(noise: bytes) -> None:
    for count in (1, 10, 200, 1000, 20_000):
        line = RECORD + b" " + noise * count + RECORD
        found = [row.offset for row in read_text(line + b"\n").rows]
        assert found[-1:] == [len(line) - len(RECORD)], count


def test_ten_thousand_fused_records_are_read_up_to_the_bound_of_a_line() -> None:
    reading = read_text(RECORD * 10_000 + b"\n" + RECORD + b"\n")
    complete = MAX_LINE // len(RECORD)

    assert len(reading.rows) == complete + 1
    assert {row.values["loss"] for row in reading.rows} == {0.5}
    assert reading.rows[-1].line == 2


RUNS = [
    *(" ", "\t", "1", "[", "]", "=", "-", ":", ".", "a", "a.", "_", "\r", "\0", "x "),
    *("Epoch [", "Epoch [1/", "[Rank 0", "[Rank ", "[default0]:", "[rank0]: ", "[DEBUG]"),
    *("DEBUG ", "DEBUG:", "DEBUG:a:", "DEBUG | a:a:1 - ", "root - ", "[root]", "2023-12-03 "),
    *("2023-12-03 14:30:25,123", "W1123 01:52:46.7 ", "loss=", "1e", "e+", "nan", "inf"),
    *(
        "Training step ",
        "已保存",
        "已保",
        "🔄 检测到checkpoint: ",
        "CUBLAS_STATUS_",
        " CUBLAS_STATUS_A_",
    ),
    *("shard ", "memory", "cuda", "Traceback", "Error: ", "FAILED ", "  rank      : "),
]
BEFORE = ["", "2023-12-03 14:30:25,123 [ERROR] ", "[Rank 0] Training step ", "Epoch [1/2] - 进度 "]


def seconds(run: str, before: str, size: int) -> float:
    data = (before + run * (size // len(run)) + "!\n").encode()
    reading = new_reading()
    start = time.process_time()
    reading.engine.feed(Chunk(LogFile("console.log"), 0, data, MTIME))
    return time.process_time() - start


def grows_in_proportion(run: str, before: str) -> bool:
    small, large = seconds(run, before, 1 << 10), seconds(run, before, 1 << 13)
    # Eight times the bytes: in proportion 8, by the square 64.
    return large < 25 * max(small, 0.0003)


@pytest.mark.parametrize("run", RUNS)
def test_no_run_of_anything_makes_a_pattern_catastrophic(run: str) -> None:
    for before in BEFORE:
        # A busy machine may disturb one measurement, not three.
        assert any(grows_in_proportion(run, before) for _ in range(3)), before


def test_a_traceback_that_never_ends_is_given_up() -> None:
    lines = ["Traceback (most recent call last):", *["  File x"] * 5000, "ValueError: x"]

    assert read_lines(lines).events == []


def test_names_of_files_may_be_anything() -> None:
    for name in (
        "",
        ".",
        "/",
        "a/../b",
        "rank",
        "rank_",
        "\udcff.log",
        "x" * 5000,
        "a\nb.csv",
        ".1",
    ):
        describe(name)
        document = status_document(read_text(f"{STEP}\n", name).view())
        assert document["lines"] == 1
