"""torchrun's failure block: who failed, with which exit code, and what it takes for the cause."""

import re
from dataclasses import dataclass

_RULE = re.compile(rb"^={40,}$")
_TITLE = re.compile(rb"^\S.{0,300} FAILED\s*$")
_KEY = re.compile(
    rb"^ {2}(?P<key>time|host|rank|exitcode|error_file|traceback) {0,6}: ?(?P<value>.*)$"
)
_INSIDE = re.compile(rb"^(?: {2}|-{3,}|\[\d{1,7}\]:|Failures:|Root Cause|<NO_OTHER_FAILURES>)")
_RANK = re.compile(rb"^(\d{1,7}) \(local_rank: (\d{1,7})\)")
_EXIT = re.compile(rb"^(-?\d{1,9}) {0,2}\(pid: (\d{1,9})\)")


@dataclass(frozen=True, slots=True)
class WorkerEntry:
    """One worker of the block, complete."""

    root_cause: bool
    rank: int | None = None
    local_rank: int | None = None
    exitcode: int | None = None
    pid: int | None = None
    host: str | None = None
    error_file: str | None = None


@dataclass(frozen=True, slots=True)
class BlockTitle:
    """The block's first words: the job FAILED."""


class FailureBlock:
    """Follows the failure block of one file, line by line."""

    def __init__(self) -> None:
        self._after_rule = False
        self._inside = False
        self._root = False
        self._values: dict[str, bytes] = {}

    def interrupt(self) -> None:
        """Another line stands here: a rule before it is not the rule above a title."""
        self._after_rule = False

    def feed(self, message: bytes) -> WorkerEntry | BlockTitle | bool:
        """Take a line.

        Returns:
            What the line completes; True when it belongs to the block; False when it does not.
        """
        if _RULE.match(message):
            belongs, self._inside = self._inside, False
            self._after_rule = True
            return belongs
        after_rule, self._after_rule = self._after_rule, False
        if after_rule and _TITLE.match(message):
            self._inside, self._root, self._values = True, False, {}
            return BlockTitle()
        # A launcher that is killed leaves its block open: the first foreign line closes it.
        self._inside = self._inside and bool(_INSIDE.match(message))
        return self._body(message) if self._inside else False

    def _body(self, message: bytes) -> WorkerEntry | bool:
        if message.startswith(b"Root Cause"):
            self._root = True
        found = _KEY.match(message)
        if found is None:
            return True
        self._values[found["key"].decode()] = found["value"].strip()
        if found["key"] != b"traceback":  # the last key of an entry
            return True
        values, self._values = self._values, {}
        return _entry(values, root_cause=self._root)


def _entry(values: dict[str, bytes], *, root_cause: bool) -> WorkerEntry:
    rank = _RANK.match(values.get("rank", b""))
    left = _EXIT.match(values.get("exitcode", b""))
    error_file = values.get("error_file", b"").decode(errors="replace")
    return WorkerEntry(
        root_cause=root_cause,
        rank=int(rank[1]) if rank else None,
        local_rank=int(rank[2]) if rank else None,
        exitcode=int(left[1]) if left else None,
        pid=int(left[2]) if left else None,
        host=values.get("host", b"").decode(errors="replace") or None,
        error_file=error_file if error_file not in ("", "<N/A>") else None,
    )
