"""What the supervisor writes down while a run goes on, as sentences for whoever waits."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class Tidings:
    """Reads a journal as it grows."""

    def __init__(self, journal: Path) -> None:
        """Reads nothing yet; the file may come later."""
        self._journal = journal
        self._offset = 0

    def news(self) -> list[str]:
        """Sentences on what is new and worth a word."""
        try:
            with self._journal.open("rb") as file:
                file.seek(self._offset)
                data = file.read(1 << 20)
        except OSError:
            return []
        whole = data[: data.rfind(b"\n") + 1]
        self._offset += len(whole)
        return [said for line in whole.splitlines() if (said := _sentence(line))]


def _sentence(line: bytes) -> str | None:
    try:
        event = json.loads(line)
        return _WORDS[event["event"]](event)
    except (ValueError, KeyError, TypeError):
        return None


def _gate(event: Mapping[str, Any]) -> str:
    if event["passed"]:
        return "the health gate has passed: the first minutes were sound."
    return f"the health gate ends the training: {event['reason']}."


def _restart(event: Mapping[str, Any]) -> str:
    start = event["checkpoint"]
    what = f"from {start}" if start else "without a checkpoint"
    return f"attempt {event['attempt'] + 1} starts in {event['delay']:g} s, {what} …"


def _checkpoint(event: Mapping[str, Any]) -> str:
    return f"{event['path']} is damaged and is passed over: {event['damaged']}."


def _disk(event: Mapping[str, Any]) -> str:
    return (
        f"{event['path']} has {event['free'] / 1e9:.1f} GB left, and the newest checkpoint took "
        f"{event['needed'] / 1e9:.1f} GB: the next one may not fit."
    )


def _alert(event: Mapping[str, Any]) -> str:
    stacks = event["stacks"]
    kept = f"; where its processes stand is kept in {stacks}" if stacks else ""
    return f"{event['message']}{kept}."


def _drop(event: Mapping[str, Any]) -> str:
    return f"{event['piece']} was removed, {event['bytes']} bytes: --console-keep asks for it."


def _spool(event: Mapping[str, Any]) -> str:
    return (
        f"the disk space of what was copied to console.log cannot be given back "
        f"({event['problem']}): it takes twice its size."
    )


_WORDS = {
    "alert": _alert,
    "gate": _gate,
    "restart": _restart,
    "checkpoint": _checkpoint,
    "disk": _disk,
    "drop": _drop,
    "spool": _spool,
}
