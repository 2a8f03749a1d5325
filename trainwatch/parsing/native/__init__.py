"""The native engine: a C scanner for stretches of step lines, where it could be built.

`TRAINWATCH_ENGINE=plain` does without it, `native` insists on it.
"""

import os
from collections.abc import Callable
from typing import Any

from trainwatch.errors import UsageError

Scan = Callable[..., tuple[int, int, int, int, int]]
Sums = Callable[[Any, Any, Any], None]

_LAYOUT = 3
"""What this version of trainwatch and the C file hand each other; `_scan.c` has the same number."""


def _load() -> tuple[Scan | None, Sums | None, str]:
    wanted = os.environ.get("TRAINWATCH_ENGINE", "")
    if wanted not in ("", "plain", "native"):
        raise UsageError(f"TRAINWATCH_ENGINE is {wanted!r}; it may be plain or native")
    if wanted == "plain":
        return None, None, "plain engine, as TRAINWATCH_ENGINE asks"
    try:
        from trainwatch.parsing.native._scan import (  # noqa: PLC0415 - may not exist
            LAYOUT,
            scan,
            sums,
        )
    except ModuleNotFoundError:
        reason = "the native one was not built"
    except ImportError as error:
        reason = f"the native one fails: {error}"
    else:
        if LAYOUT == _LAYOUT:
            return scan, sums, "native engine"
        reason = "the native one was built from another version"
    if wanted == "native":
        raise UsageError(f"TRAINWATCH_ENGINE asks for the native engine, but {reason}")
    return None, None, f"plain engine; {reason}"


scan, sums, described = _load()
"""The C functions, or None; and which engine is in use, in words."""

__all__ = ["Scan", "Sums", "described", "scan", "sums"]
