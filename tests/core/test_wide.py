"""Logs in UTF-16: the same lines as in UTF-8, with the places that they have in the file."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.feeding import cut
from trainwatch.events import Chunk, LogFile, StepBlock
from trainwatch.parsing.lines import MAX_LINE, Lines
from trainwatch.parsing.parser import FileParser, formats_of
from trainwatch.parsing.wide import Assembler

CODECS = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}
TEXT = st.text(st.sampled_from("\n\r a0进😀\u0a0a\u0a00\u000a"), max_size=40)


def assembled(chunks: list[bytes]) -> tuple[list[Lines], Assembler]:
    assembler = Assembler()
    return [lines for chunk in chunks for lines in assembler.feed(chunk)], assembler


@given(TEXT, st.sampled_from(sorted(CODECS)), st.lists(st.integers(0, 90)))
def test_any_cuts_give_the_lines_with_their_places(
    text: str, codec: str, places: list[int]
) -> None:
    data = CODECS[codec] + text.encode(codec)
    lines, assembler = assembled(cut(data, places))

    *whole, torn = text.split("\n")
    assert [one.data.decode() for one in lines] == [line + "\n" for line in whole]
    assert [one.number for one in lines] == list(range(1, len(whole) + 1))
    for one, line in zip(lines, whole, strict=True):
        written = data[one.offset : one.offset + one.size].decode(codec)
        assert written.removeprefix("\ufeff") == line + "\n"
    assert sum(one.size for one in lines) + assembler.pending == len(data)
    rest = assembler.flush()
    assert (rest.data.decode() if rest else "") == torn
    assert sum(one.size for one in lines) + (rest.size if rest else 0) == len(data)


@given(st.binary(max_size=40), st.lists(st.integers(0, 40)))
def test_without_a_mark_bytes_are_left_as_they_are(data: bytes, places: list[int]) -> None:
    if data[:2] in CODECS.values():
        return
    lines, assembler = assembled(cut(data, places))
    rest = assembler.flush()
    parts = [one.text for one in lines] + ([rest.text] if rest else [])

    assert b"".join(parts).replace(b"\0", b"") == data.replace(b"\0", b"")


@pytest.mark.parametrize("codec", sorted(CODECS))
def test_a_long_line_is_kept_within_bounds(codec: str) -> None:
    data = CODECS[codec] + ("x" * (2 * MAX_LINE) + "\nnext\n").encode(codec)
    (long, after), _ = assembled([data[at : at + 4097] for at in range(0, len(data), 4097)])

    assert len(long.data) <= MAX_LINE + 2
    assert (after.data, after.number) == (b"next\n", 2)
    assert data[after.offset : after.offset + after.size].decode(codec) == "next\n"


@pytest.mark.parametrize("codec", sorted(CODECS))
def test_a_log_in_utf_16_gives_its_records(codec: str) -> None:
    text = "训练开始\r\n" + "".join(
        f"{{'loss': 0.{at}5, 'learning_rate': 1e-05, 'epoch': {at / 2}}}\r\n" for at in range(1, 5)
    )
    data = CODECS[codec] + text.encode(codec)
    file = LogFile("console.log")
    parser = FileParser(file, formats_of(None))
    parsed = [parser.feed(Chunk(file, at, data[at : at + 7], 0.0)) for at in range(0, len(data), 7)]
    parsed.append(parser.end(file))

    rows = [
        (int(line), int(offset), float(loss))
        for one in parsed
        for block in one.items
        if isinstance(block, StepBlock)
        for line, offset, loss in zip(block.line, block.offset, block.metrics["loss"], strict=True)
    ]
    assert [(line, loss) for line, _, loss in rows] == [(2, 0.15), (3, 0.25), (4, 0.35), (5, 0.45)]
    assert all(data[offset:].decode(codec).startswith("{'loss'") for _, offset, _ in rows)
    assert sum(one.tally.bytes for one in parsed) == len(data)
    assert sum(one.tally.lines for one in parsed) == 5
