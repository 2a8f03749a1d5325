"""What the processes of a run show: looked at now where they live here, else as it was stored."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from trainwatch.diagnose.live.model import Live
from trainwatch.diagnose.live.read import MAX_BYTES, merged, read_document
from trainwatch.errors import NothingToReadError
from trainwatch.probes.proc import Process

_SLACK = 60.0
_STORED = 40


def run_directory(paths: Sequence[str]) -> Path | None:
    """The one PATH where it is a run directory."""
    if len(paths) == 1 and os.path.isfile(os.path.join(paths[0], "run.json")):  # noqa: PTH113, PTH118 - never raises
        return Path(paths[0])
    return None


def workers_of(paths: Sequence[str]) -> list[Process]:
    """The workers of a training that run on this machine."""
    from trainwatch.probes.find import of_logs, of_run  # noqa: PLC0415 - only for a live job
    from trainwatch.probes.look import this_user_may_look  # noqa: PLC0415

    if not this_user_may_look():
        return []
    run = run_directory(paths)
    return of_run(run) if run else of_logs(_logs(paths))


def look(paths: Sequence[str]) -> Live | None:
    """Look twice, seconds apart, at the workers that run on this machine; None if none does."""
    workers = workers_of(paths)
    if not workers:
        return None
    from trainwatch.probes.collect import write  # noqa: PLC0415 - only for a live job
    from trainwatch.probes.look import look_twice  # noqa: PLC0415

    run = run_directory(paths)
    document = look_twice(workers, "diagnose")
    if run:
        write(run, document, "diagnose")
    return read_document("", document)


def stored(paths: Sequence[str], since: float | None) -> Live | None:
    """The newest of what each node wrote into `stacks/` during the current attempt.

    Args:
        paths: As given.
        since: When the attempt began, epoch seconds.
    """
    run = run_directory(paths)
    newest: dict[str, Live] = {}
    for live in _stored(run) if run else ():
        host = live.stands[0].host if live.stands else ""
        if live.stands and live.time >= (since or 0.0) - _SLACK:
            newest[host] = live
    return merged([newest[host] for host in sorted(newest)])


def _stored(run: Path) -> Iterator[Live]:
    """Oldest first, as their names sort; what cannot be read or is none is left out."""
    for path in sorted((run / "stacks").glob("*.json"))[-_STORED:]:
        try:
            if path.is_symlink() or not path.is_file() or path.stat().st_size > MAX_BYTES:
                continue
            live = read_document(f"stacks/{path.name}", path.read_bytes())
        except OSError:
            continue
        if live is not None:
            yield live


def _logs(paths: Sequence[str]) -> list[str]:
    from trainwatch.sources import discover  # noqa: PLC0415

    try:
        return [log.path for log in discover(list(paths), allow_empty=True).files]
    except NothingToReadError:
        return []
