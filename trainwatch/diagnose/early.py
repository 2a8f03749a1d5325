"""Whether a rank came to the end of its data before the others did."""

from statistics import median

from trainwatch.diagnose.case import Case
from trainwatch.diagnose.positions import Place, Spread
from trainwatch.diagnose.work import Done
from trainwatch.events import Phase, RankId, Split


def ended_early(case: Case, spread: Spread, who: RankId) -> bool:
    """Whether a rank's data ended before the others'.

    Its own lines say that it had fewer batches or samples than is usual; or every step is printed,
    the others printed the same last step as it did, and it alone wrote that its epoch is over.
    """
    place = spread.places[who]
    others = [other for rank, other in spread.places.items() if rank != who]
    if place.phase is not Phase.TRAIN_TO_VALIDATION or any(
        other.phase is not Phase.TRAINING or other.epoch != place.epoch for other in others
    ):
        return False
    if _did_less(case, who, place):
        return True
    stride = max((member.primary.stream.stride for member in case.crew.ranks), default=1)
    full = _usual_amount(case, who, place)
    unknown = full is None or place.step + 1 < full
    return stride == 1 and unknown and all(other.step == place.step for other in others)


def _did_less(case: Case, who: RankId, place: Place) -> bool:
    """Whether its own word on this epoch names fewer batches than its epochs before."""
    done = [one for one in _done(case) if one.who == who and one.split is Split.TRAIN]
    now = [one.amount for one in done if one.epoch == place.printed and one.worker is None]
    before = [one.amount for one in done if one.epoch != place.printed and one.worker is None]
    return bool(now) and bool(before) and now[-1] < median(before)


def _usual_amount(case: Case, who: RankId, place: Place) -> float | None:
    """Batches that an epoch usually has; None where no epoch before was counted."""
    counts = [
        one.amount
        for one in _done(case)
        if one.worker is None and one.split is Split.TRAIN and one.epoch != place.printed
    ]
    del who
    return median(counts) if counts else None


def _done(case: Case) -> list[Done]:
    return [one for log in case.gathering.logs.values() for one in log.work.done]
