import numpy as np
from numpy.typing import NDArray

LAYOUT: int

def scan(
    programs: bytes,
    hot: int,
    data: bytes,
    start: int,
    end: int,
    line: int,
    base: int,
    rank: int,
    local: int,
    integers: NDArray[np.int64],
    who: NDArray[np.int32],
    floats: NDArray[np.float64],
    capacity: int,
    row: int,
    stretches: NDArray[np.int64],
) -> tuple[int, int, int, int, int]: ...
def sums(
    values: NDArray[np.float64], starts: NDArray[np.int64], totals: NDArray[np.float64]
) -> None: ...
