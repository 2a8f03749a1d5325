"""One listing of one directory: which names may be logs, which lead further, which are passed over."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field

from trainwatch.sources import fs, rundir
from trainwatch.sources.names import (
    HIDDEN_LOG_DIRECTORIES,
    SKIPPED_DIRECTORIES,
    Reason,
    reason_to_skip,
    rotated_from,
)

_MAX_SAMPLES = 20


@dataclass(slots=True)
class Listing:
    """What a directory holds.

    Attributes:
        entries: How many names there are in all.
        logs: Names of files that may be logs.
        subdirectories: Absolute paths of directories to go down into.
        links: The same for links to directories.
        skipped: How many files are passed over for which reason.
        samples: Some of them, by name.
    """

    entries: int = 0
    logs: frozenset[str] = frozenset()
    subdirectories: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    skipped: Counter[Reason] = field(default_factory=Counter)
    samples: list[tuple[str, Reason]] = field(default_factory=list)

    def skip(self, name: str, reason: Reason) -> None:
        """Count a file that is not read."""
        self.skipped[reason] += 1
        if len(self.samples) < _MAX_SAMPLES:
            self.samples.append((name, reason))


def list_kin(path: str, only: Collection[str]) -> Listing:
    """List the files of a directory that are in `only`, or may be rotated from one that is.

    Raises:
        OSError: The directory cannot be listed.
    """
    with fs.scan(path) as entries:
        listed = [entry for entry in entries if _is_kin(entry.name, only)]
    logs = frozenset(entry.name for entry in listed if not _is_special(entry))
    return Listing(len(listed), logs)


def _is_kin(name: str, only: Collection[str]) -> bool:
    if name in only:
        return True
    rotated = rotated_from(name)
    return rotated is not None and rotated[0] in only


def list_all(path: str) -> Listing:
    """List a directory of logs.

    Raises:
        OSError: The directory cannot be listed.
    """
    with fs.scan(path) as entries:
        listed = sorted(entries, key=lambda entry: entry.name)
    result = Listing(len(listed))
    is_run = rundir.is_run_directory(path)
    directories = [entry for entry in listed if _is_directory(entry)]
    wanted = [entry for entry in directories if _leads_to_logs(entry.name, is_run=is_run)]
    result.subdirectories = tuple(entry.path for entry in wanted if not entry.is_symlink())
    result.links = tuple(entry.path for entry in wanted if entry.is_symlink())
    files = [entry for entry in listed if not _is_directory(entry)]
    own = rundir.own_results({entry.name for entry in files})
    for name in own:
        result.skip(name, Reason.OWN)
    result.logs = frozenset(
        entry.name
        for entry in files
        if entry.name not in own and _may_be_log(entry, result, is_run=is_run)
    )
    return result


def _leads_to_logs(name: str, *, is_run: bool) -> bool:
    if name.startswith("."):
        return name in HIDDEN_LOG_DIRECTORIES
    return name not in SKIPPED_DIRECTORIES and not (is_run and rundir.own_directory(name))


def _may_be_log(entry: os.DirEntry[str], result: Listing, *, is_run: bool) -> bool:
    reason = reason_to_skip(entry.name)
    if reason is None and is_run:
        reason = rundir.own_file(entry.name)
    if reason is None and _is_special(entry):
        reason = Reason.SPECIAL
    if reason is not None:
        result.skip(entry.name, reason)
    return reason is None


def _is_directory(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a loop of symbolic links
        return False


def _is_special(entry: os.DirEntry[str]) -> bool:
    """A fifo, socket or device; a link that leads nowhere yet may still become a log."""
    try:
        return not entry.is_file() and not (entry.is_symlink() and not fs.is_there(entry.path))
    except OSError:
        return True
