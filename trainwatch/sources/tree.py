"""The files of a run by name, kept up to date: a directory is listed again when it changes.

That is when its modification time moved, once more after that (two changes within one tick of
the file system's clock look like one), and every few seconds whatever the time says (network
file systems show old times).
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from trainwatch.sources import fs, rundir
from trainwatch.sources.candidate import Candidate
from trainwatch.sources.listing import Listing, list_all, list_kin
from trainwatch.sources.names import Age, Reason, families, reason_to_skip
from trainwatch.sources.roots import Naming, Root, RootKind

RESCAN_SECONDS = 2.0
MAX_DIRECTORIES = 20_000
_ENTRIES_PER_SECOND = 10_000  # a tree of a million images is not listed every two seconds


@dataclass(slots=True)
class _Directory:
    """A directory and what was last seen in it; `only` limits it to these files and their kin.

    `bases` are the logs that were ever seen: one that has just been rotated is a log still.
    """

    path: str
    only: set[str] | None = None
    named: set[str] = field(default_factory=set)
    identity: tuple[int, int] | None = None
    mtime: int = -1
    settled: bool = False
    bases: set[str] = field(default_factory=set)
    listing: Listing = field(default_factory=Listing)


class Tree:
    """The candidates of some PATHs; `refresh` brings them up to date.

    Attributes:
        naming: How files are shown.
        candidates: By path.
        problems: Display name of a directory → what is wrong with it, in one sentence.
    """

    def __init__(self, roots: Sequence[Root]) -> None:
        """Look at nothing yet; `refresh` does."""
        self.naming = Naming(roots)
        self.candidates: dict[str, Candidate] = {}
        self.problems: dict[str, str] = {}
        self._roots = dict.fromkeys(roots)
        self._named_by_run: set[str] = set()
        self._directories: dict[str, _Directory] = {}
        self._visited: dict[tuple[int, int], str] = {}
        self._last_scan: float | None = None
        self._changed = False
        self._expected: dict[str, set[str]] = {}

    @property
    def roots(self) -> tuple[Root, ...]:
        """The PATHs, and those that their run.json name."""
        return tuple(self._roots)

    def refresh(self, now: float) -> bool:
        """List what changed; `now` in epoch seconds.

        Returns:
            Whether `candidates` may have changed.
        """
        self._changed = False
        due = self._due(now)
        if due:
            self._last_scan = now
            self._resolve_roots()
        for directory in list(self._directories.values()):
            self._refresh_directory(directory, force=due)
        if self._changed:
            self.candidates = dict(self._all_candidates())
        return self._changed

    def expect(self, names: Iterable[str]) -> None:
        """Know logs by display name that were there once: what looks rotated from them is."""
        for name in names:
            path = fs.resolve(self.naming.anchor, name)
            self._expected.setdefault(fs.parent(path), set()).add(fs.basename(path))

    def skipped(self) -> tuple[Counter[Reason], list[tuple[str, Reason]]]:
        """How many files are not read for which reason, and some of them by display name."""
        counts: Counter[Reason] = Counter()
        samples: list[tuple[str, Reason]] = []
        for directory in self._directories.values():
            counts += directory.listing.skipped
            for name, reason in directory.listing.samples:
                samples.append((self.naming.display(fs.join(directory.path, name)), reason))
        return counts, samples

    def _due(self, now: float) -> bool:
        if self._last_scan is None or now < self._last_scan:  # the clock was stepped back
            return True
        entries = sum(directory.listing.entries for directory in self._directories.values())
        return now - self._last_scan >= max(RESCAN_SECONDS, entries / _ENTRIES_PER_SECOND)

    # --- roots --------------------------------------------------------------------------------

    def _resolve_roots(self) -> None:
        for root in tuple(self._roots):
            self._resolve(root)
        for root in tuple(self._roots):  # run.json may have named further ones
            if root.path not in self._directories:
                self._resolve(root)

    def _resolve(self, root: Root) -> None:
        kind = root.kind()
        if kind is RootKind.DIRECTORY:
            self._enter_root(root.path, may_name=root.path not in self._named_by_run)
        elif kind is RootKind.FILE:
            self._add_file(root.path, named=True)
        else:
            self._resolve_pattern(root)

    def _resolve_pattern(self, root: Root) -> None:
        for path in fs.expand(root.path, recursive=True):
            if fs.is_directory(path):
                self._enter_root(path, may_name=root.path not in self._named_by_run)
            elif reason_to_skip(fs.basename(path)) in (None, Reason.UNKNOWN):
                self._add_file(path, named=False)

    def _add_file(self, path: str, *, named: bool) -> None:
        parent, name = fs.parent(path), fs.basename(path)
        directory = self._directories.setdefault(parent, _Directory(parent, only=set()))
        if directory.only is not None and name not in directory.only:
            directory.only.add(name)
            directory.settled = False
        if named and name not in directory.named:
            directory.named.add(name)
            self._changed = True

    def _enter_root(self, path: str, *, may_name: bool) -> None:
        known = self._directories.get(path)
        if known is None or known.only is not None:
            self._forget_file(path)
            self._mark_ancestors(path)
            self._walk([path], asked=True)
        if may_name and rundir.is_run_directory(path):
            for log in rundir.named_logs(path):
                self._named_by_run.add(log)
                self._roots.setdefault(Root(log, log))

    def _forget_file(self, path: str) -> None:
        """What did not exist when it was named, or was a file, has become a directory."""
        parent = self._directories.get(fs.parent(path))
        if parent is not None and fs.basename(path) in parent.named:
            parent.named.discard(fs.basename(path))
            self._changed = True

    def _mark_ancestors(self, path: str) -> None:
        """A link up to a directory above the root must not draw in everything there."""
        directory = fs.real(path)
        while (above := fs.parent(directory)) != directory:
            directory = above
            if (identity := _identity(directory)) is not None:
                self._visited.setdefault(identity, directory)

    # --- directories --------------------------------------------------------------------------

    def _walk(self, paths: Iterable[str], *, asked: bool = False) -> None:
        """List directories and all below; links come last, so that files keep their real names."""
        real, links = deque(paths), deque[str]()
        while real or links:
            path = real.popleft() if real else links.popleft()
            directory = self._enter(path, asked=asked)
            asked = False
            if directory is not None:
                self._list(directory)
                real.extend(directory.listing.subdirectories)
                links.extend(directory.listing.links)

    def _enter(self, path: str, *, asked: bool) -> _Directory | None:
        """Register a directory, unless it was reached before, perhaps by another way."""
        known = self._directories.get(path)
        identity = _identity(path)
        if identity is None or (known is not None and known.only is None):
            return None
        if not asked and self._visited.get(identity, path) != path:
            return None
        if len(self._directories) >= MAX_DIRECTORIES:
            self.problems[self.naming.display(path)] = (
                f"{path} is not read: there are more than {MAX_DIRECTORIES:,} directories."
            )
            return None
        directory = _Directory(path, None, known.named if known else set(), identity)
        self._directories[path] = directory
        self._visited[identity] = path
        return directory

    def _refresh_directory(self, directory: _Directory, *, force: bool) -> None:
        try:
            status = fs.stat(directory.path)
        except OSError as error:
            self._lost(directory, error)
            return
        unchanged = directory.mtime == status.st_mtime_ns
        if unchanged and directory.settled and not force:
            return
        directory.mtime, directory.settled = status.st_mtime_ns, unchanged
        before = directory.listing
        self._list(directory)
        after = directory.listing
        if (after.subdirectories, after.links) != (before.subdirectories, before.links):
            self._walk([*after.subdirectories, *after.links])

    def _list(self, directory: _Directory) -> None:
        try:
            listing = (
                list_all(directory.path)
                if directory.only is None
                else list_kin(directory.path, directory.only)
            )
        except OSError as error:
            self._report(directory, error)
            return
        self.problems.pop(self.naming.display(directory.path), None)
        self._changed |= listing.logs != directory.listing.logs
        directory.listing = listing

    def _lost(self, directory: _Directory, error: OSError) -> None:
        """A directory that is gone is forgotten; one that only cannot be looked at is kept."""
        if not isinstance(error, FileNotFoundError | NotADirectoryError):
            self._report(directory, error)
            return
        self.problems.pop(self.naming.display(directory.path), None)
        self._changed |= bool(directory.listing.logs)
        directory.mtime, directory.listing = -1, Listing()
        if directory.only is None:
            del self._directories[directory.path]
            if directory.identity is not None:
                self._visited.pop(directory.identity, None)

    def _report(self, directory: _Directory, error: OSError) -> None:
        self.problems[self.naming.display(directory.path)] = (
            f"{directory.path} cannot be listed ({fs.words(error)}); it is tried again."
        )
        directory.settled = False

    # --- candidates ---------------------------------------------------------------------------

    def _all_candidates(self) -> Iterator[tuple[str, Candidate]]:
        for directory in self._directories.values():
            names = directory.listing.logs | directory.named
            directory.bases |= self._expected.pop(directory.path, set())
            found = families(names, directory.bases)
            directory.bases.update(base for base, _ in found.values())
            for name, (base, age) in found.items():
                yield fs.join(directory.path, name), self._candidate(directory, name, base, age)

    def _candidate(self, directory: _Directory, name: str, base: str, age: Age) -> Candidate:
        path, base = fs.join(directory.path, name), fs.join(directory.path, base)
        named = name in directory.named
        passive = directory.only is not None and name not in directory.only
        known = self.candidates.get(path)
        if known is not None and (known.base, known.named, known.passive) == (base, named, passive):
            return known
        return Candidate(path, self.naming.display(path), base, age, named, passive)


def _identity(path: str) -> tuple[int, int] | None:
    try:
        status = fs.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino
