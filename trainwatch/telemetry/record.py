"""What of `run.json` concerns the sampler; it may be missing, half of another node's, or replaced."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_LARGEST = 1 << 24


@dataclass(frozen=True, slots=True)
class Record:
    """A run as its supervisor wrote it down.

    Attributes:
        here: Whether it was started on this node, so that its process ids mean something.
        launcher: Process id of the training's first process; None where unknown or elsewhere.
        workers: Process ids of its workers, where only they are known.
        token: Value of TRAINWATCH_RUN_ID in the training's environment.
        cwd: Where the training was started.
        over: Whether the run has ended.
    """

    here: bool = True
    launcher: int | None = None
    workers: tuple[int, ...] = ()
    token: str | None = None
    cwd: str | None = None
    over: bool = False


def read_record(run_dir: Path) -> Record:
    """The record as it stands; an empty one where there is none."""
    try:
        with (run_dir / "run.json").open("rb") as file:
            document = json.loads(file.read(_LARGEST))
    except (OSError, ValueError, RecursionError):
        return Record()
    if not isinstance(document, dict):
        return Record()
    here = document.get("host") in (None, socket.gethostname())
    cwd, token = document.get("cwd"), document.get("token")
    return Record(
        here=here,
        launcher=_launcher(document.get("attempts")) if here else None,
        token=token if isinstance(token, str) else None,
        cwd=cwd if isinstance(cwd, str) else None,
        over=document.get("ended") is not None,
    )


def _launcher(attempts: Any) -> int | None:  # noqa: ANN401 - JSON
    last = attempts[-1] if isinstance(attempts, list) and attempts else None
    launcher = last.get("launcher") if isinstance(last, dict) else None
    pid = launcher.get("pid") if isinstance(launcher, dict) else None
    return pid if isinstance(pid, int) else None
