"""One raw line as people see it: who wrote it, when, how grave it is."""

import re

from trainwatch.events import NOBODY, LogLine, RankId, Where
from trainwatch.formats.filenames import FileRole
from trainwatch.model.logs import Level
from trainwatch.parsing.prefix import Clock, level_of, split_prefix

SHOWN = 4000
"""Bytes of a line that are shown."""

ERROR = re.compile(
    rb"\b(?:errors?|exception|traceback|fatal|critical|panic|segfault|killed|failed|failure)\b"
    rb"|out of memory|[a-z]error\b",
    re.IGNORECASE,
)
WARNING = re.compile(rb"warn(?:ing)?\b", re.IGNORECASE)
_HARMLESS = re.compile(
    rb"(?i)\b(?:no|0|without) (?:errors?|failures?)\b|\berrors?\s*[=:]\s*-?[\d.]"
)
_RANK = re.compile(rb"\[?\b[Rr]ank[ :=]?(\d{1,7})\b")
_NEAR = 24
"""Bytes of a message within which it may name its rank."""

_QUIET = frozenset({"DEBUG", "INFO"})


class LineMaker:
    """Makes lines; remembers the last second, which neighbours share."""

    def __init__(self) -> None:
        self._clock = Clock()

    def make(self, name: str, role: FileRole, offset: int, raw: bytes) -> LogLine:
        """The line as it is shown: of a progress bar what stood there last."""
        text = raw.rstrip(b"\r\n").rsplit(b"\r", 1)[-1][:SHOWN]
        found = split_prefix(text)
        return LogLine(
            Where(name, None, offset),
            _who(role, found),
            text.decode(errors="replace"),
            level_of(found),
            self._clock.stamp(found["clock"], found["fraction"], found["zone"]),
            message=found["message"].decode(errors="replace"),
        )


def _who(role: FileRole, found: re.Match[bytes]) -> RankId:
    if role.rank is not None:
        return RankId(role.rank)
    if found["torch_rank"] is not None:
        return RankId(int(found["torch_rank"]))
    named = _RANK.match(found["message"][:_NEAR])
    if named is not None:
        return RankId(int(named[1]))
    local = found["local"]
    if local is not None or role.local_rank is not None:
        return RankId(None, int(local) if local is not None else role.local_rank)
    return NOBODY


def severity(line: LogLine) -> Level:
    """How grave a line is: by its level, else by its words."""
    if line.level in ("ERROR", "CRITICAL"):
        return Level.ERROR
    if line.level == "WARNING":
        return Level.WARNING
    if line.level in _QUIET:
        return Level.ALL
    raw = line.text.encode(errors="replace")
    if ERROR.search(raw) and not _HARMLESS.search(raw):
        return Level.ERROR
    return Level.WARNING if WARNING.search(raw) else Level.ALL
