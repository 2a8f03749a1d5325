"""What a supervisor looks at while an attempt runs: the process tree, and the logs it has open."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace

from trainwatch.supervise.books import Books
from trainwatch.supervise.files import write_json
from trainwatch.supervise.journal import Happened
from trainwatch.supervise.openlogs import OpenLogs
from trainwatch.supervise.paths import RunPaths
from trainwatch.supervise.tree import Tree

SAMPLE = 0.5
"""Seconds between two looks at the process tree, and between two looks for logs, at least."""

_SHARE = 0.005
"""Part of one core that these looks may take on a machine with very many processes."""

_SELDOM = 10.0
"""Seconds between two looks into the directories that the command names."""

_SAVE = 5.0
"""Seconds between two writes of the process tree, at least."""


class Watching:
    """Remembers who belongs to a training, and which files it writes."""

    def __init__(self, paths: RunPaths, books: Books, tree: Tree) -> None:
        self._paths = paths
        self._books = books
        self._tree = tree
        self._logs = OpenLogs(paths.root, books.record.logs)
        self._saved: tuple[float, object] = (0.0, None)
        self._told = 0
        self._sampled = self._looked = self._named = 0.0

    def look(self, now: float) -> None:
        """Looks at the tree and writes it down when it has changed; `now` of a monotonic clock."""
        if now < self._sampled + max(SAMPLE, self._tree.cost / _SHARE):
            return
        self._sampled = now
        self._tree.scan(thorough=False)
        self._find_logs(now)
        when, what = self._saved
        if self._tree.known == what or now < when + _SAVE:
            return
        self._saved = (now, self._tree.known)
        with contextlib.suppress(OSError):
            write_json(self._paths.processes, {"schema": 1, "processes": sorted(self._tree.known)})

    def last_look(self) -> None:
        """An attempt is over: its logs that were open only for moments are among their like."""
        self._find_told()
        self._add(self._logs.siblings(self._books.record.started))
        self._find_named()

    def _find_logs(self, now: float) -> None:
        if now < self._looked + max(SAMPLE, self._logs.cost / _SHARE):
            return
        self._looked = now
        self._find_told()
        self._add(self._logs.look(identity.pid for identity in sorted(self._tree.known)))
        if now >= self._named + _SELDOM:
            self._named = now
            self._find_named()

    def _find_told(self) -> None:
        """What `trainwatch.hooks` told of; a line that is no path, or not whole yet, says nothing."""
        try:
            size = self._paths.told_logs.stat().st_size
            text = self._paths.told_logs.read_bytes() if size != self._told else b""
        except OSError:
            return
        self._told, told = size, []
        for line in text.splitlines():
            with contextlib.suppress(ValueError):
                told.append(json.loads(line))
        self._add(self._logs.told(path for path in told if isinstance(path, str)))

    def _find_named(self) -> None:
        record = self._books.record
        if not record.logs:
            self._add(self._logs.in_arguments(record.command, record.cwd, record.started))

    def _add(self, new: list[str]) -> None:
        if new:
            record = self._books.record
            self._books.keep(replace(record, logs=(*record.logs, *new)))
            self._books.journal.write(Happened.LOGS, paths=new)
