"""Signals of a front end without a dashboard: what stops the training, and what is let be."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterable, Iterator
from types import FrameType

from trainwatch.supervise.process import Identity, send

_IGNORED = (signal.SIGUSR1, signal.SIGUSR2)
"""Slurm and Lightning send these before a time limit; passed on they would kill torchrun."""


class StopSignals:
    """Turns SIGTERM, SIGINT and SIGHUP into a request to the supervisor.

    The request is made in the handler itself, so that it is made even while this process waits
    for a reader that takes nothing.

    Attributes:
        came: The first of them, or None.
    """

    def __init__(self, forward: Iterable[str] = ()) -> None:
        """Handles nothing yet; `forward` names signals that the supervisor is to have too."""
        self._forward = frozenset(forward)
        self._early: list[int] = []
        self.came: signal.Signals | None = None
        self._supervisor: Identity | None = None

    def send_to(self, supervisor: Identity | None) -> None:
        """From now on requests go there; one that came before goes at once."""
        self._supervisor = supervisor
        while supervisor and self._early:
            send(supervisor, self._early.pop(0))
        if self.came:
            self._pass_on()

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        self.came = self.came or signal.Signals(number)
        self._pass_on()

    def _hand_over(self, number: int, _frame: FrameType | None) -> None:
        if signal.Signals(number).name not in self._forward:
            return
        if self._supervisor:
            send(self._supervisor, number)
        else:
            self._early.append(number)

    def _pass_on(self) -> None:
        if self._supervisor:
            send(self._supervisor, signal.SIGTERM)

    @contextlib.contextmanager
    def installed(self) -> Iterator[StopSignals]:
        """Handles them inside the block."""
        stopping = [signal.SIGTERM, signal.SIGINT]
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            # Under nohup the user has said that a closed terminal is no reason to stop.
            stopping.append(signal.SIGHUP)
        before = {number: signal.signal(number, self._handle) for number in stopping}
        before |= {number: signal.signal(number, self._hand_over) for number in _IGNORED}
        try:
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
