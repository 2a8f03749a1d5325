"""Tracebacks of several writers with their frames, taken apart by the prefixes of their lines.

Whatever stands before the opening of one, a daemon's time and host, a container's name, stands before
all its lines, digits aside, and is taken off them. A traceback that a logger wrote on one line, its
line ends escaped, is read as well.
"""

import re
from dataclasses import dataclass, field

from trainwatch.diagnose.clue import Frame
from trainwatch.events import RankId

MAX_BODY = 3000
"""Lines of one traceback before it is given up: it was not one, or its end was lost."""

MAX_FRAMES = 60
"""Frames that are kept: the innermost."""

# A progress bar may stand before it, a frame of lines around it; a loader names its own "Original".
_OPENING = re.compile(
    rb"(?:^|[\]%s|\s]|\": ?\")(?:Original )?Traceback \(most recent call last\)|RayTaskError\(\w{1,80}\): ray::"
)
_HINTS = (b"Traceback (most recent", b"RayTaskError(")
_IGNORED = b"Exception ignored in"
_IN_THREAD = b"Exception in thread "
_FRAME = re.compile(
    rb'^[\s|>]{0,40}File "(?P<file>[^"]{1,500})", line (?P<line>\d{1,9})(?:, in (?P<function>.{1,200}))?'
)
_BOXED = re.compile(
    rb"^\s*(?:\xe2\x94\x82|\|) ?(?P<file>\S{1,500}?\.py):(?P<line>\d{1,9}) in (?P<function>\S{1,200})"
)
_EXCEPTION = re.compile(
    rb"^(?:[A-Za-z_]\w{0,80}\.){0,10}(?P<name>[A-Za-z_]\w{0,80})(?:: |:?\s*$)", re.ASCII
)
# torch labels nothing else so: the opening before it was glued to a progress bar, or is lost.
_HEADLESS = re.compile(rb'^  File "[^"]{1,500}", line \d{1,9}, in .')
_BODY = (b" ", b"\t", b"|", b"> File ", b"\xe2\x94", b"\xe2\x95", b"\xe2\x9d")
_SPAWNED = re.compile(rb"^-- Process (?P<rank>\d{1,7}) terminated with the following error:")


_DIGITS = re.compile(rb"(\d+)")
_LONGEST_LABEL = 160
_ON_ONE_LINE = re.compile(rb":?\\n(?:\[rank\d{1,6}\]:)? *File ")
_ESCAPED_END = re.compile(rb"\\n(?:\[rank\d{1,6}\]: ?)?")
_ESCAPED_QUOTE = b'\\"'


@dataclass(slots=True)
class _Open:
    """A traceback that has not ended.

    Attributes:
        aside: What was said before it: that nobody heeds it, or that it is a thread's.
        label: What stands before its lines, if anything does; `sure` once a second line had it.
    """

    aside: bytes = b""
    label: re.Pattern[bytes] | None = None
    sure: bool = False
    lines: int = 0
    frames: list[Frame] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Ended:
    """The last line of a traceback.

    Attributes:
        message: That line, without what stands before it.
        exception: Class name, without its module.
        frames: Outermost first.
        spawned: Number of the process that it comes from, where `torch.multiprocessing` says so.
        threaded: Whether it ended a thread, and not by itself the process.
    """

    message: bytes
    exception: str
    frames: tuple[Frame, ...]
    spawned: int | None = None
    threaded: bool = False


