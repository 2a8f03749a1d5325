"""Reads an excerpt as `export` does."""

from dataclasses import dataclass, field
from typing import Any

from trainwatch.engine import Engine
from trainwatch.events import Chunk, FileEnded, LogFile, Parsed, RunInfo
from trainwatch.report.records import EpochRows, eval_rows, step_rows

Row = dict[str, Any]


@dataclass
class Excerpt:
    """The rows of the tables, in file order."""

    steps: list[Row] = field(default_factory=list)
    evals: list[Row] = field(default_factory=list)
    epochs: list[Row] = field(default_factory=list)
    unparsed: int = 0

    @property
    def training(self) -> list[Row]:
        """The training records."""
        return [row for row in self.steps if row["phase"] == "train"]


def read(
    text: str | bytes, name: str = "train.log", *, dialect: str | None = "general", piece: int = 0
) -> Excerpt:
    """Read a log; in pieces of some bytes where asked."""
    data = text.encode() if isinstance(text, str) else text
    excerpt, epochs = Excerpt(), EpochRows()

    def listen(parsed: Parsed) -> None:
        excerpt.steps.extend(step_rows(parsed))
        excerpt.evals.extend(eval_rows(parsed))
        epochs.add(parsed)

    engine = Engine(RunInfo(path="x"), dialect=dialect, listener=listen)
    file = LogFile(name)
    for start in range(0, len(data), piece or len(data) or 1):
        engine.feed(Chunk(file, start, data[start : start + (piece or len(data))], 0.0))
    engine.feed(FileEnded(file, "read to its end"))
    excerpt.epochs = list(epochs.rows())
    excerpt.unparsed = engine.run.tally.unparsed
    return excerpt
