"""Times as kernels, schedulers and C++ libraries write them, which no log's prefix states."""

import calendar
import re
from datetime import UTC, datetime

from trainwatch.events import Stamp

_MONTHS = {name: at for at, name in enumerate(calendar.month_abbr) if name}
_NAMES = rb"(?P<name>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_CLOCK = rb"(?P<clock>\d\d:\d\d:\d\d)(?:[.,](?P<fraction>\d{1,9}))?"
_FORMS = (
    re.compile(
        rb"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)[T_ ]"
        + _CLOCK
        + rb"(?P<zone>Z|[+-]\d\d:?\d\d)?"
    ),
    # torch's own: a letter, the month with one or two digits, the day with two.
    re.compile(rb"\b[IWEF](?P<month>\d{1,2})(?P<day>\d\d) " + _CLOCK),
    # dmesg -T and syslog; the year before or after the time, or nowhere.
    re.compile(_NAMES + rb" {1,2}(?P<day>\d{1,2})(?: (?P<year>\d{4}))? " + _CLOCK),
    re.compile(_NAMES + rb" {1,2}(?P<day>\d{1,2}) " + _CLOCK + rb" (?P<year>\d{4})"),
)
_LINE = 400


def stamp_in(text: bytes, near: float | None) -> Stamp | None:
    """The first time that a line states.

    Args:
        text: The line.
        near: Wall-clock seconds of some line around it: the year where the line states none.
    """
    head = text[:_LINE]
    found = [match for form in _FORMS if (match := form.search(head))]
    for match in sorted(found, key=lambda match: (match.start(), -match.end())):
        stamp = _stamp(match, near)
        if stamp is not None:
            return stamp
    return None


def _stamp(match: re.Match[bytes], near: float | None) -> Stamp | None:
    fields = match.groupdict()
    year = fields.get("year")
    if year is None and near is None:
        return None
    name = fields.get("name")
    month = _MONTHS[name.decode()] if name else int(fields["month"] or 0)
    hour, minute, second = map(int, (fields["clock"] or b"").split(b":"))
    known = int(year) if year else datetime.fromtimestamp(near or 0.0, UTC).year
    try:
        day = int(fields["day"] or 0)
        moment = datetime(known, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    fraction = fields.get("fraction") or b""
    seconds = moment.timestamp() + (int(fraction) / 10 ** len(fraction) if fraction else 0.0)
    return Stamp(seconds, _zone(fields.get("zone")), len(fraction))


def _zone(zone: bytes | None) -> int | None:
    if not zone:
        return None
    if zone == b"Z":
        return 0
    minutes = int(zone[1:3]) * 60 + int(zone[-2:])
    return -minutes if zone.startswith(b"-") else minutes
