"""The last lines of ranks, as proof of where they stand."""

from collections.abc import Iterator, Sequence

from trainwatch.diagnose.case import Case
from trainwatch.diagnose.diagnosis import Proof
from trainwatch.diagnose.words import ranks_words
from trainwatch.events import RankId

MAX_PROOFS = 8


def last_lines(case: Case, ranks: Sequence[RankId]) -> Iterator[Proof]:
    """The last line of each of some ranks."""
    for who in ranks[:MAX_PROOFS]:
        view = case.ranks.get(who)
        if view is not None and view.last is not None:
            yield Proof(view.last.evidence, f"the last line of {ranks_words([who])}")
