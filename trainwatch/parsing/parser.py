"""The parser of one log file: chunks in, blocks and events out, in file order."""

from functools import cache

from trainwatch.errors import UsageError
from trainwatch.events import Chunk, LineTally, LogFile, LogLine, Parsed, RankId
from trainwatch.formats import DIALECTS
from trainwatch.formats.filenames import FileKind, describe
from trainwatch.parsing.compiled import CompiledFormat, Recogniser, compile_dialects
from trainwatch.parsing.lines import LineAssembler, Lines
from trainwatch.parsing.logs import Arrival, LogReader, Read
from trainwatch.parsing.tables import TableReader


@cache
def formats_of(dialect: str | None) -> tuple[CompiledFormat, ...]:
    """The compiled formats of one dialect by name, or of all.

    Raises:
        UsageError: where no dialect has that name.
    """
    chosen = tuple(known for known in DIALECTS if dialect in (None, known.name))
    if not chosen:
        names = ", ".join(known.name for known in DIALECTS)
        raise UsageError(f"there is no dialect {dialect!r}; known are {names}")
    return compile_dialects(chosen)


class FileParser:
    """Parses one log through all its parts; the context of headers survives a rotation.

    Args:
        file: Its first part.
        formats: The line formats to try.
    """

    def __init__(self, file: LogFile, formats: tuple[CompiledFormat, ...]) -> None:
        self.role = describe(file.name)
        self._file = file
        self._assembler = LineAssembler(file.start)
        self._reader: LogReader | TableReader
        if self.role.kind is FileKind.TABLE:
            self._reader = TableReader(file.name, self.role)
        else:
            self._reader = LogReader(file.name, self.role, Recogniser(formats))

    @property
    def pending(self) -> int:
        """Bytes of the torn last line."""
        return self._assembler.pending

    def feed(self, chunk: Chunk) -> Parsed:
        """Take the next bytes of the file."""
        if chunk.file != self._file:
            self._file = chunk.file
            self._assembler = LineAssembler(chunk.file.start)
            self._reader.rename(chunk.file.name)
        arrival = Arrival(chunk.time, chunk.live)
        return self._merged(
            [self._read(lines, arrival) for lines in self._assembler.feed(chunk.data)]
        )

    def end(self, time: float) -> Parsed:
        """The file will not grow: its torn last line is all there is of it.

        It is shown and searched for failures; a value at its end may be torn, so that it gives no
        step record (`0.071` of `0.0716`).
        """
        torn = self._assembler.flush()
        if torn is None:
            return Parsed(self._file)
        return self._merged([self._read(torn, Arrival(time, live=False), torn=True)])

    def _read(
        self, lines: Lines, arrival: Arrival, *, torn: bool = False
    ) -> tuple[Read, LineTally]:
        read = self._reader.read(lines, arrival, torn=torn)
        return read, LineTally(lines.count, len(lines.data), read.unparsed)

    def _merged(self, reads: list[tuple[Read, LineTally]]) -> Parsed:
        last: dict[RankId, LogLine] = {}
        for read, _ in reads:
            last.update(read.last)
        return Parsed(
            file=self._file,
            items=tuple(item for read, _ in reads for item in read.items),
            tally=LineTally(
                sum(tally.lines for _, tally in reads),
                sum(tally.bytes for _, tally in reads),
                sum(tally.unparsed for _, tally in reads),
            ),
            last=last,
            recent=tuple(line for read, _ in reads for line in read.recent),
        )
