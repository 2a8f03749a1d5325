"""Who wrote a line: from the line itself, else from its prefix, else from its file's name.

A number in a name may be a rank, or a node's, a job's or a day's. Where a line of the file itself says
which rank writes it, and its name has that number, the file is that rank's.
"""

import re

from trainwatch.events import NOBODY, RankId
from trainwatch.formats.filenames import FileRole

Prefixes = tuple[bytes | None, bytes | None, bytes | None]


_STATED = re.compile(
    rb"\b(?:SLURM_PROCID|OMPI_COMM_WORLD_RANK|PMIX?_RANK|RANK|[Gg][Ll][Oo][Bb][Aa][Ll][_ ][Rr][Aa][Nn][Kk])"
    rb" {0,2}[=:] {0,2}(?P<rank>\d{1,6})\b"
)
_NUMBER = re.compile(r"\d+")


def stated_rank(line: bytes, file: str) -> RankId | None:
    """The rank that a line says the process has, where the name of its file has that number."""
    found = _STATED.search(line) if b"ANK" in line or b"PROCID" in line or b"ank" in line else None
    if found is None:
        return None
    name = file.rpartition("/")[2]
    rank = int(found["rank"])
    return RankId(rank) if rank in map(int, _NUMBER.findall(name)) else None


class Writers:
    """Resolves and remembers writers, since a file has few of them and many lines.

    Attributes:
        owner: Whose the file is, by its name.
    """

    def __init__(self, role: FileRole) -> None:
        self.owner = RankId(role.rank, role.local_rank if role.rank is None else None)
        self._known: dict[Prefixes, RankId] = {}

    def owned_by(self, who: RankId) -> None:
        """From now on lines that state no writer are his."""
        if who != self.owner:
            self.owner = who
            self._known.clear()

    def resolve(self, rank: bytes | None, torch_rank: bytes | None, local: bytes | None) -> RankId:
        """The writer of a line.

        Args:
            rank: `[Rank N]` of the message. It may be a rank within a process group, so that
                torch's own prefix goes before it.
            torch_rank: `[rankN]:`, a global rank.
            local: `[defaultN]:`, torchrun's number on its node; never taken for a global rank.
        """
        key = (rank, torch_rank, local)
        writer = self._known.get(key)
        if writer is None:
            writer = self._known[key] = self._resolve(key)
        return writer

    def _resolve(self, key: Prefixes) -> RankId:
        rank, torch_rank, local = key
        stated = torch_rank or rank
        if stated is not None:
            return RankId(int(stated))
        if self.owner != NOBODY:
            return self.owner
        return NOBODY if local is None else RankId(None, int(local))
