"""The one owner of every file name of a run directory, and of the names of runs."""

from __future__ import annotations

import itertools
import os
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from trainwatch.errors import UsageError

RUNS = "trainwatch_runs"
"""Directory, in the working directory, that holds the run directories."""

_LONGEST_ID = 100
_SCRIPT = (".py", ".sh", ".bash")
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class RunPaths:
    """The files of one run; contract: "Files of a run".

    Attributes:
        root: The run directory.
    """

    root: Path

    @property
    def run(self) -> Path:
        """Who, what, where, and how it ended."""
        return self.root / "run.json"

    @property
    def console(self) -> Path:
        """The training's stdout and stderr, byte for byte."""
        return self.root / "console.log"

    @property
    def events(self) -> Path:
        """What the supervisor did and saw."""
        return self.root / "events.jsonl"

    @property
    def system(self) -> Path:
        """GPU and host samples."""
        return self.root / "system.jsonl"

    @property
    def stacks(self) -> Path:
        """What the probes answered."""
        return self.root / "stacks"

    @property
    def signals(self) -> Path:
        """`<exp-id>.healthy`, `.done`, `.failed`."""
        return self.root / "signals"

    @property
    def results(self) -> Path:
        """Holds one directory of results an exp id."""
        return self.root / "results"

    @property
    def private(self) -> Path:
        """What only supervisors and `stop` read; hidden, so that no reader takes it for a log."""
        return self.root / ".supervisor"

    @property
    def processes(self) -> Path:
        """The process tree as the supervisor last saw it; for `stop` after its death."""
        return self.private / "processes.json"

    @property
    def told_logs(self) -> Path:
        """Paths of logs that the training's own hooks told of, one JSON string a line."""
        return self.private / "told_logs.jsonl"

    @property
    def crash(self) -> Path:
        """The supervisor's own stderr: empty unless it crashed."""
        return self.private / "stderr"

    def spool(self, attempt: int) -> Path:
        """What an attempt writes to where `console.log` is cut into pieces."""
        return self.private / f"console.spool.{attempt}"

    @property
    def spooled(self) -> Path:
        """Where in the spool the console begins."""
        return self.private / "console.json"

    @property
    def next_console(self) -> Path:
        """The console that comes after a cut, for a moment."""
        return self.private / "console.next"

    @property
    def inspection(self) -> Path:
        """Where and how the newest attempt failed, and from what it may go on."""
        return self.private / "inspection.json"

    @property
    def gate(self) -> Path:
        """Why the health gate failed or passed."""
        return self.private / "gate.json"

    @property
    def own(self) -> tuple[Path, ...]:
        """Everything that trainwatch itself makes in a run directory."""
        return (
            self.run,
            self.console,
            self.events,
            self.system,
            self.stacks,
            self.signals,
            self.results,
            self.private,
        )


def default_exp_id(command: Sequence[str], now: float) -> str:
    """A name from the script's name and the start time (epoch seconds), local time."""
    script = _NOT_IN_A_NAME.sub("_", _script(command)).strip("._-")[:60]
    return f"{script or 'run'}-{time.strftime('%Y%m%d-%H%M%S', time.localtime(now))}"


def _script(command: Sequence[str]) -> str:
    """What a person would call this training: `train` of `torchrun --standalone train.py`."""
    for argument in command:
        stem, suffix = os.path.splitext(os.path.basename(argument))  # noqa: PTH119, PTH122
        if suffix in _SCRIPT and not argument.startswith("-"):
            return stem
    for flag, module in itertools.pairwise(command):
        if flag in {"-m", "--module"}:
            return module
    return os.path.basename(command[0])  # noqa: PTH119


def check_exp_id(text: str) -> str:
    """The id, when it can be the name of a file.

    Raises:
        UsageError: It is empty, too long, or holds what a file name must not.
    """
    if not text or len(os.fsencode(text)) > _LONGEST_ID:
        raise UsageError(f"an exp id has 1 to {_LONGEST_ID} bytes, not {len(os.fsencode(text))}.")
    if text[0] in ".-" or "/" in text or not text.isprintable() or any(map(str.isspace, text)):
        raise UsageError(
            f"{text!r} cannot be an exp id: it names files, so no '/', no blanks, "
            f"no control characters, and no '.' or '-' at its beginning."
        )
    return text


def runs_above(directory: Path) -> Iterator[Path]:
    """The `trainwatch_runs` directories of `directory` and of those above it, nearest first."""
    for place in (directory, *directory.parents):
        if (place / RUNS).is_dir():
            yield place / RUNS
