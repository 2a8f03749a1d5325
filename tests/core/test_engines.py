"""Both engines read the same: every format, with every prefix, changed anywhere, cut anywhere."""

import math
import os
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.feeding import MTIME, case_files, cut, difference, everything, feed_pieces, sample_cases
from trainwatch.events import LogFile, StepBlock
from trainwatch.formats import DIALECTS, Dialect, Field, FieldType, Kind, LineFormat
from trainwatch.parsing import native
from trainwatch.parsing.columns import METRICS
from trainwatch.parsing.native.program import compile_program
from trainwatch.parsing.parser import FileParser, formats_of

pytestmark = pytest.mark.skipif(native.scan is None, reason="the native scanner was not built")

PREFIXES = [
    *("", "  ", "2023-12-03 14:30:25,123 ", "[2023-12-03T14:30:25.123456+08:00] "),
    *("2024-02-29 23:59:59Z ", "2023-02-29 00:00:00 ", "2023-12-03 24:00:00,5 - ", "[DEBUG] "),
    *("[default3]:", "[rank5]: ", "[default3]:[rank5]: 2023-12-03 14:30:25 [INFO] ", "INFO - "),
    *("INFO:root:", "train - DEBUG - ", "[2023-12-03 14:30:25,123][root][INFO] - ", "WARNING: "),
    "2023-12-03 14:30:25.123 | DEBUG    | train:main:12 - ",
    "[rank0]:[I1203 14:30:25.123456 12 train.py:7] ",
    "[2023-12-03 14:30:25,1234567891] [ERROR]: ",
    "0000-01-01 00:00:00 [WARN ] -",
]
NUMBERS = [
    *("0", "-0", "+5", "-0.0", "1e5", "1E-05", "1.5e+300", "-.25", "7.", "nan", "-NaN", "inf"),
    *("-Infinity", "infinity", "0.5234150886535645", "1.2345678901234567e-05", "9007199254740993"),
    *("1234567890123456789", "12345678901234567890", "1e400", "1e-400", "4.9e-324", "0.1e", "1e"),
    *("123456789012345678.5e-20", "0.30000000000000004", "2.2250738585072014e-308", "1__0", "0x1"),
]
FORMATS = [(d, line) for d in DIALECTS for line in d.formats if line.kind is Kind.STEP]
SAMPLES = [sample.text for d in DIALECTS for line in d.formats for sample in line.samples]


@contextmanager
def plain_engine() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(native, "scan", None)
        yield


def both(pieces: Sequence[tuple[str, bytes, float]]) -> dict[str, Any]:
    """What both engines make of some pieces, which must be the same."""
    fast = everything(feed_pieces(pieces))
    with plain_engine():
        slow = everything(feed_pieces(pieces))
    if fast != slow:
        pytest.fail(str(difference(fast, slow)))
    return fast


def both_of(data: bytes, places: Sequence[int] = (), name: str = "console.log") -> dict[str, Any]:
    return both([(name, part, MTIME) for part in cut(data, places)])


def filled(line: LineFormat, number: str, whole: str) -> str:
    """A line of a format with these values in all its gaps."""

    def value(part: Field) -> str:
        if part.type is FieldType.FLOAT:
            return number
        return whole if part.type in (FieldType.INT, FieldType.RANK) else "word"

    return "".join(p if isinstance(p, str) else value(p) for p in line.parsed.parts)


@pytest.mark.parametrize("prefix", PREFIXES)
def test_every_sample_behind_every_prefix(prefix: str) -> None:
    lines = [f"{prefix}{text}{end}" for text in SAMPLES for end in ("", " ", "\r", " x") * 2]
    both_of("\n".join([*lines, ""]).encode())


@pytest.mark.parametrize("number", NUMBERS)
def test_every_number_in_every_format(number: str) -> None:
    lines = [
        f"[DEBUG] {filled(line, number, whole)}\n"
        for _, line in FORMATS
        for whole in ("0", "7", "-3", "12345678", "123456789012345678", "1234567890123456789")
        for _ in range(2)
    ]
    both_of("".join(lines).encode())


