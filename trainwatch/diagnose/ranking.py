"""Which lead explains the others: the first cause in time, not the loudest."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from trainwatch.diagnose.diagnosis import Category, Confidence
from trainwatch.diagnose.lead import Lead
from trainwatch.diagnose.signature import Standing

_SAME = 2.0
"""Seconds within which the order of lines in different logs says nothing."""

_TIERS = {
    Standing.ROOT: 0,
    Standing.OUTER: 0,
    Standing.TIMEOUT: 0,
    Standing.ECHO: 1,
    Standing.CONTEXT: 3,
    Standing.CLEAN_UP: 4,
}
_SICK = 2

CONFIRMS = {
    "oom_kill": (Category.DATALOADER_WORKER_KILLED, Category.HOST_OOM_KILL),
    "gpu_hardware": (
        Category.CUDA_KERNEL_FAULT,
        Category.NCCL_SETUP_OR_TRANSPORT,
        Category.COLLECTIVE_TIMEOUT,
        Category.PEER_LOST,
        Category.SEGFAULT,
    ),
    "xid_hardware": (
        Category.CUDA_KERNEL_FAULT,
        Category.NCCL_SETUP_OR_TRANSPORT,
        Category.COLLECTIVE_TIMEOUT,
        Category.PEER_LOST,
        Category.SEGFAULT,
    ),
}
"""What a line of the kernel or the scheduler explains, though it names no rank."""


def tier(lead: Lead) -> int:
    """Leads of a lower tier explain those of a higher one."""
    return _SICK if lead.sick and lead.standing is not Standing.CONTEXT else _TIERS[lead.standing]


def choose(leads: Sequence[Lead]) -> Lead | None:
    """The lead that explains the others; None where none explains anything."""
    best = min((tier(lead) for lead in leads), default=None)
    if best is None or best >= _TIERS[Standing.CONTEXT]:
        return None
    chosen = [lead for lead in leads if tier(lead) == best]
    if best == _TIERS[Standing.ECHO]:  # echoes come in any order: the one that says most
        return min(chosen, key=lambda lead: (lead.precedence, lead.when.key))
    return _first(chosen)


def _first(leads: Sequence[Lead]) -> Lead:
    """The earliest; of what may have happened at one moment the one that stands for itself."""
    rivals = [lead for lead in leads if not any(_precedes(other, lead) for other in leads)]
    return min(rivals or leads, key=lambda lead: (lead.standing, lead.precedence, lead.when.key))


def _precedes(lead: Lead, other: Lead) -> bool:
    """Whether a lead certainly came before another."""
    one, two = lead.when, other.when
    if one.attempt != two.attempt:
        return one.attempt < two.attempt
    if one.base and one.base == two.base:
        return one.order < two.order
    if one.seconds is None or two.seconds is None:
        return False
    return two.seconds - one.seconds > _SAME


def combine(leads: Iterable[Lead]) -> list[Lead]:
    """Join what confirms another lead to it: an OOM kill to the killed rank, an Xid to its fault."""
    kept = list(leads)
    for lead in list(kept):
        explained = CONFIRMS.get(lead.name, ())
        others = [one for one in kept if one is not lead and one.category in explained]
        others = [one for one in others if set(lead.charges) <= set(one.charges)]
        if not others:
            continue
        other = min(others, key=lambda one: one.when.key)
        kept.remove(lead)
        kept[kept.index(other)] = _joined(other, lead)
    return kept


def _joined(lead: Lead, confirming: Lead) -> Lead:
    hardware = confirming.category is Category.GPU_HARDWARE
    proofs = (*lead.proofs[:4], *confirming.proofs[:2])
    if hardware:
        return replace(
            confirming,
            charges=lead.charges,
            victims=lead.victims,
            phase=lead.phase,
            when=lead.when,
            proofs=(*confirming.proofs[:2], *lead.proofs[:4]),
        )
    return replace(lead, proofs=proofs, confidence=Confidence.CERTAIN)
