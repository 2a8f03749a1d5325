"""trainwatch's own words while a training's output has stdout."""

from __future__ import annotations

import contextlib
import os
import sys


def say(text: str) -> None:
    """One line on stderr; a closed stderr ends nothing."""
    if sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(f"trainwatch: {text}\n")
            sys.stderr.flush()


def hold_standard_streams() -> None:
    """Fills what is closed of descriptors 0 to 2 with `/dev/null`.

    Otherwise the next file opened would be one of them: a record could become somebody's stdout.
    """
    for handle in range(3):
        try:
            os.fstat(handle)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
