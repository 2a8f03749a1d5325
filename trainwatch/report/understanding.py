"""What was understood of a file, line by line: by which format, or not at all."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from trainwatch.events import Event, StepBlock
from trainwatch.formats.filenames import FileKind, describe
from trainwatch.parsing.compiled import Recogniser
from trainwatch.parsing.lines import Lines
from trainwatch.parsing.logs import Arrival, LogReader
from trainwatch.parsing.parser import formats_of
from trainwatch.parsing.tables import TableReader

_ARRIVAL = Arrival(0.0, live=False)
NOT_UNDERSTOOD = "-"


@dataclass(frozen=True, slots=True)
class Understood:
    """One line and what became of it.

    Attributes:
        number: Its line number.
        text: The line, untrusted.
        formats: Names of the formats or events it gave, one a record; empty for a message or a blank line;
            `NOT_UNDERSTOOD` where nothing was recognised.
    """

    number: int
    text: str
    formats: tuple[str, ...]

    @property
    def recognised(self) -> bool:
        """Whether it gave a record."""
        return bool(self.formats) and NOT_UNDERSTOOD not in self.formats


@dataclass(slots=True)
class Understanding:
    """The sum over a file."""

    lines: int = 0
    not_understood: int = 0
    formats: Counter[str] = field(default_factory=Counter)

    def add(self, line: Understood) -> None:
        """Take one line."""
        self.lines += 1
        self.not_understood += NOT_UNDERSTOOD in line.formats
        self.formats.update(name for name in line.formats if name != NOT_UNDERSTOOD)


def understand(name: str, data: bytes, dialect: str | None = None) -> Iterator[Understood]:
    """Read a whole file line by line, as the parser does.

    Raises:
        UsageError: for an unknown dialect.
    """
    role = describe(name)
    reader: LogReader | TableReader
    if role.kind is FileKind.TABLE:
        reader = TableReader(name, role)
    else:
        reader = LogReader(name, role, Recogniser(formats_of(dialect)))
    offset = 0
    for number, line in enumerate(_lines(data), start=1):
        read = reader.read(Lines(line, offset, number), _ARRIVAL)
        offset += len(line)
        names = tuple(name for item in read.items for name in _names(item))
        names = names or ((NOT_UNDERSTOOD,) if read.unparsed else ())
        yield Understood(number, line.decode(errors="replace").rstrip("\r\n"), names)


def _lines(data: bytes) -> Iterator[bytes]:
    parts = data.split(b"\n")
    yield from (part + b"\n" for part in parts[:-1])
    if parts[-1]:
        yield parts[-1]


def _names(item: StepBlock | Event) -> list[str]:
    """One name a record."""
    if isinstance(item, StepBlock):
        return [item.shape.format] * len(item)
    words = "".join(f" {c.lower()}" if c.isupper() else c for c in type(item).__name__)
    return [words.strip()]
