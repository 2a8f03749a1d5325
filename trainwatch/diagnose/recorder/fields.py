"""From the plain values of a dump to its types, whatever keys and kinds of value it has.

Versions differ: a key may be missing or new, numbers may be strings (JSON writes the counters so),
an unknown time is None in a pickle and 0 in JSON. A value of the wrong kind is not known. Values
that are shared may unfold to more than the file's size can justify, so the work is counted.
"""

import re
from collections.abc import Mapping

from trainwatch.diagnose.recorder.dump import (
    DumpError,
    Entry,
    Frame,
    GroupConfig,
    GroupStatus,
    Shape,
    State,
)

MAX_WORK = 8_000_000
"""Values looked at in one dump; a shared value counts each time, a shared stack once."""
MAX_FRAMES = 256
MAX_DIMENSIONS = 64
"""As many as a tensor may have."""
MAX_TEXT = 400
MAX_RANK = 1_000_000
MAX_MEMBERS = 1 << 17

_INTEGER = re.compile(r"-?[0-9]{1,19}")
_NUMBERS = re.compile(r"[0-9]{1,9}")
_PEERS = re.compile(r"(?P<name>\S+) (?P<left>\d{1,7})(?P<arrow>->|<-)(?P<right>\d{1,7})")
_INT64 = 1 << 63

Fields = Mapping[object, object]


class Reader:
    """Reads the values of one dump; one object a dump, for it counts the work and keeps stacks."""

    def __init__(self) -> None:
        self._left = MAX_WORK
        self._frames: dict[int, Frame] = {}
        self._texts: dict[str, str] = {}

    def configs(self, value: object) -> tuple[GroupConfig, ...]:
        """The process groups of `pg_config`."""
        found = []
        for name, config in self._pairs(value):
            known = self._fields(config)
            ranks = self._ranks(known.get("ranks"))
            found.append(GroupConfig(self.text(name), self.text(known.get("desc")), ranks))
        return tuple(found)

    def status(self, value: object) -> dict[int, GroupStatus]:
        """The counters of `pg_status`, by the number of the group."""
        found = {}
        for key, status in self._pairs(value):
            number, known = integer(key), self._fields(status)
            if number is not None:
                found[number] = GroupStatus(
                    integer(known.get("last_enqueued_collective")),
                    integer(known.get("last_started_collective")),
                    integer(known.get("last_completed_collective")),
                )
        return found

    def entry(self, value: object) -> Entry | None:
        """One entry; None when it does not say what was called."""
        known = self._fields(value)
        called = self.text(known.get("profiling_name"))
        if not called:
            return None
        library, op, peers = operation(called)
        group, desc = self._group(known)
        state = self.text(known.get("state"))
        return Entry(
            record=_count(known.get("record_id")),
            group=group,
            group_desc=desc,
            group_id=integer(known.get("pg_id")),
            seq=integer(known.get("collective_seq_id", known.get("seq_id"))),
            p2p_seq=integer(known.get("p2p_seq_id")),
            op_id=integer(known.get("op_id")),
            library=library,
            op=op,
            peers=peers,
            is_p2p=known.get("is_p2p") is True or peers is not None,
            input_sizes=self._shapes(known.get("input_sizes")),
            input_dtypes=self._names(known.get("input_dtypes")),
            output_sizes=self._shapes(known.get("output_sizes")),
            output_dtypes=self._names(known.get("output_dtypes")),
            state=State(state) if state in _STATES else State.UNKNOWN,
            retired=known.get("retired") is True,
            created_ns=_moment(known.get("time_created_ns")),
            started_ns=_moment(known.get("time_discovered_started_ns")),
            completed_ns=_moment(known.get("time_discovered_completed_ns")),
            timeout_ms=integer(known.get("timeout_ms")),
            frames=self._stack(known.get("frames")),
        )

    def items(self, value: object) -> list[object] | tuple[object, ...]:
        """The members of a list, or none when it is not one."""
        if not isinstance(value, list | tuple):
            return ()
        self._spend(len(value))
        return value

    def text(self, value: object) -> str:
        """A string that is safe in one line of a report, or an empty one."""
        if not isinstance(value, str):
            return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""
        self._spend(1)
        short = value[:MAX_TEXT]
        if short.isprintable():
            return self._texts.setdefault(short, short)
        return "".join(letter if letter.isprintable() else "\N{MIDDLE DOT}" for letter in short)

    def _group(self, known: Fields) -> tuple[str, str]:
        parts = self.items(known.get("process_group"))
        name = self.text(parts[0]) if parts else ""
        desc = self.text(parts[1]) if len(parts) > 1 else ""
        return name, "" if desc == "undefined" else desc

    def _stack(self, value: object) -> tuple[Frame, ...]:
        return tuple(self._frame(frame) for frame in self.items(value)[:MAX_FRAMES])

    def _frame(self, value: object) -> Frame:
        frame = self._frames.get(id(value))  # the raw values live as long as this reader is used
        if frame is None:
            known = self._fields(value)
            line = integer(known.get("line"))
            name, file = self.text(known.get("name")), self.text(known.get("filename"))
            frame = self._frames[id(value)] = Frame(name, file, line)
        return frame

    def _shapes(self, value: object) -> tuple[Shape, ...]:
        sizes = self.items(value)
        if sizes and not isinstance(sizes[0], list | tuple):  # one tensor, as early versions wrote
            sizes = [sizes]
        return tuple(
            tuple(
                size
                for size in map(integer, self.items(shape)[:MAX_DIMENSIONS])
                if size is not None
            )
            for shape in sizes
        )

    def _names(self, value: object) -> tuple[str, ...]:
        return tuple(self.text(name) for name in self.items(value))

    def _ranks(self, value: object) -> tuple[int, ...]:
        """Ranks of a group: a list, or what torch writes, the text of one."""
        if isinstance(value, str):
            self._spend(len(value) // 2)
            found: list[int] = [int(digits) for digits in _NUMBERS.findall(value)]
        else:
            found = [rank for rank in map(integer, self.items(value)) if rank is not None]
        members = {rank for rank in found if 0 <= rank < MAX_RANK}
        return tuple(sorted(members)) if len(members) <= MAX_MEMBERS else ()

    def _pairs(self, value: object) -> list[tuple[object, object]]:
        known = self._fields(value)
        self._spend(len(known))
        return list(known.items())

    def _fields(self, value: object) -> Fields:
        self._spend(1)
        return value if isinstance(value, dict) else {}

    def _spend(self, amount: int) -> None:
        self._left -= amount
        if self._left < 0:
            raise DumpError("it unfolds to more values than a dump can have.")


_STATES = frozenset(State)


def integer(value: object) -> int | None:
    """A 64-bit integer, written as a number or as its text."""
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if -_INT64 <= value < _INT64 else None


def operation(called: str) -> tuple[str, str, tuple[int, int] | None]:
    """Library, name and peers of what an entry calls `nccl:send 1->2` or `gloo:all_reduce`."""
    library, colon, op = called.partition(":")
    if not colon:
        library, op = "", called
    message = _PEERS.fullmatch(op)
    if message is None:
        return library, op, None
    left, right = int(message["left"]), int(message["right"])
    peers = (left, right) if message["arrow"] == "->" else (right, left)
    return library, message["name"], peers


def _count(value: object) -> int:
    """A place in the ring buffer; -1 when it is not stated, for 0 would be the very first."""
    number = integer(value)
    return -1 if number is None else number


def _moment(value: object) -> int | None:
    """A time; JSON dumps say 0 where it is not known."""
    return integer(value) or None
