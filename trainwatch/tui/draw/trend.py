"""Where a curve is heading."""

import math
from enum import Enum, auto

import numpy as np
from numpy.typing import NDArray

from trainwatch.model.snapshot import CurveView

_FEWEST = 10
_LAST_SHARE = 4
_SURE = 8
_MATTERS = 0.005


class Trend(Enum):
    """Which way; UNKNOWN while there are too few values."""

    UNKNOWN = auto()
    FALLING = auto()
    RISING = auto()
    FLAT = auto()


def trend(curve: CurveView) -> Trend:
    """The newest quarter against the one before; noise counts as flat, so that it stays calm."""
    values = curve.mean[-4096:]
    finite = values[np.isfinite(values)]
    if len(finite) < _FEWEST:
        return Trend.UNKNOWN
    many = max(_FEWEST // 2, len(finite) // _LAST_SHARE)
    new, old = finite[-many:], finite[-2 * many : -many]
    change = _median(new) - _median(old)
    if abs(change) <= _noise(new, old):
        return Trend.FLAT
    return Trend.RISING if change > 0 else Trend.FALLING


def _noise(new: NDArray[np.float64], old: NDArray[np.float64]) -> float:
    spread = max(_median(np.abs(part - _median(part))) for part in (new, old))
    return max(_SURE * spread / math.sqrt(len(new)), _MATTERS * abs(_median(old)))


def _median(of: NDArray[np.float64]) -> float:
    # np.median would import numpy.ma, for 10 ms before the first frame.
    return float(np.sort(of)[len(of) // 2])
