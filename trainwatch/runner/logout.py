"""Whether the system ends this user's processes at logout, as far as files tell.

Two ways (systemd, man logind.conf): with `KillUserProcesses=yes` everything in a login session
ends with it, tmux and supervisors too; and what runs under the user's own service manager ends
with the last session unless lingering is on. No program is asked: that could hang, and this must
never keep a training from starting.
"""

from __future__ import annotations

import os
import pwd
import re
from pathlib import Path

_SETTING = re.compile(r"^KillUserProcesses\s*=\s*(\w+)", re.MULTILINE)
_DEFAULT = re.compile(r"^#KillUserProcesses\s*=\s*(\w+)", re.MULTILINE)
_YES = frozenset({"yes", "true", "1", "on"})
_PLACES = ("usr/lib/systemd", "etc/systemd", "run/systemd")


def warning(root: Path = Path("/"), user: str | None = None) -> str | None:
    """A sentence for the user when a logout would end the training; None otherwise.

    Args:
        root: Where `etc`, `proc` and `var` are.
        user: Login name; None for the owner of this process.
    """
    try:
        group = (root / "proc/self/cgroup").read_text()
        name = user or pwd.getpwuid(os.getuid()).pw_name
        lingers = (root / "var/lib/systemd/linger" / name).exists()
        if re.search(r"/session-[^/]+\.scope", group) and _kills(root) and name != "root":
            return (
                "this system ends your processes at logout (KillUserProcesses=yes), tmux and this "
                "training too; start it with `loginctl enable-linger; systemd-run --user --scope "
                "trainwatch run …`."
            )
        if re.search(r"/user@\d+\.service", group) and not lingers:
            return (
                "this system ends what runs under your service manager at your last logout, this "
                "training too; `loginctl enable-linger` prevents it."
            )
    except (OSError, KeyError):
        return None
    return None


def _kills(root: Path) -> bool:
    """The last setting counts; a comment in the main file shows what was compiled in."""
    texts = [file.read_text(errors="replace") for file in _files(root)]
    for pattern in (_SETTING, _DEFAULT):
        found = [value for text in texts for value in pattern.findall(text)]
        if found:
            return found[-1].lower() in _YES
    return False


def _files(root: Path) -> list[Path]:
    main = [root / place / "logind.conf" for place in _PLACES]
    drops = [file for place in _PLACES for file in (root / place).glob("logind.conf.d/*.conf")]
    return [file for file in (*main, *sorted(drops, key=lambda f: f.name)) if file.is_file()]
