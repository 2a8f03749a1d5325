"""Findings about checkpoints: one that cannot be gone on from, and no room for the next."""

from collections.abc import Iterator

from trainwatch.events import NOBODY, Evidence, Finding, Severity
from trainwatch.health.words import printable, size
from trainwatch.saves import Checkpoint, Saves


def save_findings(saves: Saves, *, over: bool) -> Iterator[Finding]:
    """What is wrong with a run's checkpoints.

    Args:
        saves: What was found.
        over: Whether the training has ended, so that it will write no further one.
    """
    newest = saves.survey.newest
    damaged = saves.survey.damaged
    if damaged:
        instead = f"{_named(newest)} is sound" if newest else "there is no sound one"
        first = damaged[0]
        yield Finding(
            "checkpoint_damaged",
            Severity.WARNING,
            NOBODY,
            f"checkpoint {printable(first.name)} is damaged: {printable(first.problem or '')}; {instead}",
            tuple(
                Evidence(one.path, None, 0, printable(one.problem or ""))
                for one in damaged[:_QUOTED]
            ),
            step=first.step,
            refute="if the training's own loading of it succeeds",
        )
    if saves.short and newest and saves.free is not None and saves.needed is not None:
        where = newest.path.rpartition("/")[0]
        yield Finding(
            "checkpoint_space",
            Severity.WARNING,
            NOBODY,
            f"the next checkpoint may not fit: {size(saves.free)} free in {printable(where)}, "
            f"the newest one takes {size(saves.needed)}",
            (Evidence(newest.path, None, 0, f"{saves.needed} bytes"),),
            refute="if the training removes an older one before it writes the next",
            active=not over,
        )


_QUOTED = 3


def _named(one: Checkpoint | None) -> str:
    return "none" if one is None else printable(one.name)
