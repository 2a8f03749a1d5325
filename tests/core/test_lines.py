"""Bytes to lines: whatever the cuts, the same lines, numbers and offsets."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.feeding import cut
from trainwatch.parsing.lines import MAX_LINE, LineAssembler, Part, refreshes

PIECES = st.lists(
    st.one_of(
        st.sampled_from([b"\n", b"\r", b"\r\n", b"\0", b"\0\0\n", b"", b" ", "进度".encode()]),
        st.binary(max_size=8),
    ),
    max_size=30,
)


@dataclass(frozen=True)
class Line:
    """A line as a reader meets it."""

    number: int | None
    offset: int
    bare: bytes


def assembled(chunks: list[bytes], start: int = 0) -> tuple[list[Line], int, LineAssembler]:
    """The complete lines, the bytes that they take, and the assembler behind them."""
    assembler = LineAssembler(start)
    lines, size = [], 0
    for chunk in chunks:
        for piece in assembler.feed(chunk):
            size += piece.size
            lines += split(piece.text, piece.place, piece.number)
    return lines, size, assembler


def split(data: bytes, offset: int, number: int | None) -> list[Line]:
    lines = []
    for index, line in enumerate(data.split(b"\n")[:-1]):
        bare = line.lstrip(b"\0")
        at = None if number is None else number + index
        lines.append(Line(at, offset + len(line) - len(bare), bare[: MAX_LINE + 1]))
        offset += len(line) + 1
    return lines


def expected(data: bytes, start: int = 0) -> list[Line]:
    end = data.rfind(b"\n") + 1
    return split(data[:end], start, 1 if start == 0 else None)


@given(PIECES, st.lists(st.integers(0, 200)))
def test_any_cuts_give_the_same_lines(pieces: list[bytes], places: list[int]) -> None:
    data = b"".join(pieces)
    lines, size, assembler = assembled(cut(data, places))

    assert lines == expected(data)
    assert size + assembler.pending == len(data)


def test_every_single_cut_gives_the_same_lines() -> None:
    data = "a\n\n\0\0b\r\n进度\r50%\r\n\n\0\n torn".encode()
    for place in range(len(data)):
        lines, _, assembler = assembled(cut(data, [place]))
        assert lines == expected(data)
        assert assembler.pending == 5


def test_bytes_one_at_a_time() -> None:
    data = b"one\ntwo\r\n\nthree\nfour"
    lines, _, assembler = assembled([bytes([byte]) for byte in data])

    assert [(line.number, line.offset, line.bare) for line in lines] == [
        (1, 0, b"one"),
        (2, 4, b"two\r"),
        (3, 9, b""),
        (4, 10, b"three"),
    ]
    assert assembler.pending == 4


def test_line_numbers_are_not_known_where_reading_begins_in_the_middle() -> None:
    lines, _, _ = assembled([b"one\ntwo\n"], start=1000)

    assert [(line.number, line.offset) for line in lines] == [(None, 1000), (None, 1004)]


def test_a_torn_last_line_waits_and_is_given_at_the_end_without_a_line_feed() -> None:
    assembler = LineAssembler()
    assert assembler.feed(b"whole\ntor") != []
    assert assembler.pending == 3

    torn = assembler.flush()

    assert torn is not None
    assert (torn.text, torn.place, torn.number, torn.count) == (b"tor", 6, 2, 0)
    assert assembler.flush() is None


@pytest.mark.parametrize("piece", [1 << 12, 1 << 16, 1 << 20])
def test_a_line_without_an_end_takes_bounded_memory(piece: int) -> None:
    assembler = LineAssembler()
    total = 0
    while total < 8 * MAX_LINE:
        assert assembler.feed(b"x" * piece) == []
        total += piece
        assert len(assembler._tail) <= MAX_LINE + 1
    assert assembler.pending == total

    (end,) = assembler.feed(b"\n")
    (after,) = assembler.feed(b"next\n")

    assert end.size == total + 1
    assert (after.place, after.number, after.text) == (total + 1, 2, b"next\n")


def test_a_hole_of_nuls_before_a_line_is_dropped_however_long_it_is() -> None:
    hole = b"\0" * (3 * MAX_LINE)
    for chunks in ([hole + b"record\n"], [hole, b"rec", b"ord\n"], cut(hole + b"record\n", [5])):
        lines, size, _ = assembled(chunks)
        assert lines == [Line(1, len(hole), b"record")]
        assert size == len(hole) + 7


def test_the_refreshes_of_a_progress_bar_share_a_line() -> None:
    assert list(refreshes(b"\r 10%\r\r20%\r  \r30%\r", 100)) == [
        Part(101, b" 10%", torn=False),
        Part(107, b"20%", torn=False),
        Part(114, b"30%", torn=False),
    ]


def test_only_the_last_refresh_of_a_torn_line_is_torn() -> None:
    assert [part.torn for part in refreshes(b"10%\r20%\r3", 0, torn=True)] == [False, False, True]
    assert [part.torn for part in refreshes(b"10%\r20%\r", 0, torn=True)] == [False, False]


def test_the_beginning_of_a_line_that_is_too_long_is_torn() -> None:
    first, last = refreshes(b"x" * (MAX_LINE + 1) + b"\r" + b"y" * MAX_LINE, 0)

    assert (first.torn, len(first.text)) == (True, MAX_LINE)
    assert (last.torn, last.offset, len(last.text)) == (False, MAX_LINE + 2, MAX_LINE)


def test_a_bar_is_given_out_before_its_line_ends() -> None:
    assembler = LineAssembler(eager=True)
    given_out = [
        [(lines.text, lines.number, lines.continues) for lines in assembler.feed(data)]
        for data in (b"one\n\r 1%", b"\r 2%\r", b" 3%\r 4", b"%\r", b"\nend\n")
    ]
    assert given_out == [
        [(b"one\n", 1, False), (b"\r", 2, False)],
        [(b" 1%\r", 2, True)],
        [(b" 2%\r", 2, True), (b" 3%\r", 2, True)],
        [],
        [(b" 4%\r\n", 2, True), (b"end\n", 3, False)],
    ]
    assert assembler.pending == 0


def test_nuls_are_a_hole_only_before_a_line() -> None:
    assert [part.text for part in refreshes(b"\0\0a\0b\0", 0)] == [b"a\0b\0"]
    assert list(refreshes(b"\0\0\0", 0)) == []