def test_the_scanner_reads_the_formats_and_not_the_plain_engine() -> None:
    taken = [line.name for _, line in FORMATS if compile_program(line)]
    assert "autoencoder.train_step" in taken
    assert "chinese.batch" in taken


FLOAT = LineFormat(name="test.float", kind=Kind.STEP, template="value {loss:float}", samples=())
ONE = Dialect(name="test", title="one value", formats=(FLOAT,))


def scanned(texts: Sequence[str]) -> list[float | None]:
    """What the scanner itself takes a number for; None where it leaves it to the plain engine."""
    import numpy as np  # noqa: PLC0415 - only here

    program = compile_program(FLOAT)
    assert program is not None
    assert native.scan is not None
    found: list[float | None] = []
    for text in texts:
        integers = np.empty((5, 1), dtype=np.int64)
        who = np.empty((2, 1), dtype=np.int32)
        floats = np.empty((METRICS + 1, 1))
        told = np.empty((1, 28), dtype=np.int64)
        data = f"value {text}\n".encode()
        rows, *_ = native.scan(
            *(program.written(b"value ", None), 0, data, 0, len(data), 1, 0, -1, -1),
            *(integers, who, floats, 1, 0, told),
        )
        found.append(float(floats[METRICS, 0]) if rows else None)
    return found


def bits(value: float) -> bytes:
    return struct.pack("d", value)


@given(
    st.one_of(
        st.floats().map(repr),
        st.floats(allow_nan=False, allow_infinity=False, width=32).map(repr),
        st.floats(allow_nan=False, allow_infinity=False).map("{:.6f}".format),
        st.floats(allow_nan=False, allow_infinity=False).map("{:.17e}".format),
        st.from_regex(r"[+-]?\d{1,19}\.\d{0,19}(e[+-]?\d{1,2})?", fullmatch=True),
    )
)
@settings(max_examples=1500, deadline=None)
@example("9007199254740993e0")
@example("5e-27")
@example("18446744073709551615e27")
def test_a_number_is_pythons_float_to_the_last_bit(text: str) -> None:
    if not text.isascii():
        return
    (value,) = scanned([text])
    if value is not None and not math.isnan(value):
        assert bits(value) == bits(float(text))


def test_usual_numbers_are_on_the_fast_path() -> None:
    texts = [
        *("0.0987", "1.5e-05", "3.542e-05", "nan", "inf", "-inf", "0.5234150886535645"),
        *("1.2345678901234567e-05", "1e-12", "123456.789", "0.00000000012345", "1e10"),
    ]
    assert None not in scanned(texts)


PIECES = st.lists(
    st.one_of(
        st.sampled_from([text.encode() for text in (*SAMPLES, *PREFIXES, *NUMBERS)]),
        st.sampled_from([b"\n", b"\r\n", b"\r", b" ", b"\t", b"\0", b"\x1b[31m", b"e", b"]"]),
        st.binary(max_size=4),
    ),
    max_size=40,
)


@given(PIECES, st.lists(st.integers(0, 3000), max_size=4))
@settings(max_examples=150, deadline=None)
def test_anything_in_any_order(pieces: list[bytes], places: list[int]) -> None:
    both_of(b"".join(pieces), places)


STEP = st.sampled_from([line for _, line in FORMATS])


@given(STEP, st.sampled_from(PREFIXES), st.integers(0, 200), st.binary(max_size=3), st.booleans())
@settings(max_examples=200, deadline=None)
def test_a_valid_line_changed_at_any_place(
    line: LineFormat, prefix: str, at: int, put: bytes, replace: bool
) -> None:
    whole = f"{prefix}{filled(line, '0.25', '4')}\n".encode()
    at %= len(whole)
    changed = whole[:at] + put + whole[at + replace * len(put) :]
    both_of(whole * 3 + changed + whole * 2, name="logs/debug_rank3_20261123_010000.log")


