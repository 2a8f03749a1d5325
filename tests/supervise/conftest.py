"""Real processes, real signals, and the proof that no test leaves any of them behind."""

from __future__ import annotations

import signal
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from supervision import Spawn, Trainwatch, marked

from trainwatch.supervise.process import send


@pytest.fixture
def tw(tmp_path: Path) -> Iterator[Trainwatch]:
    """trainwatch in an empty directory; afterwards nothing of it may live."""
    mark = uuid.uuid4().hex
    trainwatch = Trainwatch(tmp_path, mark)
    yield trainwatch
    deadline = time.monotonic() + 5
    while (left := marked(mark)) and time.monotonic() < deadline:
        time.sleep(0.02)
    for process in left:
        send(process.identity, signal.SIGKILL)
    for started in trainwatch.started:
        started.kill()
        started.communicate()
    assert not left, f"left running: {left}"


@pytest.fixture
def spawn() -> Iterator[Spawn]:
    """Starts plain processes, which are killed in the end."""
    spawner = Spawn()
    yield spawner
    spawner.close()
