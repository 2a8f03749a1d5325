"""How far each rank is behind the foremost, by progress: clocks of different nodes differ."""

from collections.abc import Sequence
from dataclasses import replace

from trainwatch.events import Phase
from trainwatch.model.snapshot import RankView

_TRAINS = (Phase.TRAINING, Phase.TRAIN_TO_VALIDATION)


def with_lateness(ranks: Sequence[RankView]) -> tuple[RankView, ...]:
    """The ranks with `behind`; only those that stand in the training part of an epoch are compared.

    Steps of different epochs are compared where the log states how many an epoch has.
    """
    newest = max((rank.attempt for rank in ranks), default=0)
    places = [_place(rank) if rank.attempt == newest else None for rank in ranks]
    known = [place for place in places if place is not None]
    if len(known) < 2:  # noqa: PLR2004 - nobody to compare with
        return tuple(ranks)
    comparable = len({epoch for epoch, _, _ in known}) == 1 or all(total for _, _, total in known)
    if not comparable:
        return tuple(ranks)
    front = max(_count(place) for place in known)
    return tuple(
        rank if place is None else replace(rank, behind=front - _count(place))
        for rank, place in zip(ranks, places, strict=True)
    )


def _place(rank: RankView) -> tuple[int, int, int] | None:
    if rank.phase not in _TRAINS or rank.step is None:
        return None
    epoch = rank.shown_epoch if rank.shown_epoch is not None and rank.shown_epoch % 1 == 0 else 0
    return int(epoch), rank.step, rank.total_batches or 0


def _count(place: tuple[int, int, int]) -> int:
    epoch, step, total = place
    return epoch * total + step
