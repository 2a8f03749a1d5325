"""Line numbers of a file that is too large to be counted at once."""

STEP = 1 << 20
"""Bytes between two places whose line number is remembered."""


class LineIndex:
    """Line feeds before every so many-th byte; grows from the front as somebody counts."""

    def __init__(self) -> None:
        self._before = [0]

    @property
    def counted(self) -> int:
        """Bytes from the start within which line numbers are known."""
        return (len(self._before) - 1) * STEP

    def add(self, block: bytes) -> None:
        """Take the next `STEP` bytes."""
        self._before.append(self._before[-1] + block.count(b"\n"))

    def base(self, offset: int) -> tuple[int, int] | None:
        """The last known place at or before an offset, and the line feeds before it."""
        step = offset // STEP
        return (step * STEP, self._before[step]) if step < len(self._before) else None