@given(st.sampled_from(sample_cases()), st.lists(st.floats(0.0, 1.0), max_size=20))
@settings(max_examples=25, deadline=None)
def test_the_recorded_runs_cut_anywhere(case: str, fractions: list[float]) -> None:
    both(
        [
            (name, part, MTIME)
            for name, data in case_files(case).items()
            for part in cut(data, [int(fraction * len(data)) for fraction in fractions])
        ]
    )


def test_a_block_of_lines_of_which_the_scanner_refuses_some() -> None:
    odd = "[Rank 1] Training step 5, loss=0.12345678901234567890123\n"
    even = "[Rank 0] Training step 5, loss=0.125\n"
    seen = both_of((even * 500 + odd * 300 + even * 5000 + (odd + even) * 100).encode())
    assert len(seen["records"]) == 6000


MOMENTS = st.tuples(st.integers(0, 24), st.integers(0, 60), st.integers(58, 61), st.integers(0, 9))
FIGURES = st.one_of(
    st.sampled_from(
        ["0.1234", "0.5678", "1.5e-05", "1.6e-05", "1.5e-06", "-0.1", "+0.1", "nan", "inf"]
    ),
    st.sampled_from(
        ["0.5234150886535645", "0.9007199254740993", "1234567890123456789", "00000000001", "7."]
    ),
    st.floats(0, 10).map("{:.4f}".format),
    st.floats().map(repr),
)


@given(
    st.sampled_from(
        ["{h:02d}:{m:02d}:{s:02d},{f:03d} [INFO] ", "{h:02d}:{m:02d}:{s:02d} - ", "\xb2"]
    ),
    st.lists(st.tuples(MOMENTS, st.integers(-2, 12), FIGURES), min_size=4, max_size=40),
)
@settings(max_examples=300, deadline=None)
def test_lines_that_are_laid_out_nearly_alike(
    clock: str, rows: list[tuple[tuple[int, int, int, int], int, str]]
) -> None:
    lines = [
        ("2026-11-23 " + clock.format(h=h, m=m, s=s, f=f) if "{" in clock else "")
        + f"[Rank {step % 12}] Training step {step}, loss={loss}\n"
        for (h, m, s, f), step, loss in rows
        for _ in range(2)
    ]
    both_of("".join(lines).encode())


LABELLED = st.sampled_from(
    [
        *("0: Training step 1, loss=0.5", "[Rank 1] Training step 2, loss=0.25", "1: something"),
        *("0: [Rank 0] Training step 3, loss=0.5", "[Rank 0] Validation step 2, loss=0.25", "x"),
        *("1: [Rank 1] Training step 3, loss=0.5", "[Rank 0] Training step 0., loss=0.07"),
        "[Rank 0] ========== EPOCH 3 TRAINING START ==========",
    ]
)


@given(st.lists(LABELLED, max_size=40), st.lists(st.integers(0, 3000), max_size=4))
@settings(max_examples=100, deadline=None)
def test_lines_behind_labels_among_others(lines: list[str], places: list[int]) -> None:
    both_of("".join(f"{line}\n" for line in lines).encode(), places)


def test_many_rows_grow_the_columns() -> None:
    line = b"[Rank 0] Training step 5, loss=0.125\n"
    parser = FileParser(LogFile("a.log"), formats_of(None))
    from trainwatch.events import Chunk  # noqa: PLC0415 - only here

    parsed = parser.feed(Chunk(LogFile("a.log"), 0, line * 60_000, MTIME))
    blocks = [item for item in parsed.items if isinstance(item, StepBlock)]
    assert sum(len(block) for block in blocks) == 60_000
    assert blocks[-1].text[-1] == line[:-1]
    assert blocks[-1].line[-1] == 60_000


def version(**environ: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "trainwatch", "--version"],
        env=os.environ | environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout


def test_the_version_says_which_engine_is_in_use() -> None:
    assert "native engine" in version()
    assert "plain engine" in version(TRAINWATCH_ENGINE="plain")
