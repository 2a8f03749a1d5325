"""The native engine: a C scanner for stretches of step lines, where it could be built.

`TRAINWATCH_ENGINE=plain` does without it, `native` insists on it.
"""

import os
from collections.abc import Callable

from trainwatch.errors import UsageError

Scan = Callable[..., tuple[int, int, int, int, int]]

_LAYOUT = 2
"""What this version of trainwatch and the C file hand each other; `_scan.c` has the same number."""


def _load() -> tuple[Scan | None, str]:
    wanted = os.environ.get("TRAINWATCH_ENGINE", "")
    if wanted not in ("", "plain", "native"):
        raise UsageError(f"TRAINWATCH_ENGINE is {wanted!r}; it may be plain or native")
    if wanted == "plain":
        return None, "plain engine, as TRAINWATCH_ENGINE asks"
    try:
        from trainwatch.parsing.native._scan import LAYOUT, scan  # noqa: PLC0415 - may not exist
    except ModuleNotFoundError:
        reason = "the native one was not built"
    except ImportError as error:
        reason = f"the native one fails: {error}"
    else:
        if LAYOUT == _LAYOUT:
            return scan, "native engine"
        reason = "the native one was built from another version"
    if wanted == "native":
        raise UsageError(f"TRAINWATCH_ENGINE asks for the native engine, but {reason}")
    return None, f"plain engine; {reason}"


scan, described = _load()
"""The C function, or None; and which engine is in use, in words."""

__all__ = ["Scan", "described", "scan"]
