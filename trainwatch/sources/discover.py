"""Find the files of a run, and say in one sentence why there are none."""

from __future__ import annotations

import stat as modes
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from trainwatch.errors import NothingToReadError
from trainwatch.sources import fs, patterns
from trainwatch.sources.candidate import Candidate
from trainwatch.sources.names import Reason
from trainwatch.sources.roots import Root, RootKind, StrPath
from trainwatch.sources.sniff import BLOCK
from trainwatch.sources.tree import Tree

_MAX_SKIPPED = 1000


@dataclass(frozen=True, slots=True)
class LogPath:
    """One readable log of a run.

    Attributes:
        name: As shown to the user: relative to the directory given, or absolute outside it.
        path: Absolute.
        belongs_to: The name of the log it is a rotated part of, or its own name.
        size: Bytes at the moment of discovery.
    """

    name: str
    path: str
    belongs_to: str
    size: int


@dataclass(frozen=True, slots=True)
class Skipped:
    """One file that is not read, and why."""

    name: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Discovery:
    """What some PATHs hold.

    Attributes:
        files: In natural order, rotated files before their log, the oldest first.
        skipped: What is not read; the first thousand of them.
        counts: How many files are not read for which reason, all of them.
        problems: Display name → what is wrong with it, in one sentence.
        roots: The PATHs, and those that their run.json name: what a `Waker` should watch.
    """

    files: tuple[LogPath, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    counts: Mapping[Reason, int] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)
    roots: tuple[str, ...] = ()

    @property
    def looked_at(self) -> int:
        """How many files were considered."""
        return len(self.files) + sum(self.counts.values())


def discover(paths: Sequence[StrPath], *, allow_empty: bool = False) -> Discovery:
    """Find the logs under directories, files and globs.

    Args:
        paths: As the user gave them.
        allow_empty: Whether a directory may be filled, and a path created, later.

    Raises:
        NothingToReadError: A path does not exist, or nothing under the paths can be read.
    """
    roots = [Root.of(path) for path in paths]
    if not allow_empty:
        _check_existence(roots)
    result = _Survey(roots).run()
    if not result.files and not allow_empty:
        raise NothingToReadError(_why_nothing(roots, result))
    return result


class _Survey:
    """One look at everything."""

    def __init__(self, roots: Sequence[Root]) -> None:
        self._tree = Tree(roots)
        self._files: list[LogPath] = []
        self._seen: set[tuple[int, int]] = set()
        self._counts: Counter[Reason] = Counter()
        self._skipped: list[Skipped] = []
        self._problems: dict[str, str] = {}

    def run(self) -> Discovery:
        self._tree.refresh(0.0)
        counts, samples = self._tree.skipped()
        self._counts += counts
        self._skipped += (Skipped(name, reason) for name, reason in samples)
        # Files before links to them: a file read under two names would count twice.
        wanted = [one for one in self._tree.candidates.values() if not one.passive]
        links = {one.path for one in wanted if fs.is_link(one.path)}
        for candidate in sorted(wanted, key=lambda one: (one.path in links, one.sort_key)):
            self._look(candidate)
        return self._result({one.path: one for one in wanted})

    def _result(self, candidates: Mapping[str, Candidate]) -> Discovery:
        return Discovery(
            tuple(sorted(self._files, key=lambda file: candidates[file.path].sort_key)),
            tuple(self._skipped[:_MAX_SKIPPED]),
            self._counts,
            self._tree.problems | self._problems,
            tuple(root.path for root in self._tree.roots),
        )

    def _look(self, candidate: Candidate) -> None:
        try:
            status = fs.stat(candidate.path)
            if (status.st_dev, status.st_ino) in self._seen:
                return
            reason = _content_of(candidate, status.st_mode, status.st_size)
        except FileNotFoundError:
            self._skip(candidate, Reason.MISSING)
        except OSError as error:
            self._skip(candidate, Reason.UNREADABLE)
            path, words = fs.printable(candidate.path), fs.words(error)
            self._problems[candidate.name] = f"{path} cannot be read ({words})."
        else:
            if reason is not None:
                self._skip(candidate, reason)
                return
            self._seen.add((status.st_dev, status.st_ino))
            belongs_to = self._tree.naming.display(candidate.base)
            self._files.append(LogPath(candidate.name, candidate.path, belongs_to, status.st_size))

    def _skip(self, candidate: Candidate, reason: Reason) -> None:
        self._counts[reason] += 1
        self._skipped.append(Skipped(candidate.name, reason))


def _content_of(candidate: Candidate, mode: int, size: int) -> Reason | None:
    """Why a file's kind or first bytes speak against reading it; None when nothing does.

    Raises:
        OSError: It cannot be opened or read.
    """
    if not modes.S_ISREG(mode):
        return Reason.SPECIAL
    fd = fs.open_to_read(candidate.path)
    try:
        head = fs.read_at(fd, BLOCK, 0) if size else b""
    finally:
        fs.close(fd)
    return candidate.reason_against(head)


# --- why there is nothing -------------------------------------------------------------------------


def _check_existence(roots: Sequence[Root]) -> None:
    if not roots:
        raise NothingToReadError("No path was given; name a log directory, a file or a glob.")
    for root in roots:
        kind = root.kind()
        if not root.given:
            raise NothingToReadError("An empty path was given; name a log directory or a file.")
        if kind is RootKind.FILE and not fs.exists(root.path):
            raise NothingToReadError(
                f"{root.given} does not exist; name a log directory, a log file or a glob."
            )
        if kind is RootKind.PATTERN and not patterns.expand(root.path):
            raise NothingToReadError(
                f"{root.given} matches no file; check the pattern and the directory before it."
            )


def _why_nothing(roots: Sequence[Root], found: Discovery) -> str:
    given = ", ".join(root.given for root in roots)
    if found.problems:
        return _join(next(iter(found.problems.values())), "ask its owner for read permission")
    if not found.looked_at:
        return f"{given} holds no files; name the directory that the training writes its logs to."
    reasons = ", ".join(
        f"{count:,} {reason}" for reason, count in Counter(found.counts).most_common()
    )
    files = "1 file" if found.looked_at == 1 else f"{found.looked_at:,} files"
    return (
        f"{given} holds no log that can be read ({files} looked at: {reasons});"
        " name the directory of the logs, or the log file itself."
    )


def _join(problem: str, remedy: str) -> str:
    return f"{problem.rstrip('.')}; {remedy}."
