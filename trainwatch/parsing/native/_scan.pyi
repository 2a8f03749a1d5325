import numpy as np
from numpy.typing import NDArray

def scan(
    program: bytes,
    data: bytes,
    start: int,
    end: int,
    line: int,
    base: int,
    rank: int,
    local: int,
    zone: bytes,
    digits: int,
    totals: tuple[int, ...],
    integers: NDArray[np.int64],
    who: NDArray[np.int32],
    floats: NDArray[np.float64],
    capacity: int,
    row: int,
) -> tuple[int, int]: ...
