"""Find the logs of a run and follow them as they grow.

`discover` says once what there is to read. A `Follower` reads it, poll by poll, every byte once,
through rotations, truncations and restarts of the reader. A `Waker` shortens the wait between two
polls where the system tells of changes.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from trainwatch.sources.discover import Discovery, LogPath, Skipped, discover
from trainwatch.sources.names import Reason

if TYPE_CHECKING:
    from trainwatch.sources.follow import TAIL_BYTES, Follower, Limits, Progress
    from trainwatch.sources.opening import Start
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


_LATER = {
    **dict.fromkeys(("TAIL_BYTES", "Follower", "Limits", "Progress"), "follow"),
    "Start": "opening",
    "Waker": "watch",
}


def __getattr__(name: str) -> object:
    """Import what only those need who follow: a first frame waits for `discover` alone."""
    if name in _LATER:
        return getattr(import_module(f"trainwatch.sources.{_LATER[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
