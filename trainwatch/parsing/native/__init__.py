"""The native engine: a C scanner for stretches of step lines, where it could be built.

`TRAINWATCH_ENGINE=plain` does without it, `native` insists on it.
"""

import os
from collections.abc import Callable

from trainwatch.errors import UsageError

Scan = Callable[..., tuple[int, int]]


def _load() -> tuple[Scan | None, str]:
    wanted = os.environ.get("TRAINWATCH_ENGINE", "")
    if wanted not in ("", "plain", "native"):
        raise UsageError(f"TRAINWATCH_ENGINE is {wanted!r}; it may be plain or native")
    if wanted == "plain":
        return None, "plain engine, as TRAINWATCH_ENGINE asks"
    try:
        from trainwatch.parsing.native._scan import scan  # noqa: PLC0415 - may not exist
    except ImportError as error:
        missing = isinstance(error, ModuleNotFoundError)
        reason = "the native one was not built" if missing else f"the native one fails: {error}"
        if wanted == "native":
            raise UsageError(
                f"TRAINWATCH_ENGINE asks for the native engine, but {reason}"
            ) from None
        return None, f"plain engine; {reason}"
    return scan, "native engine"


scan, described = _load()
"""The C function, or None; and which engine is in use, in words."""

__all__ = ["Scan", "described", "scan"]
