"""Numbers, times and places as people read them."""

import math
from datetime import UTC, timedelta, timezone

import pytest

from tests.tui import fake_views
from trainwatch.events import NOBODY, Evidence, Finding, RankId, Severity
from trainwatch.tui.draw import words


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "-"),
        (0.0, "0"),
        (0.0723, "0.0723"),
        (0.52341, "0.5234"),
        (1.3428, "1.343"),
        (12.345, "12.35"),
        (312.4, "312.4"),
        (20_123.0, "20123"),
        (1e12, "1e+12"),
        (1.2e-5, "1.20e-05"),
        (-0.5, "-0.5000"),
        (math.nan, "NaN"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
    ],
)
def test_numbers(value: float | None, shown: str) -> None:
    assert words.number(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "-"),
        (0.0, "0"),
        (0.001, "0.001"),
        (0.00098, "0.00098"),
        (0.0009604, "0.00096"),
        (0.000847883, "0.000848"),
        (2.68576e-05, "2.69e-05"),
        (9.185e-05, "9.18e-05"),
        (math.nan, "nan"),
    ],
)
def test_rates_keep_their_exponent(value: float | None, shown: str) -> None:
    assert words.rate(value) == shown


@pytest.mark.parametrize(
    ("seconds", "long", "short"),
    [
        (None, "-", "-"),
        (0.0, "0.00 s", "0.00s"),
        (0.013, "13 ms", "13ms"),
        (0.12, "0.12 s", "0.12s"),
        (14.52, "14.5 s", "14.5s"),
        (59.9, "59 s", "59s"),
        (250.0, "4 min 10 s", "4m10s"),
        (240.0, "4 min", "4m"),
        (7843.0, "2 h 10 min", "2h10m"),
        (3 * 86400 + 4 * 3600.0, "3 d 4 h", "3d4h"),
        (2178 * 86400 + 18 * 3600.0, "2178 d 18 h", "2178d"),
        (math.inf, "-", "-"),
    ],
)
def test_durations(seconds: float | None, long: str, short: str) -> None:
    assert words.duration(seconds) == long
    assert words.brief(seconds) == short


@pytest.mark.parametrize(
    ("share", "shown"),
    [(None, "-"), (0.0741, "7.4 %"), (0.347, "34 %"), (0.9999, "99 %"), (1.0, "100 %")],
)
def test_a_share_is_never_rounded_up(share: float | None, shown: str) -> None:
    assert words.percent(share) == shown


def test_counts() -> None:
    assert [words.count(n) for n in (7, 2565, 40_312, None)] == ["7", "2565", "40,312", "-"]
    assert words.plural(1, "rank") == "1 rank"
    assert words.plural(8, "rank") == "8 ranks"


def test_epochs_are_shown_as_printed() -> None:
    assert [words.epoch(e) for e in (15.0, 0.66, None)] == ["15", "0.66", "-"]


def test_the_clock_has_a_zone() -> None:
    assert words.clock(fake_views.NOW, UTC) == "14:32:07"
    assert words.clock(fake_views.NOW, timezone(timedelta(hours=2))) == "16:32:07"


def test_an_arrival_on_another_day_says_so() -> None:
    assert words.arrival(fake_views.NOW, 7843, UTC) == "16:42"
    assert words.arrival(fake_views.NOW, 86_400, UTC) == "Mon 14:32"
    assert words.arrival(fake_views.NOW, 30 * 86_400, UTC) == "22 Dec"


def test_places() -> None:
    known = Evidence("logs/debug_rank3_20261122.log", 88_213, 0, "")
    assert words.place(known) == "logs/debug_rank3_20261122.log:88213"
    assert words.short_place(known, 20) == "debug_rank3_2…:88213"
    assert words.place(known._replace(line=None, offset=99)) == (
        "logs/debug_rank3_20261122.log at byte 99"
    )


def test_a_rank_is_named_once() -> None:
    finding = Finding("x", Severity.WARNING, RankId(3), "silent for 20 s", ())
    assert words.told(finding) == "rank 3: silent for 20 s"
    assert words.told(fake_views.stall_finding()).startswith("rank 3 is silent")
    assert words.told(Finding("x", Severity.WARNING, NOBODY, "all silent", ())) == "all silent"
