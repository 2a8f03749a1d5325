"""Live evidence: where the processes of a training stand, asked of themselves or of `/proc`.

Looking never hurts: nothing is attached to a process that answers by itself, a signal is sent only
where `/proc` shows that it is caught, and what fails is said and left out.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from trainwatch.probes.place import environment

__all__ = ["collect", "environment"]


_NOTHING: Mapping[str, object] = {}


def collect(
    run_dir: Path, pids: Iterable[int], reason: str, facts: Mapping[str, object] = _NOTHING
) -> Path | None:
    """Look at a run twice and write what was seen into its `stacks/`.

    Args:
        run_dir: The run directory.
        pids: Processes of it that are known; the rest is found by its `run.json`.
        reason: Why: `stall`, `kill`, ….
        facts: What else the document is to say.

    Returns:
        The file; None where no process was found or nothing could be written.
    """
    from trainwatch.probes.collect import collect as work  # noqa: PLC0415 - only when asked

    return work(run_dir, pids, reason, facts)
