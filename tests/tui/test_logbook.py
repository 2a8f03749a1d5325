"""The log: snapshots overlap, lines do not repeat, memory is bounded."""

from dataclasses import replace

import pytest

from tests.tui import fake_views
from trainwatch.events import NOBODY, LogLine, Stamp, Where
from trainwatch.tui.draw.line import plain
from trainwatch.tui.draw.logbook import LogBook, drawn, heading, source


def offsets(book: LogBook) -> list[int]:
    return [entry.line.where.offset for entry in book.entries if entry.line is not None]


def lines(first: int, many: int) -> object:
    return fake_views.healthy(recent=fake_views.recent(many, first=first))


def test_overlapping_snapshots_give_each_line_once() -> None:
    book = LogBook()
    for first in (0, 10, 10, 25):
        book.take(lines(first, 30))  # type: ignore[arg-type]
    assert offsets(book) == [(88_000 + n) * 80 for n in range(55)]


def test_a_gap_is_told() -> None:
    book = LogBook()
    book.take(lines(0, 10))  # type: ignore[arg-type]
    book.take(lines(500, 10))  # type: ignore[arg-type]
    gaps = [place for place, entry in enumerate(book.entries) if entry.line is None]
    assert gaps == [10]
    assert "more lines were written here" in plain(drawn(book.entries[10], 4))


def test_memory_is_bounded() -> None:
    book = LogBook(limit=50)
    for first in range(0, 1000, 10):
        book.take(lines(first, 20))  # type: ignore[arg-type]
    assert len(book.entries) == 50
    assert len(book._known) <= 2 * 50 + 20
    assert book.dropped == 1010 - 50
    assert offsets(book)[-1] == (88_000 + 1009) * 80


def test_a_line_that_gets_its_number_later_is_the_same_line() -> None:
    book = LogBook()
    known = fake_views.recent(10)
    early = tuple(replace(one, where=one.where._replace(line=None)) for one in known)
    book.take(fake_views.healthy(recent=early))
    book.take(fake_views.healthy(recent=known))
    assert len(book.entries) == 10


def test_a_paused_log_holds_still_and_counts() -> None:
    book = LogBook()
    book.take(lines(0, 10))  # type: ignore[arg-type]
    book.pause(True)
    book.take(lines(5, 10))  # type: ignore[arg-type]
    assert (len(book.entries), book.held) == (10, 5)
    assert plain(heading(book, following=True)) == ("logs · PAUSED, 5 newer lines · space goes on")
    book.pause(False)
    assert (len(book.entries), book.held) == (15, 0)


def test_what_a_pause_could_not_keep_is_told() -> None:
    book = LogBook(limit=20)
    book.pause(True)
    for first in range(0, 100, 20):
        book.take(lines(first, 20))  # type: ignore[arg-type]
    book.pause(False)
    assert len(book.entries) == 20
    assert book.held == 0


def test_who_wrote_it() -> None:
    line = fake_views.log_line(1, 3, "text")
    book = LogBook()
    main = replace(line, who=NOBODY, where=Where("logs/train_20261122_142000.log", 1, 0))
    book.take(fake_views.healthy(recent=(line, main)))
    assert [plain(drawn(entry, book.name_width)) for entry in book.entries] == [
        " r3     text",
        " train  text",
    ]


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("logs/train_20261122_142000.log", "train"),
        ("console.log", "console"),
        ("training.2026-11-22.log", "training"),
        ("20261122.log", "20261122.log"),
        ("worker-12.log", "worker-12"),
        ("slurm-1234567.out", "slurm"),
        ("nohup.out", "nohup"),
    ],
)
def test_a_log_is_named_without_what_all_have_in_common(file: str, name: str) -> None:
    line = fake_views.log_line(1, 3, "text")
    assert source(replace(line, who=NOBODY, where=Where(file, 1, 0))) == name


def test_what_was_read_file_by_file_is_put_in_order() -> None:
    def line(rank: int, number: int, at: float | None) -> LogLine:
        stamp = Stamp(at) if at is not None else None
        return replace(fake_views.log_line(number, rank, f"{rank} at {at}"), stamp=stamp)

    book = LogBook()
    lines = (line(0, 1, 10.0), line(0, 2, None), line(0, 3, 30.0), line(1, 1, 20.0))
    book.take(fake_views.healthy(recent=lines))
    assert [entry.text for entry in book.entries] == [
        *("0 at 10.0", "0 at None", "1 at 20.0", "0 at 30.0")
    ]
    book.take(fake_views.healthy(recent=(*lines, line(1, 2, 15.0))))
    assert book.entries[-1].text == "1 at 15.0"

    book = LogBook()
    book.take(fake_views.healthy(recent=lines[:3], loaded=0.5))
    book.take(fake_views.healthy(recent=lines))
    assert [entry.text for entry in book.entries] == [
        *("0 at 10.0", "0 at None", "1 at 20.0", "0 at 30.0")
    ]
