"""What the processes of a run show: looked at now where they live here, else as it was stored."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainwatch.diagnose.live.model import Live
from trainwatch.diagnose.live.places import facts_of
from trainwatch.diagnose.live.read import MAX_BYTES, read_document
from trainwatch.errors import NothingToReadError
from trainwatch.model.snapshot import RankView
from trainwatch.probes.proc import Process

_STORED = 100


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
    return of_run(run) if run else of_logs(_logs(paths), paths)


@dataclass(frozen=True, slots=True)
class Looked:
    """What was seen just now.

    Attributes:
        live: As the diagnosis reads it.
        document: As `stacks/` keeps it.
        run: The run directory, if it is a run of `trainwatch run`.
    """

    live: Live
    document: dict[str, Any]
    run: Path | None

    def keep(self, ranks: Sequence[RankView]) -> None:
        """Write it down, with what the logs had come to; a full disk hides nothing."""
        from trainwatch.probes.collect import write  # noqa: PLC0415 - only for a live job

        if self.run:
            write(self.run, self.document | facts_of(ranks), "diagnose")


def look(paths: Sequence[str]) -> Looked | None:
    """Look twice, seconds apart, at the workers that run on this machine; None if none does."""
    workers = workers_of(paths)
    if not workers:
        return None
    from trainwatch.probes.look import look_twice  # noqa: PLC0415 - only for a live job

    document = look_twice(workers, "diagnose")
    live = read_document("", document)
    return None if live is None else Looked(live, document, run_directory(paths))


def stored(paths: Sequence[str]) -> Iterator[Live]:
    """What was written into `stacks/`, the newest first, as much as is worth reading."""
    run = run_directory(paths)
    left = MAX_BYTES
    for path in sorted((run / "stacks").glob("*.json"), reverse=True)[:_STORED] if run else ():
        try:
            size = path.lstat().st_size
            if path.is_symlink() or not path.is_file() or size > left:
                continue
            live = read_document(f"stacks/{path.name}", path.read_bytes())
        except OSError:
            continue
        left -= size
        if live is not None:
            yield live


def _logs(paths: Sequence[str]) -> list[str]:
    from trainwatch.sources import discover  # noqa: PLC0415

    try:
        return [log.path for log in discover(list(paths), allow_empty=True).files]
    except NothingToReadError:
        return []
