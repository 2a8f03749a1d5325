"""What the front end tells the supervisor through its stdin, and the answer through its stdout.

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
class Restarts:
    """When a training is started again.

    Attributes:
        attempts: How often it is started at most, the first one included.
        delay: Seconds between the end of one attempt and the start of the next.
        until: Absolute paths: the training is complete when one of them exists.
        checkpoints: Absolute paths of directories in which checkpoints are looked for.
    """

    attempts: int = 1
    delay: float = 15.0
    until: tuple[str, ...] = ()
    checkpoints: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Guard:
    """What is done for a training besides starting and ending it.

    Attributes:
        health_time: Seconds of health after which a training is left alone; 0: no gate.
        probe: Whether the workers carry a probe that is asked before a kill.
        sample: Whether GPUs and host are sampled.
        report: Whether the results are written at the end.
        console_limit: Bytes that `console.log` is not to exceed: it is cut into pieces; 0: never.
        console_keep: How many earlier pieces are kept; 0: all.
        forward: Names of signals that are passed on to the command.
        success, failure: Shell commands for the end, as `--then` and `--on-failure` give them.
        config: Absolute path of the configuration file, for those who read the logs.
    """

    health_time: float = 0.0
    probe: bool = False
    sample: bool = False
    report: bool = False
    console_limit: int = 0
    console_keep: int = 0
    forward: tuple[str, ...] = ()
    success: str | None = None
    failure: str | None = None
    config: str | None = None


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
        restarts: When it is started again.
        guard: What else is done for it.
        checkpoint: What the first attempt goes on from.
    """

    id: str
    command: tuple[str, ...]
    cwd: str
    stop_timeout: float
    environment: Mapping[str, str] = field(default_factory=dict)
    logs: tuple[str, ...] = ()
    owned: bool = False
    restarts: Restarts = Restarts()
    guard: Guard = Guard()
    checkpoint: str | None = None


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
    found = _tuples(json.loads(data))
    parts = {"restarts": Restarts(**found["restarts"]), "guard": Guard(**found["guard"])}
    return Order(**{**found, **parts})


def _tuples(value: Any) -> Any:  # noqa: ANN401 - JSON
    """JSON has lists only."""
    if isinstance(value, dict):
        return {name: _tuples(part) for name, part in value.items()}
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def decode_answer(data: bytes) -> Answer | None:
    """The reverse, in the front end; None when the supervisor died before it could answer."""
    return Answer(**json.loads(data)) if data else None


def read_all(handle: int) -> bytes:
    """Everything up to the end of a pipe."""
    chunks = []
    while chunk := os.read(handle, 1 << 16):
        chunks.append(chunk)
    return b"".join(chunks)
