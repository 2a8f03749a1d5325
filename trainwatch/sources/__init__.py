"""Find the logs of a run and follow them as they grow.

`discover` says once what there is to read. A `Follower` reads it, poll by poll, every byte once,
through rotations, truncations and restarts of the reader. A `Waker` shortens the wait between two
polls where the system tells of changes.
"""

from typing import TYPE_CHECKING

from trainwatch.sources.discover import Discovery, LogPath, Skipped, discover
from trainwatch.sources.follow import TAIL_BYTES, Follower, Limits, Progress
from trainwatch.sources.names import Reason
from trainwatch.sources.opening import Start

if TYPE_CHECKING:
    from trainwatch.sources.watch import Waker

__all__ = [
    "TAIL_BYTES",
    "Discovery",
    "Follower",
    "Limits",
    "LogPath",
    "Progress",
    "Reason",
    "Skipped",
    "Start",
    "Waker",
    "discover",
]


def __getattr__(name: str) -> object:
    """Import watchdog only for those who wait: a look at a finished run starts faster without."""
    if name == "Waker":
        from trainwatch.sources.watch import Waker  # noqa: PLC0415

        return Waker
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
