"""The user's own editor, at a line where it understands that."""

import os
import shlex
import subprocess
from pathlib import Path

_PLUS = frozenset(
    {"vi", "vim", "nvim", "view", "nano", "emacs", "kak", "micro", "mcedit", "less", "ne"}
)


def edit(path: str, line: int | None) -> str:
    """Opens `$VISUAL`, `$EDITOR` or vi and waits for its end.

    Args:
        path: The file.
        line: From 1; None where it is not known.

    Returns:
        Words for a person where it could not be opened, else nothing.
    """
    wanted = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    try:
        words = shlex.split(wanted)
    except ValueError:
        return f"$EDITOR is no command: {wanted}"
    at = [f"+{line}"] if line is not None and Path(words[0]).name in _PLUS else []
    try:
        subprocess.run([*words, *at, path], check=False)
    except OSError as error:
        return f"{words[0]} does not start: {error.strerror}; set $EDITOR to your editor"
    return ""
