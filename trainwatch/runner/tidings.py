"""What the supervisor writes down of a run, as sentences for whoever waits or has waited."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
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


def left_behind(journal: Path) -> tuple[str, ...]:
    """Sentences on processes that outlived their command and were ended; none where that is usual.

    It is where somebody asked for the end: whatever starts a training dies of SIGTERM before it.
    """
    asked, exited = False, dict[str, Any]()
    for event in _events(journal):
        match event.get("event"):
            case "start":
                asked = False
            case "stop" | "terminate" | "kill":
                asked = True
            case "exit":
                exited = event
            case "orphans" if not asked and (died_of := exited.get("signal")):
                return (f"the command died of {died_of}; the processes that it left were ended.",)
            case "orphans" if not asked:
                return _IN_BACKGROUND
    return ()


_IN_BACKGROUND = (
    "the command ended and left processes running in the background: they were ended too;",
    "a run lasts as long as its command, so let the command wait for its training.",
)


def _events(journal: Path) -> Iterator[dict[str, Any]]:
    try:
        data = journal.read_bytes()
    except OSError:
        return
    for line in data.splitlines():
        with contextlib.suppress(ValueError):
            if isinstance(event := json.loads(line), dict):
                yield event


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
    start, told = event["checkpoint"], event["told"]
    if told:
        what = f", from {start}" if start else ", without a checkpoint"
    else:
        what = f"; the newest sound checkpoint is {start}" if start else ""
    return f"attempt {event['attempt'] + 1} starts in {event['delay']:g} s{what} …"


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


def _hook(event: Mapping[str, Any]) -> str | None:
    """Of one that was started nothing is said before it has ended, and then only of a failure."""
    if problem := event.get("problem"):
        return f"the next step could not be started: {problem}"
    code = event.get("exit_code")
    return f"the next step failed with exit code {code}; see then.log." if code else None


def _companion(event: Mapping[str, Any]) -> str:
    code = event["exit_code"]
    how = f"signal {-code}" if code < 0 else f"exit code {code}"
    unchecked = ": the first minutes are not checked" if event["name"] == "gate" else ""
    return (
        f"trainwatch's own {event['name']} failed ({how}){unchecked}; the training is not touched."
    )


_WORDS: Mapping[str, Callable[[Mapping[str, Any]], str | None]] = {
    "alert": _alert,
    "hook": _hook,
    "gate": _gate,
    "restart": _restart,
    "checkpoint": _checkpoint,
    "companion": _companion,
    "disk": _disk,
    "drop": _drop,
    "spool": _spool,
}
