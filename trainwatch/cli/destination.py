"""Where a command writes: standard output, or a file that appears only when it is complete."""

import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from trainwatch.errors import TrainwatchError


@contextmanager
def destination(output: Path | None) -> Iterator[BinaryIO]:
    """Standard output, or a file that appears only when it is complete.

    Raises:
        TrainwatchError: where it cannot be written.
    """
    if output is None:
        with _standard_output() as stream:
            yield stream
        return
    try:
        if output.exists() and not output.is_file():  # a device, a pipe: written as it is
            with output.open("wb") as stream:
                yield stream
            return
        with _appearing(output.resolve()) as stream:
            yield stream
    except OSError as error:
        raise TrainwatchError(f"{output} cannot be written: {error.strerror}") from None


@contextmanager
def _standard_output() -> Iterator[BinaryIO]:
    try:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        # What could not be written is still buffered; it is not tried again at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise TrainwatchError(
            f"standard output cannot be written: {error.strerror}; free space or use -o FILE"
        ) from None


@contextmanager
def _appearing(target: Path) -> Iterator[BinaryIO]:
    """A temporary file that takes the target's place once it is complete."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
        mask = os.umask(0)
        os.umask(mask)
        mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o666 & ~mask
        Path(name).chmod(mode)
        Path(name).replace(target)
    finally:
        Path(name).unlink(missing_ok=True)