class TracebackReader:
    """Follows the open traceback of each writer of one log."""

    def __init__(self) -> None:
        self._open: dict[RankId, _Open] = {}
        self._spawned: dict[RankId, int] = {}
        self._aside: dict[RankId, bytes] = {}

    def feed(self, writer: RankId, message: bytes) -> Ended | bool:
        """Take a line without its prefix.

        Returns:
            The end of a traceback; True for a line inside one; False for any other.
        """
        found = _OPENING.search(message) if any(map(message.__contains__, _HINTS)) else None
        if found:
            if _ON_ONE_LINE.match(message, found.end()):
                return _in_one_line(message[found.end() :])
            label = _label(message[: max(0, message.find(b"Traceback ("))])
            self._open[writer] = _Open(self._aside.pop(writer, b""), label)
            return True
        if message.startswith((_IGNORED, _IN_THREAD)):
            self._aside[writer] = _IGNORED if message.startswith(_IGNORED) else _IN_THREAD
        if message.startswith(b"-- Process "):
            return self._spawn(writer, message)
        current = self._open.get(writer)
        if current and current.label:
            bare = _without(current, message)
            if bare is None:
                return False  # somebody else's line between two of it
            message = bare
        if current is None and writer.rank is not None and _HEADLESS.match(message):
            current = self._open[writer] = _Open()
        return self._body(writer, current, message) if current else False

    def _body(self, writer: RankId, current: _Open, message: bytes) -> Ended | bool:
        current.lines += 1
        if (message.startswith(_BODY) or not message) and current.lines < MAX_BODY:
            _keep(current.frames, message)
            return True
        del self._open[writer]
        found = _EXCEPTION.match(message)
        if found is None or current.aside is _IGNORED:
            return found is not None
        name = found["name"].decode(errors="replace")
        threaded = current.aside is _IN_THREAD
        frames = tuple(current.frames)
        return Ended(message, name, frames, self._spawned.get(writer), threaded)

    def _spawn(self, writer: RankId, message: bytes) -> bool:
        found = _SPAWNED.match(message)
        if found:
            self._spawned[writer] = int(found["rank"])
        return found is not None


def _label(prefix: bytes) -> re.Pattern[bytes] | None:
    """What may stand before every line of a traceback, by what stands before its first."""
    prefix = prefix.removesuffix(b"Original ")
    if not prefix or len(prefix) > _LONGEST_LABEL:
        return None
    parts = _DIGITS.split(prefix)
    return re.compile(b"".join(rb"\d+" if part.isdigit() else re.escape(part) for part in parts))


def _without(current: _Open, message: bytes) -> bytes | None:
    """A line without the label of its traceback; None for somebody else's."""
    found = current.label.match(message) if current.label else None
    if found:
        current.sure = True
        return message[found.end() :]
    if current.sure or not message.startswith(_BODY):
        return None
    current.label = None  # a progress bar was glued before the opening
    return message


def _in_one_line(message: bytes) -> Ended | bool:
    """A whole traceback with its line ends escaped, as loggers of JSON write it."""
    lines = _ESCAPED_END.split(message.replace(_ESCAPED_QUOTE, b'"'))
    frames: list[Frame] = []
    ends = []
    for line in lines[1:MAX_BODY]:
        _keep(frames, line)
        ends += [line] if not line.startswith(_BODY) and _EXCEPTION.match(line) else []
    found = _EXCEPTION.match(ends[-1]) if ends else None
    if found is None:
        return True
    return Ended(ends[-1], found["name"].decode(errors="replace"), tuple(frames))


def frames_of(text: str) -> tuple[Frame, ...]:
    """The frames of a whole traceback in one text."""
    frames: list[Frame] = []
    for line in text.encode(errors="replace").split(b"\n")[:MAX_BODY]:
        _keep(frames, line)
    return tuple(frames)


def _keep(frames: list[Frame], message: bytes) -> None:
    if _ESCAPED_QUOTE in message:
        message = message.replace(_ESCAPED_QUOTE, b'"')
    found = _FRAME.match(message) or _BOXED.match(message)
    if found:
        function = (found["function"] or b"").decode(errors="replace").strip()
        file = found["file"].decode(errors="replace")
        frames.append(Frame(file, int(found["line"]), function))
        del frames[:-MAX_FRAMES]
    elif frames and not frames[-1].code and message.strip(b" ^~"):
        code = message.strip()[:200].decode(errors="replace")
        frames[-1] = frames[-1]._replace(code=code)
