"""Reads everything, looks at the processes, and diagnoses: for `diagnose` and for a dashboard."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from trainwatch.cli import torchopinion
from trainwatch.cli.evidence import gather_files
from trainwatch.cli.options import Selection
from trainwatch.cli.reading import chosen_paths, local_offset, read_all
from trainwatch.cli.siblings import with_repeats
from trainwatch.cli.stacks import Looked, look, stored
from trainwatch.diagnose import Diagnosis, Gathering, Verdict, diagnose
from trainwatch.model.moments import Viewpoint


def diagnose_now(
    paths: Sequence[str | Path],
    selection: Selection,
    *,
    live: bool,
    on_look: Callable[[Looked], None] = lambda _: None,
) -> Diagnosis:
    """Read everything under some PATHs and diagnose it; takes seconds, so never on a screen's thread.

    Args:
        paths: What to read; empty for the newest run here.
        selection: Everything else that a reader is told: configuration, dialect, `--now`.
        live: Whether to look at the processes. Never with `--now`, which is another moment.
        on_look: Told what they showed.

    Raises:
        NothingToReadError, UsageError: as for every reader.
    """
    chosen = chosen_paths([str(path) for path in paths])
    gathering = Gathering()
    gather_files(chosen, gathering)
    seen = look(chosen) if live and selection.now is None else None
    if seen is not None:
        gathering.take_live(seen.live)
    for earlier in stored(chosen):
        gathering.take_look(earlier)
    asked = replace(selection, paths=tuple(chosen))
    with torchopinion.asked_meanwhile(gathering):
        read = read_all(asked, gathering.take, gathering.see, lambda: gathering.telling)
    engine = read.engine
    if seen is not None:
        seen.keep(engine.judge().ranks)
        on_look(seen)
        if engine.info.alive is None:
            engine.info = replace(engine.info, alive=True)
    found = diagnose(engine.run, engine.info, viewpoint(selection.now), engine.config, gathering)
    return with_repeats(found, chosen)


def viewpoint(now: float | None) -> Viewpoint:
    """The moment that was asked for, else this one."""
    return Viewpoint(time.time() if now is None else now, local_offset(), stated=now is not None)


def is_fine(found: Diagnosis) -> bool:
    """Whether nobody has to do anything."""
    return found.verdict in (Verdict.HEALTHY, Verdict.FINISHED)
