"""What the command of a run says of its ranks: how many a launcher starts on one node alone."""

import re
from collections.abc import Sequence
from itertools import pairwise

_PROCESSES = re.compile(r"^--?(?:nproc[-_]per[-_]node|num[-_]processes|num[-_]gpus)$")
_NODES = re.compile(r"^--?(?:nnodes|num[-_]machines|num[-_]nodes)$")
_ONE = ("1", "1:1")
MOST = 1024
"""Ranks of one node; more than that is another number."""


def ranks_of_one_node(command: Sequence[str] | None) -> int | None:
    """The world size, where the command starts all ranks itself, on one node; else None.

    Args:
        command: Its arguments, such as `torchrun --nproc-per-node 2 train.py`.
    """
    words = [part for word in command or () for part in word.split("=", 1)]
    pairs = list(pairwise(words))
    if any(_NODES.match(name) and value not in _ONE for name, value in pairs):
        return None
    counts = [value for name, value in pairs if _PROCESSES.match(name)]
    count = int(counts[0]) if counts and counts[0].isascii() and counts[0].isdecimal() else 0
    return count if 0 < count <= MOST else None
