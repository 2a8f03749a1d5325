"""What of a `trainwatch run` directory concerns reading its logs.

`run.json` is read while another process may be writing it, and a directory may hold a file of
that name from somebody else: neither is an error here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Set as AbstractSet

from trainwatch.sources import fs
from trainwatch.sources.names import Reason

RUN_FILE = "run.json"
_MAX_BYTES = 4 << 20
_OURS = frozenset(("logs", "command", "exp_id"))

# With several nodes, what each of them writes carries the host in its name.
_RECORDS = re.compile(r"(?:events|system)(?:[._-].+)?\.jsonl")
_DIRECTORIES = frozenset(("stacks", "results", "signals"))
_RESULTS = frozenset(("metrics.csv",))
_WITNESSES = frozenset(("metrics.csv", "summary.json", "report_draft.md", "report.html"))


def own_file(name: str) -> Reason | None:
    """Whether a file of a run directory is a record of trainwatch and not a log."""
    return Reason.OWN if _RECORDS.fullmatch(name) else None


def own_results(names: AbstractSet[str]) -> frozenset[str]:
    """Of a directory's names those that `trainwatch report` wrote: a table that repeats the logs."""
    return _RESULTS if names >= _WITNESSES else frozenset()


def own_directory(name: str) -> bool:
    """Whether a directory of a run directory holds what trainwatch wrote."""
    return name in _DIRECTORIES


def is_run_directory(directory: str) -> bool:
    """Whether `directory` was made by `trainwatch run`; a half-written `run.json` counts."""
    if not fs.is_file(fs.join(directory, RUN_FILE)):
        return False
    document = _read(directory)
    return document is None or not _OURS.isdisjoint(document)


def named_logs(directory: str) -> tuple[str, ...]:
    """The paths under "logs" in the directory's `run.json`, made absolute; () where none are."""
    document = _read(directory)
    logs = document.get("logs") if document is not None else None
    if not isinstance(logs, list):
        return ()
    return tuple(
        fs.absolute(fs.resolve(directory, entry))
        for entry in logs
        if isinstance(entry, str) and entry and "\0" not in entry
    )


def _read(directory: str) -> dict[str, object] | None:
    """The document; None when it cannot be parsed, {} when it is not an object."""
    try:
        document = json.loads(fs.read_document(fs.join(directory, RUN_FILE), _MAX_BYTES))
    except (OSError, ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else {}
