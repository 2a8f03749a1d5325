"""When a line was written: zones, copied files, wrong clocks."""

import pytest

from core.feeding import MTIME, Writing, read_text
from trainwatch.events import Stamp
from trainwatch.model.moments import epoch_seconds, moment
from trainwatch.model.snapshot import TimeBasis
from trainwatch.parsing.prefix import Clock, zone_minutes

HOUR = 3600.0


@pytest.mark.parametrize(
    ("apart", "expected"),
    [
        (0.0, MTIME),
        (3.0, MTIME),
        (-3.0, MTIME),
        (599.0, MTIME),
        (8 * HOUR, MTIME),
        (-5 * HOUR - 3.0, MTIME),
        (5.75 * HOUR, MTIME),
        (14 * HOUR, MTIME),
        (700.0, MTIME - 700.0),
        (8 * HOUR + 30.0, MTIME - 8 * HOUR - 30.0),
        (15 * HOUR, MTIME - 15 * HOUR),
        (400 * HOUR, MTIME - 400 * HOUR),
        (-400 * HOUR, MTIME + 400 * HOUR),
    ],
    ids=[
        *("equal", "seconds before", "seconds after", "minutes before"),
        *("another zone", "a zone west", "Nepal", "the last zone"),
        *("copied after minutes", "copied after hours", "no such zone", "copied after days"),
        "a clock that is ahead by days",
    ],
)
def test_the_modification_time_tells_a_zone_from_a_copied_file(
    apart: float, expected: float
) -> None:
    found = moment(Stamp(MTIME - apart), MTIME, 0.0, live=False)

    assert found == (expected, TimeBasis.LOG)


def test_an_arrival_that_was_watched_is_always_right() -> None:
    assert moment(Stamp(MTIME - 90_000), MTIME, 0.0, live=True) == (MTIME, TimeBasis.ARRIVAL)


def test_without_a_stated_time_there_is_only_the_modification_time() -> None:
    assert moment(None, MTIME, 0.0, live=False) == (MTIME, TimeBasis.MTIME)


def test_a_stated_zone_goes_before_the_readers_own() -> None:
    assert epoch_seconds(Stamp(1000.0, zone=480), 3600.0) == 1000.0 - 8 * HOUR
    assert epoch_seconds(Stamp(1000.0, zone=0), 3600.0) == 1000.0
    assert epoch_seconds(Stamp(1000.0), 3600.0) == 1000.0 - 3600.0


@pytest.mark.parametrize(
    ("text", "minutes"),
    [(None, None), (b"", None), (b"Z", 0), (b"+0800", 480), (b"-05:30", -330), (b"+00:00", 0)],
)
def test_zones_are_read(text: bytes | None, minutes: int | None) -> None:
    assert zone_minutes(text) == minutes


@pytest.mark.parametrize(
    ("text", "stamp"),
    [
        ("2023-12-03 14:30:25,123", Stamp(1701613825.123, None, 3)),
        ("[2023-12-03 14:30:25.000001]", Stamp(1701613825.000001, None, 6)),
        ("2023-12-03T14:30:25+08:00", Stamp(1701613825.0, 480, 0)),
        ("2023-12-03T14:30:25.5Z", Stamp(1701613825.5, 0, 1)),
        ("2024-02-29 00:00:00", Stamp(1709164800.0, None, 0)),
        ("2023-02-29 00:00:00", None),
        ("2023-99-99 99:99:99", None),
        ("0000-01-01 00:00:00", None),
    ],
)
def test_times_are_read_and_impossible_ones_are_none(text: str, stamp: Stamp | None) -> None:
    reading = read_text(f"{text} [INFO] Starting training...\n")

    assert reading.events[0].stamp == stamp
    (row,) = read_text(f"{text} [DEBUG] [Rank 0] Training step 1, loss=1\n").rows
    assert row.seconds == (stamp and stamp.seconds)


def test_a_clock_remembers_only_the_last_second() -> None:
    clock = Clock()
    for _ in range(2):
        for second in range(60):
            text = f"2023-12-03 14:30:{second:02d}".encode()
            assert clock.seconds(text) == 1701613800.0 + second


MIDNIGHT = 1_795_996_800.0
STEP = "2026-11-30 {} [DEBUG] [Rank {}] Training step 1, loss=0.5\n"


def test_a_rank_that_fell_silent_in_a_shared_log_is_not_as_fresh_as_the_file() -> None:
    lines = STEP.format("00:00:00,000", 2) + STEP.format("00:05:00,000", 0)
    ranks = read_text(lines).view(MTIME + 10.0).ranks

    quiet = {rank.who.rank: rank.silent_seconds or 0.0 for rank in ranks}
    assert quiet[2] - quiet[0] == pytest.approx(300.0)


def test_a_rank_that_fell_silent_in_a_shared_log_of_another_zone() -> None:
    writing = Writing()
    lines = STEP.format("00:00:00,000", 2) + STEP.format("00:05:00,000", 0)
    mtime = MIDNIGHT + 300.0 - 8 * HOUR  # eight hours west of what it states
    writing.write("console.log", lines, mtime, live=False)
    ranks = writing.view(mtime + 10.0).ranks

    quiet = {rank.who.rank: rank.silent_seconds for rank in ranks}
    assert quiet == {0: 10.0, 2: 310.0}
    assert {rank.basis for rank in ranks} == {TimeBasis.LOG}
