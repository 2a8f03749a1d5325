"""The log: snapshots overlap, lines do not repeat, memory is bounded."""

from dataclasses import replace

from tests.tui import fake_views
from trainwatch.events import NOBODY, Where
from trainwatch.tui.draw.line import plain
from trainwatch.tui.draw.logbook import LogBook, drawn, heading


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
        " r3              text",
        " train_2026112…  text",
    ]
