"""One directory of a run: when to list it again, and which of its files may be logs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from trainwatch.sources import fs
from trainwatch.sources.candidate import Candidate
from trainwatch.sources.listing import Listing, list_all, list_kin
from trainwatch.sources.names import Age, families
from trainwatch.sources.roots import Naming


@dataclass(slots=True)
class Directory:
    """A directory and what was last seen in it.

    Attributes:
        path: Absolute.
        only: Names to which it is limited, with what is rotated from them; None for no limit.
        named: Names that the user gave: they count even when they are not there.
        identity: Device and inode.
        bases: Logs that were ever seen: one that has just been rotated is a log still.
        listing: What was last seen.
        is_settled: Whether it had been listed since its last change when it was last looked at.
    """

    path: str
    only: set[str] | None = None
    named: set[str] = field(default_factory=set)
    identity: tuple[int, int] | None = None
    bases: set[str] = field(default_factory=set)
    listing: Listing = field(default_factory=Listing)
    is_settled: bool = False
    _mtime: int = -1

    def add(self, name: str, *, named: bool) -> bool:
        """Include a file; whether a name was added that counts without being there."""
        if self.only is not None and name not in self.only:
            self.only.add(name)
            self.is_settled = False
        is_new = named and name not in self.named
        if is_new:
            self.named.add(name)
        return is_new

    def is_due(self) -> bool:
        """Whether it was changed since it was listed, or may have been.

        Raises:
            OSError: It cannot be looked at.
        """
        mtime = fs.stat(self.path).st_mtime_ns
        unchanged = mtime == self._mtime
        due = not (unchanged and self.is_settled)
        self._mtime, self.is_settled = mtime, unchanged
        return due

    def relist(self) -> bool:
        """List it.

        Returns:
            Whether other files are there than before.

        Raises:
            OSError: It cannot be listed; it is as it was, and due again.
        """
        before, only = self.listing.logs, self.only
        try:
            self.listing = list_all(self.path) if only is None else list_kin(self.path, only)
        except OSError:
            self.is_settled = False
            raise
        changed = before != self.listing.logs
        if changed:  # perhaps since its time was looked at
            self.is_settled = False
        return changed

    def clear(self) -> None:
        """See that it is gone."""
        self.listing, self._mtime = Listing(), -1

    def candidates(self, naming: Naming, known: Mapping[str, Candidate]) -> Iterator[Candidate]:
        """Its files that may be logs; where nothing has changed those of `known`."""
        found = families(self.listing.logs | self.named, self.bases)
        self.bases.update(base for base, _ in found.values())
        for name, (base, age) in found.items():
            path = fs.join(self.path, name)
            yield self._candidate(naming, known.get(path), name, (base, age))

    def _candidate(
        self, naming: Naming, known: Candidate | None, name: str, place: tuple[str, Age]
    ) -> Candidate:
        base, age = fs.join(self.path, place[0]), place[1]
        named = name in self.named
        passive = self.only is not None and name not in self.only
        if known is not None and (known.base, known.named, known.passive) == (base, named, passive):
            return known
        path = fs.join(self.path, name)
        return Candidate(path, naming.display(path), base, age, named, passive)
