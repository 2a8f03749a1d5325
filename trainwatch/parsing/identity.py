"""Who wrote a line: from the line itself, else from its prefix, else from its file's name."""

from trainwatch.events import NOBODY, RankId
from trainwatch.formats.filenames import FileRole

Prefixes = tuple[bytes | None, bytes | None, bytes | None]


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
