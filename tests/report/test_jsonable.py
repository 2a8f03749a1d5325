"""Numbers and times as scripts read them."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainwatch.events import Evidence, Stamp
from trainwatch.report.jsonable import (
    evidence,
    iso_moment,
    iso_stamp,
    number,
    printed,
    without_surrogates,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (0.5, 0.5),
        (3, 3),
        (math.nan, "nan"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
        (1.7e308, 1.7e308),
    ],
)
def test_numbers_are_numbers_and_what_json_lacks_is_a_word(
    value: float | None, expected: object
) -> None:
    assert number(value) == expected
    json.dumps(number(value), allow_nan=False)


@given(st.floats())
def test_every_float_survives(value: float) -> None:
    text = json.dumps(number(value), allow_nan=False)

    assert repr(float(json.loads(text))) == repr(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "null"),
        (3.0, "3"),
        (0.66, "0.66"),
        (-1.0, "-1"),
        (math.inf, '"inf"'),
        (math.nan, '"nan"'),
        (1e300, "1e+300"),
        (1e18, "1e+18"),
    ],
)
def test_an_epoch_is_an_integer_where_it_was_printed_as_one(
    value: float | None, expected: str
) -> None:
    assert json.dumps(printed(value)) == expected


@pytest.mark.parametrize(
    ("stamp", "text"),
    [
        (None, None),
        (Stamp(math.nan), None),
        (Stamp(1701613825.0), "2023-12-03T14:30:25"),
        (Stamp(1701613825.123, None, 3), "2023-12-03T14:30:25.123"),
        (Stamp(1701613825.1, None, 1), "2023-12-03T14:30:25.1"),
        (Stamp(1701613825.0, None, 3), "2023-12-03T14:30:25.000"),
        (Stamp(1701613825.999, None, 3), "2023-12-03T14:30:25.999"),
        (Stamp(1701613825.000001, None, 6), "2023-12-03T14:30:25.000001"),
        (Stamp(1701613825.9999996, None, 7), "2023-12-03T14:30:25.999999"),
        (Stamp(1701613825.0, 0), "2023-12-03T14:30:25Z"),
        (Stamp(1701613825.5, 480, 1), "2023-12-03T14:30:25.5+08:00"),
        (Stamp(1701613825.0, -210), "2023-12-03T14:30:25-03:30"),
        (Stamp(-62135596800.0), "0001-01-01T00:00:00"),
        (Stamp(253402300800.0, None, 9), "9999-12-31T23:59:59.999999"),
        (Stamp(-0.5, None, 1), "1969-12-31T23:59:59.5"),
    ],
)
def test_a_stated_time_has_its_digits_and_its_zone_and_nothing_else(
    stamp: Stamp | None, text: str | None
) -> None:
    assert iso_stamp(stamp) == text


@given(st.integers(0, 4_000_000_000), st.integers(1, 6), st.data())
def test_a_stated_time_survives(seconds: int, digits: int, data: st.DataObject) -> None:
    fraction = data.draw(st.integers(0, 10**digits - 1))
    text = iso_stamp(Stamp(seconds + fraction * 10.0**-digits, None, digits))

    assert text is not None
    assert text.endswith(f".{fraction:0{digits}d}")
    assert text[:19] == iso_stamp(Stamp(float(seconds)))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, None),
        (1701613825.1234, "2023-12-03T14:30:25.123+00:00"),
        (1e30, None),
        (-1e12, None),
        (math.inf, None),
        (math.nan, None),
    ],
)
def test_a_moment_is_utc_and_null_beyond_the_calendar(
    seconds: float | None, text: str | None
) -> None:
    assert iso_moment(seconds) == text


def test_evidence_keeps_a_line_that_is_not_known_as_null() -> None:
    assert evidence([Evidence("a.log", None, 70, "x"), Evidence("a.log", 3, 0, "y")]) == [
        {"file": "a.log", "line": None, "text": "x"},
        {"file": "a.log", "line": 3, "text": "y"},
    ]


def test_a_name_that_is_not_utf_8_can_be_written() -> None:
    document = {"a": "x\udcff", "b": [{"\udc80": "y"}], "c": None, "d": 1.5}
    clean = without_surrogates(document)

    assert clean == {"a": "x?", "b": [{"?": "y"}], "c": None, "d": 1.5}
    json.dumps(clean, ensure_ascii=False).encode()
