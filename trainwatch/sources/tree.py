"""The files of a run by name, kept up to date: a directory is listed again when it changes.

That is when its modification time moved, once more after that (two changes within one tick of
the file system's clock look like one), and every few seconds whatever the time says (network
file systems show old times).
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

from trainwatch.sources import fs, patterns, rundir
from trainwatch.sources.candidate import Candidate
from trainwatch.sources.directory import Directory
from trainwatch.sources.names import Reason, reason_to_skip
from trainwatch.sources.roots import Naming, Root, RootKind

RESCAN_SECONDS = 2.0
MAX_DIRECTORIES = 20_000
_ENTRIES_PER_SECOND = 10_000  # a tree of a million images is not listed every two seconds


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
        self._directories: dict[str, Directory] = {}
        self._visited: dict[tuple[int, int], str] = {}
        self._last_scan: float | None = None
        self._changed = False
        self._expected: dict[str, set[str]] = {}

    @property
    def roots(self) -> tuple[Root, ...]:
        """The PATHs, and those that their run.json name."""
        return tuple(self._roots)

    @property
    def is_complete(self) -> bool:
        """Whether all PATHs are there and could be listed, so that what was not found is not."""
        return not self.problems and all(
            root.kind() is RootKind.PATTERN or fs.exists(root.path) for root in self._roots
        )

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
        return self._collect()

    def check(self) -> bool:
        """List once more what has just changed: files were renamed, perhaps, as it was listed.

        Returns:
            Whether `candidates` may have changed.
        """
        self._changed = False
        for directory in list(self._directories.values()):
            if not directory.is_settled:
                self._list(directory)
        return self._collect()

    def _collect(self) -> bool:
        if self._changed:
            self.candidates = {one.path: one for one in self._all_candidates()}
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
        for path in patterns.expand(root.path):
            if fs.is_directory(path):
                self._enter_root(path, may_name=root.path not in self._named_by_run)
            elif reason_to_skip(fs.basename(path)) in (None, Reason.UNKNOWN):
                self._add_file(path, named=False)

    def _add_file(self, path: str, *, named: bool) -> None:
        parent = fs.parent(path)
        directory = self._directories.setdefault(parent, Directory(parent, only=set()))
        self._changed |= directory.add(fs.basename(path), named=named)

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
            with suppress(OSError):
                self._visited.setdefault(_identity(directory), directory)

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

    def _enter(self, path: str, *, asked: bool) -> Directory | None:
        """Register a directory, unless it was reached before, perhaps by another way."""
        known = self._directories.get(path)
        if known is not None and known.only is None:
            return None
        try:
            identity = _identity(path)
        except OSError as error:
            self._report(path, error)
            return None
        if not asked and self._visited.get(identity, path) != path:
            return None
        if len(self._directories) >= MAX_DIRECTORIES:
            self.problems[self.naming.display(path)] = (
                f"{fs.printable(path)} is not read: there are more than {MAX_DIRECTORIES:,} directories."
            )
            return None
        directory = Directory(path, None, known.named if known else set(), identity)
        self._directories[path] = directory
        self._visited[identity] = path
        return directory

    def _refresh_directory(self, directory: Directory, *, force: bool) -> None:
        try:
            due = directory.is_due()
        except OSError as error:
            self._lost(directory, error)
            return
        if due or force:
            self._list(directory)
            self._walk([*directory.listing.subdirectories, *directory.listing.links])

    def _list(self, directory: Directory) -> None:
        try:
            self._changed |= directory.relist()
        except OSError as error:
            self._report(directory.path, error)
            return
        self.problems.pop(self.naming.display(directory.path), None)

    def _lost(self, directory: Directory, error: OSError) -> None:
        """A directory that is gone is forgotten; one that only cannot be looked at is kept."""
        self._report(directory.path, error)
        if not isinstance(error, FileNotFoundError | NotADirectoryError):
            return
        self._changed |= bool(directory.listing.logs)
        directory.clear()
        if directory.only is None:
            del self._directories[directory.path]
            if directory.identity is not None:
                self._visited.pop(directory.identity, None)

    def _report(self, path: str, error: OSError) -> None:
        name = self.naming.display(path)
        if isinstance(error, FileNotFoundError | NotADirectoryError):
            self.problems.pop(name, None)
        else:
            words = f"cannot be listed ({fs.words(error)}); it is tried again."
            self.problems[name] = f"{fs.printable(path)} {words}"

    def _all_candidates(self) -> Iterator[Candidate]:
        for directory in self._directories.values():
            directory.bases |= self._expected.pop(directory.path, set())
            yield from directory.candidates(self.naming, self.candidates)


def _identity(path: str) -> tuple[int, int]:
    status = fs.stat(path)
    return status.st_dev, status.st_ino
