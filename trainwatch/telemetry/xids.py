"""Errors that the driver reports by number (Xid), as they come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pynvml

from trainwatch.telemetry.notes import Notes

_MOST = 32
"""Errors taken at once: a broken GPU may report them without end."""


class Xids:
    """Listens to the GPUs of this node.

    Args:
        handles: Of the GPUs.
        notes: Where is said that nobody can listen.
    """

    def __init__(self, handles: Sequence[Any], notes: Notes) -> None:
        self._events: Any = None
        try:
            self._events = pynvml.nvmlEventSetCreate()
            for handle in handles:
                pynvml.nvmlDeviceRegisterEvents(
                    handle, pynvml.nvmlEventTypeXidCriticalError, self._events
                )
        except pynvml.NVMLError as error:
            notes.add(f"the driver does not report Xid errors here: {error}.")
            self._events = None

    def take(self) -> dict[int, tuple[int, ...]]:
        """What was reported since the last call: Xids by the index of the GPU."""
        found: dict[int, tuple[int, ...]] = {}
        for _ in range(_MOST if self._events is not None else 0):
            try:
                event = pynvml.nvmlEventSetWait_v2(self._events, 0)
                index = int(pynvml.nvmlDeviceGetIndex(event.device))
            except pynvml.NVMLError:  # mostly: nothing more has come
                break
            found[index] = (*found.get(index, ()), int(event.eventData))
        return found
