"""Values as JSON for scripts: every number a JSON number, NaN and infinities as strings."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from trainwatch.events import Evidence, Stamp

if TYPE_CHECKING:
    from numpy.typing import NDArray

Json = dict[str, Any]

# Controls that JSON leaves as they are, marks of direction, and what some readers end a line at.
_ACTING = re.compile("[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")

_LAST = 253_402_300_799  # the last second of the year 9999; a fraction can round up beyond it
_EXACT = 2.0**53
_DIGITS = 6  # of a fraction of a second: a float of our days holds no more


def number(value: float | None) -> float | int | str | None:
    """A number; `"nan"`, `"inf"`, `"-inf"` for what JSON lacks."""
    if value is None:
        return None
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return value


def printed(value: float | None) -> float | int | str | None:
    """An epoch as printed: an integer where it is one, and a float holds it exactly."""
    if value is not None and abs(value) < _EXACT and value == int(value):
        return int(value)
    return number(value)


def evidence(items: Sequence[Evidence]) -> list[Json]:
    """Places with their text; the line is null where reading began in the middle of a file."""
    return [{"file": item.file, "line": item.line, "text": item.text} for item in items]


def iso_moment(seconds: float | None) -> str | None:
    """Epoch seconds as ISO 8601, UTC; None beyond the years 1 to 9999, which a zone can reach."""
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError):
        return None


def iso_stamp(stamp: Stamp | None) -> str | None:
    """A time as the log states it: its digits, its zone, nothing added."""
    if stamp is None or math.isnan(stamp.seconds):
        return None
    return iso_stamps(np.array([stamp.seconds]), stamp.zone, stamp.digits)[0]


def iso_stamps(column: "NDArray[np.float64]", zone: int | None, digits: int) -> list[str | None]:
    """The same for many times with one zone and as many digits; None for NaN."""
    digits, end = min(digits, _DIGITS), _zone(zone)
    unit = 10**digits
    stated = ~np.isnan(column)
    whole = np.minimum(np.floor(column[stated]), _LAST)
    # Rounded to the digits that the log has, but never up into the next second.
    fraction = np.minimum(np.rint((column[stated] - whole) * unit), unit - 1).astype(np.int64)
    texts = {second: _second(int(second)) for second in np.unique(whole).tolist()}
    form = f"%s.%0{digits}d{end}" if digits else f"%s%.0s{end}"
    times: list[str | None] = [
        form % (texts[second], part)
        for second, part in zip(whole.tolist(), fraction.tolist(), strict=True)
    ]
    if len(times) < len(column):
        rest = iter(times)
        return [next(rest) if known else None for known in stated.tolist()]
    return times


def _second(whole: int) -> str:
    moment = datetime.fromtimestamp(whole, UTC).replace(tzinfo=None)
    return moment.isoformat(timespec="seconds")


def _zone(minutes: int | None) -> str:
    if minutes is None:
        return ""
    if minutes == 0:
        return "Z"
    sign = "+" if minutes > 0 else "-"
    return f"{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def one_line(document: Mapping[str, Any]) -> str:
    """A document as one line of JSON: readable, and no character in it ends a line or acts."""
    text = json.dumps(without_surrogates(document), ensure_ascii=False)
    return _ACTING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def without_surrogates(document: Mapping[str, Any]) -> Json:
    """A document whose strings can be written as UTF-8, whatever a file's name holds."""
    return {key: _clean(value) for key, value in document.items()}


def _clean(value: Any) -> Any:  # noqa: ANN401 - JSON is what it is
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_clean(key): _clean(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_clean(item) for item in value]
    return value
