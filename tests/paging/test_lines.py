"""Any file in any windows gives the same lines, forwards and backwards."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainwatch.paging import lines
from trainwatch.paging.index import STEP, LineIndex
from trainwatch.paging.lines import backward, forward, line_start

TEXTS = st.lists(st.sampled_from([b"", b"a", b"bb\rcc", b"x" * 70, "é日".encode()]), max_size=30)


def reader(data: bytes) -> lines.Read:
    return lambda offset, size: data[offset : offset + size]


@given(TEXTS, st.booleans(), st.integers(8, 64))
def test_forwards_and_backwards_agree(texts: list[bytes], torn: bool, window: int) -> None:
    data = b"\n".join(texts) + (b"" if torn else b"\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "WINDOW", window)
        ahead = list(forward(reader(data), 0))
        back = list(backward(reader(data), len(data)))
    assert b"".join(raw for _, raw in ahead) == data
    assert all(data[at : at + len(raw)] == raw for at, raw in ahead)
    assert back[::-1] == ahead
    assert all(raw.count(b"\n") <= 1 for _, raw in ahead)


@given(TEXTS, st.integers(8, 64), st.data())
def test_the_start_of_a_line(texts: list[bytes], window: int, draw: st.DataObject) -> None:
    data = b"\n".join(texts)
    offset = draw.draw(st.integers(0, len(data)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "WINDOW", window)
        assert line_start(reader(data), offset) == data.rfind(b"\n", 0, offset) + 1


def test_only_lines_with_the_needle() -> None:
    data = b"".join(b"line %d\n" % number for number in range(50_000))
    found = list(forward(reader(data), 0, re.compile(rb"line 4999\d$", re.MULTILINE)))
    assert [raw for _, raw in found] == [b"line %d\n" % number for number in range(49_990, 50_000)]
    assert next(backward(reader(data), len(data), re.compile(rb"line 7\n")))[1] == b"line 7\n"


def test_a_line_without_an_end_is_cut_and_not_gathered_for_ever() -> None:
    data = b"x" * (3 * lines.LONGEST)
    assert max(len(raw) for _, raw in forward(reader(data), 0)) <= lines.LONGEST + lines.WINDOW
    assert sum(len(raw) for _, raw in backward(reader(data), len(data))) == len(data)


def test_line_numbers_are_known_as_far_as_was_counted() -> None:
    index = LineIndex()
    assert index.base(STEP) is None
    index.add(b"\n" * 5 + b"x" * (STEP - 5))
    assert index.counted == STEP
    assert index.base(STEP + 3) == (STEP, 5)
    assert index.base(7) == (0, 0)
