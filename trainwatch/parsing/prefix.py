"""What stands before a line's message: torchrun's and torch's rank prefixes, a time, a level.

Understood, in this order and each optional: ``[default0]:`` (torchrun --tee, a local rank),
``[rank1]:`` (torch's tracebacks, a global rank), a time (``2023-12-03 14:30:25,123``, brackets,
ISO, a zone), and the level as Python logging, Hydra or loguru print it.
"""

import calendar
import math
import re
from datetime import datetime
from typing import cast

from trainwatch.events import Stamp

NAN = float("nan")
_LEVELS = rb"(?:DEBUG|INFO|WARNING|WARN|ERROR|CRITICAL|FATAL)"
_LOGGER = rb"[\w.<>-]{1,80}"

# The alternatives of the level are tried once; a greedy prefix that is not followed by what a
# format wants must fail fast, hence the possessive quantifiers. Every quantifier has a bound, so
# that no record can be longer than the part of a line that is kept. One space belongs to the
# prefix; more are the message's, since the lines of a traceback are told by their indentation.
PREFIX = (
    rb"(?:\[default(?P<local>\d{1,6})\]:[ ]?+)?+"
    rb"(?:\[rank(?P<torch_rank>\d{1,6})\]:[ ]?+)?+"
    rb"(?:\[?(?P<clock>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?:[.,](?P<fraction>\d{1,9}))?+"
    rb"(?P<zone>Z|[+-]\d\d:?\d\d)?+\]?+[ ]?+(?:[-|:][ ]?+)?+)?+"
    rb"(?:[ ]{0,4}(?:" + _LOGGER + rb" - |\[" + _LOGGER + rb"\])?"
    rb"(?:\[(?P<level_a>" + _LEVELS + rb")[ ]{0,4}\](?:[ ]{0,4}-|:)?[ ]?"
    rb"|(?P<level_b>" + _LEVELS + rb")[ ]{0,8}(?:"
    rb"\|[ ]{0,4}" + _LOGGER + rb":" + _LOGGER + rb":\d{1,9} - "  # loguru
    rb"|:" + _LOGGER + rb":[ ]?"  # logging's default
    rb"|[-|:][ ]|(?<= )(?=\[))"
    rb"|\[?(?P<level_c>[IWEF])\d{4} \d\d:\d\d:\d\d\.\d{1,9} [^\]\n]{1,200}\] ?))?"  # torch's own logs
)
"""Regular expression over bytes; its groups are `PREFIX_GROUPS`."""

PREFIX_GROUPS = 8
LOCAL, TORCH_RANK, CLOCK, FRACTION, ZONE = range(5)
"""Indices of the first groups of `PREFIX`."""

_line = re.compile(PREFIX + rb"(?P<message>.*)", re.DOTALL)


class Clock:
    """Turns a prefix's time into seconds; remembers the last second, since lines share it."""

    def __init__(self) -> None:
        self._text: bytes | None = None
        self._seconds = NAN

    def seconds(self, clock: bytes | None) -> float:
        """Wall-clock seconds since 1970 of ``2023-12-03 14:30:25``; NaN for none or no real date."""
        if clock != self._text:
            self._text = clock
            self._seconds = _whole_seconds(clock)
        return self._seconds

    def stamp(
        self, clock: bytes | None, fraction: bytes | None, zone: bytes | None
    ) -> Stamp | None:
        """The time of a line from the three groups of its prefix, or None."""
        seconds = self.seconds(clock)
        if math.isnan(seconds):
            return None
        digits = len(fraction) if fraction else 0
        if fraction:
            seconds += int(fraction) / 10**digits
        return Stamp(seconds, zone_minutes(zone), digits)


def _whole_seconds(clock: bytes | None) -> float:
    if clock is None:
        return NAN
    try:
        moment = datetime.fromisoformat(clock.decode())
    except ValueError:
        return NAN
    return float(calendar.timegm(moment.timetuple()))


def zone_minutes(zone: bytes | None) -> int | None:
    """Minutes east of UTC of ``Z``, ``+0800`` or ``-05:30``."""
    if not zone:
        return None
    if zone == b"Z":
        return 0
    minutes = int(zone[1:3]) * 60 + int(zone[-2:])
    return -minutes if zone[:1] == b"-" else minutes


def split_prefix(line: bytes) -> re.Match[bytes]:
    """The groups of the prefix (all may be None) and, as `message`, what stands behind it."""
    return cast(re.Match[bytes], _line.match(line))  # every part is optional: it always matches


def level_of(found: re.Match[bytes]) -> str | None:
    """The level in a match of `PREFIX`, in Python logging's words."""
    name: bytes | None = found["level_a"] or found["level_b"]
    if name:
        return {"WARN": "WARNING", "FATAL": "CRITICAL"}.get(name.decode(), name.decode())
    letter: bytes | None = found["level_c"]
    return _LETTERS[letter] if letter else None


_LETTERS = {b"I": "INFO", b"W": "WARNING", b"E": "ERROR", b"F": "CRITICAL"}
