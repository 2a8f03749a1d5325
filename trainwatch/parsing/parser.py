"""The parser of one log file: chunks in, blocks and events out, in file order."""

from collections.abc import Sequence
from functools import cache

from trainwatch.errors import UsageError
from trainwatch.events import Chunk, Items, LineTally, LogFile, LogLine, Parsed, RankId
from trainwatch.formats import DIALECTS, Dialect
from trainwatch.formats.filenames import FileKind, FileRole, describe
from trainwatch.parsing.compiled import CompiledFormat, compile_dialects
from trainwatch.parsing.general.whose import EVERY, Records
from trainwatch.parsing.lines import Lines
from trainwatch.parsing.logs import LogReader, Witness
from trainwatch.parsing.reads import Arrival, Read
from trainwatch.parsing.recogniser import Recogniser
from trainwatch.parsing.state import StateReader
from trainwatch.parsing.tables import TableReader
from trainwatch.parsing.wide import Assembler

GENERAL = "general"
"""What `--dialect` calls the general rules without any named format."""


@cache
def formats_of(dialect: str | None, own: tuple[Dialect, ...] = ()) -> tuple[CompiledFormat, ...]:
    """The compiled formats of one dialect by name, or of all.

    Args:
        dialect: Its name, or None.
        own: Dialects of the user, which are tried first.

    Raises:
        UsageError: where no dialect has that name.
    """
    if dialect == GENERAL:
        return ()
    known = (*own, *DIALECTS)
    chosen = tuple(one for one in known if dialect in (None, one.name))
    if not chosen:
        names = ", ".join(one.name for one in known)
        raise UsageError(f"there is no dialect {dialect!r}; known are {names}")
    return compile_dialects(chosen)


@cache
def records_of(dialect: str | None) -> Records | None:
    """Whose records name what general rules find; None where they are not to look."""
    if dialect is None:
        return EVERY
    chosen = tuple(one for one in DIALECTS if one.name == dialect and one.records)
    if dialect == GENERAL or chosen:
        return Records(chosen, only=bool(chosen))
    return None


def new_reader(
    name: str,
    role: FileRole,
    formats: tuple[CompiledFormat, ...],
    witness: Witness | None = None,
    records: Records | None = EVERY,
) -> LogReader | StateReader | TableReader:
    """The reader of one log, by what sort of file it is."""
    if role.kind is FileKind.TABLE:
        return TableReader(name, role)
    if role.kind is FileKind.STATE:
        return StateReader(name, role)
    return LogReader(name, role, Recogniser(formats), witness, records=records)


class FileParser:
    """Parses one log through all its parts; the context of headers survives a rotation.

    Args:
        file: Its first part.
        formats: The line formats to try.
        witness: Sees the lines that none of them knows.
        records: As `records_of`.
    """

    def __init__(
        self,
        file: LogFile,
        formats: tuple[CompiledFormat, ...],
        witness: Witness | None = None,
        records: Records | None = EVERY,
    ) -> None:
        self.role = describe(file.name)
        self._file = file
        self._arrival = Arrival(0.0, live=False)
        self._reader = new_reader(file.name, self.role, formats, witness, records)
        self._assembler = self._new_assembler(file)

    def _new_assembler(self, file: LogFile) -> Assembler:
        return Assembler(file.start, eager=isinstance(self._reader, LogReader))

    @property
    def pending(self) -> int:
        """Bytes of the torn last line."""
        return self._assembler.pending

    def feed(self, chunk: Chunk) -> Parsed:
        """Take the next bytes of the file, or the first ones of its next part."""
        parts = []
        if chunk.file != self._file:
            parts += self._flush()
            self._file = chunk.file
            self._assembler = self._new_assembler(chunk.file)
            self._reader.rename(chunk.file.name)
        self._arrival = Arrival(chunk.time, chunk.live)
        return self._merged([*parts, self._read(self._assembler.feed(chunk.data))])

    def end(self, file: LogFile) -> Parsed:
        """A part will not grow: its torn last line is all there is of it.

        It is shown and searched for failures; a value at its end may be torn, so that it gives no
        step record (`0.071` of `0.0716`).
        """
        return self._merged(self._flush() if file == self._file else [])

    def _flush(self) -> list[tuple[Read, LineTally]]:
        torn = self._assembler.flush()
        parts = [] if torn is None else [self._read([torn], torn=True)]
        self._reader.end()
        return [*parts, self._read([])]

    def _read(self, pieces: list[Lines], *, torn: bool = False) -> tuple[Read, LineTally]:
        for lines in pieces:
            self._reader.read(lines, self._arrival, torn=torn)
        read = self._reader.finish(self._arrival)
        self._assembler.settle()
        count = sum(lines.count for lines in pieces)
        return read, LineTally(count, sum(lines.size for lines in pieces), read.unparsed)

    def _merged(self, reads: list[tuple[Read, LineTally]]) -> Parsed:
        last: dict[RankId, LogLine] = {}
        for read, _ in reads:
            last.update(read.last)
        return Parsed(
            file=self._file,
            items=_chained([read.items for read, _ in reads]),
            tally=LineTally(
                sum(tally.lines for _, tally in reads),
                sum(tally.bytes for _, tally in reads),
                sum(tally.unparsed for _, tally in reads),
            ),
            last=last,
            recent=_joined([read.recent for read, _ in reads]),
        )


def _chained(items: list[Items]) -> Items:
    some = [one for one in items if one]
    return some[0] if len(some) == 1 else Items([item for one in some for item in one.drafts])


def _joined(recent: list[Sequence[LogLine]]) -> Sequence[LogLine]:
    if len(recent) == 1:  # not read before somebody wants to see it
        return recent[0]
    return tuple(line for lines in recent for line in lines)
