"""What was understood of a file, line by line: by which format, or not at all."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from trainwatch.events import EvalResult, Event, StepBlock
from trainwatch.formats import Dialect
from trainwatch.formats.filenames import describe
from trainwatch.parsing.lines import Lines
from trainwatch.parsing.logs import LogReader
from trainwatch.parsing.parser import formats_of, new_reader, records_of
from trainwatch.parsing.reads import Arrival, Read
from trainwatch.parsing.wide import in_utf8

_ARRIVAL = Arrival(0.0, live=False)
NOT_UNDERSTOOD = "-"


@dataclass(frozen=True, slots=True)
class Understood:
    """One line and what became of it.

    Attributes:
        number: Its line number.
        text: The line, untrusted.
        values: What was read from it, one mapping a record: positions and metrics, as printed.
        formats: Names of the formats or events it gave, one a record; empty for a message or a blank line;
            `NOT_UNDERSTOOD` where nothing was recognised.
    """

    number: int
    text: str
    formats: tuple[str, ...]
    values: tuple[Mapping[str, str], ...] = ()

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
    left: list[str] = field(default_factory=list)
    """The lines that were not understood."""

    def add(self, line: Understood) -> None:
        """Take one line."""
        self.lines += 1
        if NOT_UNDERSTOOD in line.formats:
            self.not_understood += 1
            self.left.append(line.text)
        self.formats.update(name for name in line.formats if name != NOT_UNDERSTOOD)


def understand(
    name: str, data: bytes, dialect: str | None = None, own: tuple[Dialect, ...] = ()
) -> Iterator[Understood]:
    """Read a whole file line by line, as the parser does, and say what became of each line.

    A record may be known only lines later; it is told with its own line.

    Raises:
        UsageError: for an unknown dialect.
    """
    reader = new_reader(name, describe(name), formats_of(dialect, own), records=records_of(dialect))
    found: dict[int, tuple[list[str], list[Mapping[str, str]]]] = {}
    unknown: set[int] = set()
    data = in_utf8(data)
    offset = 0
    for number, line in enumerate(_lines(data), start=1):
        reader.read(Lines(line, offset, number), _ARRIVAL)
        read = reader.finish(_ARRIVAL)
        offset += len(line)
        _gather(found, read)
        if read.unparsed > 0:
            unknown.add(number)
    reader.end()
    _gather(found, reader.finish(_ARRIVAL))
    unknown -= (reader.early if isinstance(reader, LogReader) else frozenset()) | found.keys()
    for number, line in enumerate(_lines(data), start=1):
        names, values = found.get(number, ([], []))
        shown = tuple(names) or ((NOT_UNDERSTOOD,) if number in unknown else ())
        text = line.decode(errors="replace").rstrip("\r\n")
        yield Understood(number, text, shown, tuple(values))


def _gather(found: dict[int, tuple[list[str], list[Mapping[str, str]]]], read: Read) -> None:
    """Put the records of a feed to the lines that they stand in."""
    for item in read.items:
        if isinstance(item, StepBlock):
            for number, values in zip(item.line.tolist(), _values(item), strict=True):
                names, rows = found.setdefault(number, ([], []))
                names.append(item.shape.format)
                rows.append(values)
        elif item.where.line is not None:
            names, rows = found.setdefault(item.where.line, ([], []))
            names.append(_name(item))
            if isinstance(item, EvalResult):
                rows.append(
                    {"phase": item.split.value, **{k: f"{v:.10g}" for k, v in item.values.items()}}
                )


def _lines(data: bytes) -> Iterator[bytes]:
    parts = data.split(b"\n")
    yield from (part + b"\n" for part in parts[:-1])
    if parts[-1]:
        yield parts[-1]


def _name(event: Event) -> str:
    words = "".join(f" {c.lower()}" if c.isupper() else c for c in type(event).__name__)
    return words.strip()


_TOTALS = {"epoch": "total_epochs", "step": "total_steps", "batch": "total_batches"}


def _values(block: StepBlock) -> Iterator[dict[str, str]]:
    """What each record of a block says, for people: `epoch` → `15 of 200`."""
    for row in range(len(block)):
        values = {"phase": block.shape.split.value}
        if block.rank[row] >= 0:
            values["rank"] = str(block.rank[row])
        for name, total in _TOTALS.items():
            value = getattr(block, name)[row]
            of = getattr(block.shape, total)
            if value >= 0:
                values[name] = f"{value:g}" if of is None else f"{value:g} of {of}"
        values |= {name: f"{column[row]:.10g}" for name, column in block.metrics.items()}
        yield values
