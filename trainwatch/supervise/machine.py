"""Where a process id means something: one boot of one machine, seen from one pid namespace."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import NamedTuple


class Machine(NamedTuple):
    """Tells whether ids that were written down can be looked up here.

    Attributes:
        host: Its name.
        id: Of the installation (`/etc/machine-id`), empty where there is none.
        boot: Of this boot; start times count from it.
        namespace: Of the process ids: a container has its own.
    """

    host: str
    id: str
    boot: str
    namespace: str


def here() -> Machine:
    """The machine of this process."""
    return Machine(
        host=socket.gethostname(),
        id=_line("/etc/machine-id"),
        boot=_line("/proc/sys/kernel/random/boot_id"),
        namespace=_link("/proc/self/ns/pid"),
    )


def _line(path: str) -> str:
    try:
        return Path(path).read_text("ascii", "replace").strip()
    except OSError:
        return ""


def _link(path: str) -> str:
    try:
        return os.readlink(path)  # noqa: PTH115
    except OSError:
        return ""


def is_here(there: Machine) -> bool:
    """Whether the ids of `there` can be looked up here."""
    mine = here()
    same = (there.boot, there.namespace) == (mine.boot, mine.namespace)
    return same and (bool(mine.boot) or there.host == mine.host)


def was_rebooted(there: Machine) -> bool:
    """Whether `there` is this machine before its last boot: all its processes are dead.

    Both name and id must agree, because the nodes of a cluster often share one installation.
    """
    mine = here()
    same = (there.host, there.id) == (mine.host, mine.id) and bool(mine.id)
    return same and bool(mine.boot) and bool(there.boot) and there.boot != mine.boot
