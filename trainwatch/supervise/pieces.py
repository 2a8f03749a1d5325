"""`console.log` in pieces: what was written before is `console.log-<date>-<number>`, oldest first.

A piece keeps its name for ever, so that whoever reads one is never led astray by a renaming. The
names are those of logrotate's `dateext`, which every reader of logs knows to put in order.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from pathlib import Path

_NAME = re.compile(r"console\.log-(?P<date>[0-9]{8})-(?P<number>[0-9]{6})")
_LAST = 999_999


def is_piece(path: Path) -> bool:
    """Whether a file of a run directory is an earlier piece of its console."""
    return _NAME.fullmatch(path.name) is not None


def piece_number(path: Path) -> int:
    """Which piece it is, from 1; 0 for what is none."""
    found = _NAME.match(path.name)  # the name of an open file that was removed goes on behind it
    return int(found["number"]) if found else 0


def pieces(root: Path) -> list[Path]:
    """The earlier pieces of the console of the run in `root`, oldest first; OSError."""
    return sorted(filter(is_piece, root.iterdir()), key=_key)


def next_name(existing: Iterable[Path], now: float) -> str:
    """The name of the next piece; `now` in epoch seconds.

    Raises:
        OSError: All numbers are used up.
    """
    date, number = max(map(_key, existing), default=("", 0))
    if number >= _LAST:
        raise OSError(0, f"there are {_LAST} pieces already")
    # A clock that was set back must not put the new piece before an older one.
    today = max(date, time.strftime("%Y%m%d", time.gmtime(now)))
    return f"console.log-{today}-{number + 1:06}"


def _key(path: Path) -> tuple[str, int]:
    found = _NAME.fullmatch(path.name)
    return (found["date"], int(found["number"])) if found else ("", 0)
