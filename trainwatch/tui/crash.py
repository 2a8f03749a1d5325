"""A failure of the dashboard itself: one sentence for its user, the rest in a file for who mends it."""

import tempfile
import traceback

from trainwatch.tui.draw.text import cut, safe_text

_LONGEST = 200


def written_down(error: BaseException | None) -> str:
    """What to tell; where each step led to it is written into a file, but no values: they are logs."""
    if error is None:
        return "The dashboard failed; the training goes on."
    words = cut(safe_text(f"{type(error).__name__}: {error}"), _LONGEST)
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", prefix="trainwatch-crash-", suffix=".txt", delete=False
        ) as file:
            file.writelines(traceback.format_exception(error))
        where = f" What led to it: {file.name}"
    except OSError:
        where = ""
    return f"The dashboard failed ({words}); the training goes on.{where}"
