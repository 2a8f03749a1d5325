"""Reads everything of a run once, for the commands that answer and exit."""

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import click

from trainwatch.cli.config import load_config
from trainwatch.cli.options import Selection
from trainwatch.cli.paths import chosen_paths, run_info
from trainwatch.engine import Engine
from trainwatch.engine.engine import Listener
from trainwatch.errors import NothingToReadError
from trainwatch.events import Chunk, FileEnded, LogFile, RunInfo, SourceItem
from trainwatch.parsing.logs import Witness
from trainwatch.sources import Discovery, LogPath, discover
from trainwatch.sources.samples import SampleFiles

__all__ = [
    "BLOCK",
    "Reading",
    "chosen_paths",
    "local_offset",
    "new_engine",
    "read_all",
    "read_logs",
    "run_info",
]

BLOCK = 1 << 22
"""Bytes that are read at once."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A run that was read to its end.

    Attributes:
        engine: Its state, ticked to the moment asked for.
        found: The files it was read from.
        problems: What could not be read, one sentence each.
    """

    engine: Engine
    found: Discovery
    problems: tuple[str, ...]


def read_all(
    selection: Selection,
    listener: Listener | None = None,
    witness: Witness | None = None,
    enough: Callable[[], bool] = lambda: False,
) -> Reading:
    """Read all logs of a selection.

    Args:
        selection: What to read.
        listener: As for the engine.
        witness: Likewise.
        enough: Whether something else than a record of a training was recognised; asked where
            there is no log, or none with such a record.

    Raises:
        NothingToReadError: where there is no log or no record of a training in them.
        UsageError: for a wrong configuration or an unknown dialect.
    """
    paths = chosen_paths(selection.paths)
    info = run_info(paths)
    found = discover(paths, allow_empty=info.id is not None or enough())
    engine = new_engine(selection, info, listener)
    engine.witness = witness
    problems = dict(found.problems)
    for log in found.files:
        try:
            for item in _items(log):
                engine.feed(item)
        except OSError as error:
            problems[log.name] = f"{log.name} cannot be read: {error.strerror}."
    for chunk in SampleFiles(paths).poll():
        engine.feed_samples(chunk)
    if not engine.run.recognised and info.id is None and not enough():
        raise NothingToReadError(_nothing_recognised(engine, found))
    now = selection.now
    engine.tick(time.time() if now is None else now, stated=now is not None)
    for problem in problems.values():
        click.echo(f"trainwatch: {problem}", err=True)
    return Reading(engine, found, tuple(problems.values()))


def read_logs(engine: Engine, paths: Sequence[str]) -> None:
    """Feed everything that the logs of `paths` hold; raises NothingToReadError."""
    for log in discover(list(paths), allow_empty=engine.info.id is not None).files:
        with contextlib.suppress(OSError):
            for item in _items(log):
                engine.feed(item)


def new_engine(selection: Selection, info: RunInfo, listener: Listener | None = None) -> Engine:
    """An engine with the thresholds and the zone of this user."""
    return Engine(
        info,
        load_config(selection.config),
        dialect=selection.dialect,
        utc_offset=local_offset(selection.now),
        listener=listener,
    )


def local_offset(at: float | None = None) -> float:
    """Seconds east of UTC of the local zone, at a moment (summer time!) or now."""
    moment = datetime.now() if at is None else datetime.fromtimestamp(at)  # noqa: DTZ005, DTZ006
    offset = moment.astimezone().utcoffset()
    return offset.total_seconds() if offset else 0.0


def _items(log: LogPath) -> Iterator[SourceItem]:
    file = LogFile(log.name)
    path = Path(log.path)
    with path.open("rb") as stream:
        offset = 0
        while data := stream.read(BLOCK):
            yield Chunk(file, offset, data, path.stat().st_mtime)
            offset += len(data)
    yield FileEnded(file, "read to its end")


def _nothing_recognised(engine: Engine, found: Discovery) -> str:
    count = len(found.files)
    where = found.files[0].name if count == 1 else f"{count} files"
    lines = engine.run.tally.lines
    return (
        f"no record of a training was recognised in {where} ({lines} line{'s' * (lines != 1)}); "
        "see what is understood with: trainwatch formats test FILE"
    )
