"""What the front end tells a supervisor through its stdin, and the answer through its stdout.

Both are pipes that are closed after one message. The environment that `--env` asks for travels
here and not in a file, because it may hold passwords.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Order:
    """A training to start.

    Attributes:
        id: The experiment's id.
        command: The program and its arguments.
        cwd: Absolute path where it starts.
        environment: What is added to the supervisor's own environment.
        logs: Absolute paths of further logs.
        stop_timeout: Seconds from SIGTERM to SIGKILL.
        owned: Whether trainwatch made the run directory.
    """

    id: str
    command: tuple[str, ...]
    cwd: str
    stop_timeout: float
    environment: Mapping[str, str] = field(default_factory=dict)
    logs: tuple[str, ...] = ()
    owned: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of an order.

    Attributes:
        launcher: Process id of the training, when it was started.
        problem: Why it was not, as a sentence.
    """

    launcher: int | None = None
    problem: str | None = None


def encode(message: Order | Answer) -> bytes:
    """One message as bytes."""
    return json.dumps(asdict(message)).encode("ascii")


def decode_order(data: bytes) -> Order:
    """The reverse, in the supervisor; raises ValueError or TypeError."""
    found: dict[str, Any] = json.loads(data)
    return Order(**{**found, "command": tuple(found["command"]), "logs": tuple(found["logs"])})


def decode_answer(data: bytes) -> Answer | None:
    """The reverse, in the front end; None when the supervisor died before it could answer."""
    return Answer(**json.loads(data)) if data else None


def read_all(handle: int) -> bytes:
    """Everything up to the end of a pipe."""
    chunks = []
    while chunk := os.read(handle, 1 << 16):
        chunks.append(chunk)
    return b"".join(chunks)
