"""How fast a run moves: the spread of its time left, measured over its newest stretches."""

import numpy as np
from numpy.typing import NDArray

from trainwatch.model.stream import Stream

_NEWEST = 256
_STRETCHES = 8
_FEWEST = 24
"""Records from which a spread is told."""


def eta_stretches(stream: Stream, share: float) -> NDArray[np.float64]:
    """Seconds left by the pace of each of the newest stretches; empty where that is not known.

    Args:
        stream: The one that tells the progress.
        share: Of the whole run that is done, from 0 to 1.
    """
    done, seconds = _course(stream)
    if len(done) < _FEWEST:
        return np.empty(0)
    at = np.linspace(0, len(done) - 1, _STRETCHES + 1).astype(int)
    took, moved = np.diff(seconds[at]), np.diff(done[at])
    if not ((took > 0) & (moved > 0)).all():
        return np.empty(0)
    left: NDArray[np.float64] = (1.0 - share) * took / moved
    return left


def spread(stretches: NDArray[np.float64]) -> tuple[float | None, float | None]:
    """The second lowest and the second highest: one odd stretch widens nothing."""
    if len(stretches) < _STRETCHES:
        return None, None
    ordered = np.sort(stretches)
    return float(ordered[1]), float(ordered[-2])


def _course(stream: Stream) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Shares done, and when, of the newest records of this attempt."""
    ordinals, places = stream.track.columns()
    begun = stream.marks[-1] if stream.marks else 0
    total = stream.shape.total_steps if stream.shape else None
    if total:
        done = places.steps / total
    elif stream.total_epochs and stream.epoch_base is not None:
        done = (places.epochs - stream.epoch_base) / stream.total_epochs
    else:
        return np.empty(0), np.empty(0)
    known = np.isfinite(done) & np.isfinite(places.seconds) & (ordinals >= begun)
    return done[known][-_NEWEST:], places.seconds[known][-_NEWEST:]
