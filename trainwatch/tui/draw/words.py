"""Numbers, times and places in the words of a person."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo

from trainwatch.events import Evidence, Finding, RankId
from trainwatch.tui.draw.text import cut, safe_text, width

UNKNOWN = "-"

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_DECIMALS = ((1000.0, 0), (100.0, 1), (10.0, 2), (1.0, 3), (0.01, 4), (0.001, 5))
_PLAIN_UP_TO = 1e6
_TENTHS_UP_TO = 10
_MILLISECONDS_UP_TO = 0.1
_RATE_CELLS = 8
_LONG_DAYS = 1000


def number(value: float | None) -> str:
    """A measured value in few digits, such as `0.0723`, `1.2e-05`, `NaN`, `-`."""
    if value is None:
        return UNKNOWN
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    size = abs(value)
    if size == 0 or size >= _PLAIN_UP_TO:
        return "0" if size == 0 else f"{value:.3g}"
    for above, decimals in _DECIMALS:
        if size >= above:
            return f"{value:.{decimals}f}"
    return f"{value:.2e}"


def exact(value: float | None) -> str:
    """A value that somebody set, such as a learning rate: as short as it is."""
    return UNKNOWN if value is None else f"{value:g}"


def rate(value: float | None) -> str:
    """A learning rate in at most eight cells: `0.001`, `0.00096`, `2.69e-05`.

    A schedule's values have many digits; cut off, they would lose their exponent.
    """
    shown = exact(value)
    if value is None or len(shown) <= _RATE_CELLS:
        return shown
    near = f"{value:.3g}"
    return near if len(near) <= _RATE_CELLS else f"{value:.2e}"


def epoch(value: float | None) -> str:
    """An epoch as printed: `15`, or `0.66` where a log counts so."""
    return exact(value) if value is None or value % 1 else f"{value:.0f}"


def count(value: float | None) -> str:
    """A whole number, with commas from five digits on."""
    if value is None:
        return UNKNOWN
    return f"{value:.0f}" if abs(value) < 10_000 else f"{value:,.0f}"  # noqa: PLR2004


def percent(share: float | None) -> str:
    """A share of 1; never `100 %` before it is."""
    if share is None:
        return UNKNOWN
    hundred = share * 100
    if hundred < _TENTHS_UP_TO:
        return f"{math.floor(hundred * 10) / 10:.1f} %"
    return f"{math.floor(hundred):.0f} %"


def duration(seconds: float | None) -> str:
    """`0.12 s`, `14.5 s`, `4 min 10 s`, `2 h 10 min`, `3 d 4 h`."""
    return _duration(seconds, " ", (" d", " h", " min", " s"))


def brief(seconds: float | None) -> str:
    """The same for a narrow column, at most seven cells: `0.12s`, `4m10s`, `2h10m`, `2178d`."""
    if seconds is not None and _LONG_DAYS * _DAY <= seconds < math.inf:
        return f"{seconds // _DAY:.0f}d"
    return _duration(seconds, "", ("d", "h", "m", "s"))


def size(bytes_: float | None) -> str:
    """Bytes as `340 K`, `61.2 G`, `212 G`, `9.0 T`; `n/a` where nobody told."""
    if bytes_ is None:
        return "n/a"
    of, unit = bytes_ / 1024, "K"
    for larger in "MGT":
        if of < 1000:  # noqa: PLR2004 - three digits
            break
        of, unit = of / 1024, larger
    return f"{of:.0f} {unit}" if of >= 100 or unit == "K" else f"{of:.1f} {unit}"  # noqa: PLR2004


def ago(seconds: float) -> str:
    """`just now`, `20 s ago`, `9 min ago`: in steps, so that a screen does not move for an age."""
    if seconds < _NEW:
        return "just now"
    if seconds < _MINUTE:
        return f"{seconds // _NEW * _NEW:.0f} s ago"
    return f"{duration(seconds - seconds % _MINUTE)} ago"


_NEW = 10


def _duration(seconds: float | None, between: str, units: tuple[str, str, str, str]) -> str:
    if seconds is None or not math.isfinite(seconds):
        return UNKNOWN
    day, hour, minute, second = units
    if 0 < seconds < _MILLISECONDS_UP_TO:
        return f"{seconds * 1000:.3g}{between}ms"
    if seconds < _MINUTE:
        return _seconds(max(seconds, 0.0)) + second
    whole = int(seconds)
    for size, unit, part, small in (
        (_DAY, day, _HOUR, hour),
        (_HOUR, hour, _MINUTE, minute),
        (_MINUTE, minute, 1, second),
    ):
        if whole >= size:
            rest = whole % size // part
            return f"{whole // size}{unit}" + (f"{between}{rest}{small}" if rest else "")
    return _seconds(seconds) + second


def _seconds(value: float) -> str:
    if value < 1:
        return f"{value:.2f}"
    return f"{value:.1f}" if value < 20 else f"{int(value)}"  # noqa: PLR2004


def moment(seconds: float, zone: tzinfo | None = None) -> datetime:
    """The local time, or that of a zone."""
    return (datetime.fromtimestamp(0, UTC) + timedelta(seconds=seconds)).astimezone(zone)


def clock(seconds: float, zone: tzinfo | None = None) -> str:
    """`14:32:07`."""
    return f"{moment(seconds, zone):%H:%M:%S}"


def arrival(now: float, after: float, zone: tzinfo | None = None) -> str:
    """When something due after so many seconds will be there: `16:42`, with the day if not today."""
    then, today = moment(now + after, zone), moment(now, zone)
    if then.date() == today.date():
        return f"{then:%H:%M}"
    return f"{then:%a %H:%M}" if after < 6 * _DAY else f"{then:%d %b}"


def place(of: Evidence) -> str:
    """`debug_rank3.log:88213`; the byte where the view began in the middle of the file."""
    if of.line is None:
        return f"{of.file} at byte {of.offset}" if of.offset else of.file
    return f"{of.file}:{of.line}"


def short_place(of: Evidence, room: int) -> str:
    """The same in so many cells: the middle of the file's name gives way."""
    whole = safe_text(place(of))
    if width(whole) <= room or of.line is None:
        return cut(whole, room)
    name, end = of.file.rsplit("/", 1)[-1], f":{of.line}"
    return cut(safe_text(name), room - len(end)) + end


def whom(who: RankId) -> str:
    """`rank 3`, `local 1`, or nothing for the whole run."""
    return f"rank {who.rank}" if who.rank is not None else "" if who.local is None else who.label


def ranges(labels: Sequence[str], most: int = 8) -> str:
    """Ranks in order as `0-2,4-7`; names that are no numbers stand alone."""
    runs: list[tuple[str, str]] = []
    for label in labels:
        last = runs[-1][1] if runs else ""
        if last.isdecimal() and label.isdecimal() and int(label) == int(last) + 1:
            runs[-1] = (runs[-1][0], label)
        else:
            runs.append((label, label))
    shown = [_range(first, last) for first, last in runs[:most]]
    return ",".join(shown) + ",…" * (len(runs) > most)


def _range(first: str, last: str) -> str:
    if first == last:
        return first
    return f"{first},{last}" if int(last) == int(first) + 1 else f"{first}-{last}"


def told(finding: Finding) -> str:
    """A finding's sentence, with its rank in front unless the sentence names it."""
    name = whom(finding.who)
    return finding.message if name in finding.message else f"{name}: {finding.message}"


def plural(many: int, one: str, more: str | None = None) -> str:
    """`1 rank`, `8 ranks`."""
    return f"{count(many)} {one if many == 1 else more or one + 's'}"
