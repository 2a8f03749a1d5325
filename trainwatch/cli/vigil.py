"""`python -m trainwatch.cli.vigil RUN_DIR`: takes the stacks of a training that falls silent.

A companion of the supervisor, for the hours in which nobody looks: it follows the logs of one
attempt as a view does, and when they stall by the same rule it writes the stacks of the workers on
its node into `stacks/`, and a line into the journal. It changes nothing else, and ends with its
parent.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from trainwatch.cli.attempt import Attempt
from trainwatch.diagnose.live.places import facts_of
from trainwatch.health.verdict import Verdict
from trainwatch.health.vigil import Call, Vigil, Why
from trainwatch.probes import collect
from trainwatch.supervise.journal import Happened, Journal
from trainwatch.supervise.paths import RunPaths

_POLL = 2.0
"""Seconds between two looks at the logs: a stall is at least ten times as long."""

_NICE = 5


class Keeper:
    """Does what a `Vigil` says, for one attempt of a run."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._vigil = Vigil()
        self._journal = Journal(RunPaths(root).events)

    def look(self, verdict: Verdict, written: int, now: float) -> None:
        """Take the stacks if it is time to; see `Vigil.look`."""
        call = self._vigil.look(verdict, written, now)
        if call is not None:
            self._act(call, verdict)

    def take(self, why: Why, verdict: Verdict) -> Path | None:
        """Take the stacks now; None where no process could be seen."""
        return collect(self._root, (), why, facts_of(verdict.ranks))

    def _act(self, call: Call, verdict: Verdict) -> None:
        taken = None if call.look is None else self.take(call.look, verdict)
        if call.look is Why.SILENCE:
            return  # no finding, so no alert
        self._journal.write(
            Happened.ALERT,
            active=call.look is not None,
            stacks=str(taken.relative_to(self._root)) if taken else None,
            **_words(call),
        )


def _words(call: Call) -> Mapping[str, object]:
    if not call.findings:
        return {"rule": None, "ranks": [], "message": "the training goes on"}
    ranks = [one.who.rank for one in call.findings if one.who.rank is not None]
    first = call.findings[0]
    return {"rule": first.rule, "ranks": ranks, "message": first.message}


def watch(root: Path) -> None:
    """Keep watch until the parent has gone."""
    attempt, keeper = Attempt(root), Keeper(root)
    parent = os.getppid()
    try:
        while os.getppid() == parent:
            now = time.time()
            attempt.advance(now)
            engine = attempt.engine
            keeper.look(engine.judge(), engine.run.tally.bytes, now)
            time.sleep(_POLL)
    finally:
        attempt.close()


if __name__ == "__main__":
    os.nice(_NICE)
    watch(Path(sys.argv[1]))
