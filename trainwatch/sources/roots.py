"""The PATHs of a command line: what each one is now, and how files are named relative to them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from trainwatch.sources import fs, patterns

StrPath = str | os.PathLike[str]


class RootKind(Enum):
    """What a PATH is; one that does not exist yet is taken for a file."""

    DIRECTORY = auto()
    FILE = auto()
    PATTERN = auto()


@dataclass(frozen=True, slots=True)
class Root:
    """One PATH.

    Attributes:
        path: Absolute; of a glob with its magic characters.
        given: As the user wrote it; printable.
    """

    path: str
    given: str

    @classmethod
    def of(cls, path: StrPath) -> Root:
        """The root for a PATH as given."""
        given = os.fspath(path)
        return cls(fs.absolute(given), fs.printable(given))

    def kind(self) -> RootKind:
        """What it is at this moment."""
        if fs.is_directory(self.path):
            return RootKind.DIRECTORY
        return RootKind.PATTERN if patterns.split(self.path)[1] else RootKind.FILE

    def anchor(self) -> str:
        """The directory relative to which its files are named."""
        kind = self.kind()
        if kind is RootKind.DIRECTORY:
            return self.path
        if kind is RootKind.PATTERN:
            return patterns.split(self.path)[0]
        # What does not exist yet and has no suffix will be a directory, most likely.
        named_like_file = fs.exists(self.path) or "." in fs.basename(self.path)
        return fs.parent(self.path) if named_like_file else self.path


class Naming:
    """Display names: relative to the directory given, absolute outside it."""

    def __init__(self, roots: Sequence[Root]) -> None:
        """Settle for good what names are relative to: names must not change while they are shown."""
        anchor = fs.common([root.anchor() for root in roots]) if roots else "/"
        self.anchor = anchor
        self._prefix = anchor.rstrip("/") + "/"

    def display(self, path: str) -> str:
        """The name under which an absolute path is shown; printable."""
        # Relative to the root directory would be an absolute path with its slash cut off.
        if self._prefix != "/" and path.startswith(self._prefix):
            path = path[len(self._prefix) :]
        return fs.printable(path)
