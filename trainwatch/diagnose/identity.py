"""Who is who: local ranks, process ids and global ranks of one run joined where logs say so."""

from collections import defaultdict
from collections.abc import Iterable

from trainwatch.diagnose.gather import Gathering
from trainwatch.events import NOBODY, RankId
from trainwatch.formats.filenames import FileRole
from trainwatch.model.run import RunState


class Identity:
    """Resolves local ranks and process ids to global ranks; never by guessing.

    Args:
        gathering, run: What the logs said.
        single: World size, where one launcher on one node started all ranks: numbered alike.
    """

    def __init__(self, gathering: Gathering, run: RunState, single: int | None = None) -> None:
        self._locals: dict[int, set[int]] = defaultdict(set)
        self._pids: dict[int, RankId] = {}
        for base, file in run.files.items():
            del base
            for who in file.streams:
                self._join(file.role.local_rank, who.rank)
        for clue in gathering.clues:
            log = gathering.logs.get(clue.base)
            self._join(log.role.local_rank if log else None, clue.who.rank)
        for left in gathering.exits:
            self._join(left.local, left.rank)
        for number in range(single or 0):
            self._join(number, number)
        self._number_on({file.role for file in run.files.values()})
        for left in gathering.exits:
            if left.pid is not None and left.rank is not None:
                self._pids[left.pid] = RankId(left.rank)
        for log in gathering.logs.values():
            for who, pid in log.work.pids.items():
                self._pids.setdefault(pid, self.of(who))

    def of(self, who: RankId) -> RankId:
        """The global rank where it is known, else the rank as it is."""
        if who.rank is not None or who.local is None:
            return who
        ranks = self._locals.get(who.local, set())
        return RankId(next(iter(ranks))) if len(ranks) == 1 else who

    def of_pid(self, pid: int | None) -> RankId:
        """The rank of a process; `NOBODY` where it is not known."""
        return NOBODY if pid is None else self._pids.get(pid, NOBODY)

    def pid_of(self, who: RankId) -> int | None:
        """The process of a rank."""
        return next((pid for pid, rank in self._pids.items() if rank == who), None)

    def _number_on(self, roles: Iterable[FileRole]) -> None:
        """Torchrun numbers the ranks of a node in a row: of one tree of logs, one pair tells all."""
        trees: dict[str, set[int]] = defaultdict(set)
        for role in roles:
            if role.local_rank is not None:
                trees[role.base.rpartition("attempt_")[0]].add(role.local_rank)
        steps = {rank - local for local, ranks in self._locals.items() for rank in ranks}
        if len(trees) != 1 or len(steps) != 1:
            return
        step = steps.pop()
        for local in next(iter(trees.values())):
            self._join(local, local + step)

    def _join(self, local: int | None, rank: int | None) -> None:
        if local is not None and rank is not None:
            self._locals[local].add(rank)
