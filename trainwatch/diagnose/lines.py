"""The last lines of ranks, as proof of where they stand."""

from collections.abc import Iterator, Sequence

from trainwatch.diagnose.case import Case
from trainwatch.diagnose.diagnosis import Proof
from trainwatch.diagnose.words import ranks_words
from trainwatch.events import NOBODY, RankId

MAX_PROOFS = 8


def last_lines(case: Case, ranks: Sequence[RankId]) -> Iterator[Proof]:
    """The last line of each of some ranks, or of a run whose logs name none."""
    views = {view.who: view for view in case.health.ranks}
    for who in ranks[:MAX_PROOFS]:
        view = views.get(who)
        if view is not None and view.last is not None:
            whose = "the log" if who == NOBODY else ranks_words([who])
            yield Proof(view.last.evidence, f"the last line of {whose}")
