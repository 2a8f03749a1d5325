"""How states are written: always a letter or a word, and a tone that repeats it."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from trainwatch.events import Phase, RankId, Severity
from trainwatch.model.snapshot import Health, RankStatus, RankView, RunView, Status
from trainwatch.tui.draw.line import Run, Tone


class Sign(NamedTuple):
    """A letter, the word it stands for, and its tone."""

    letter: str
    word: str
    tone: Tone


STATES = {
    RankStatus.DEAD: Sign("D", "dead", Tone.BAD),
    RankStatus.STALLED: Sign("S", "stalled", Tone.BAD),
    RankStatus.SLOW: Sign("L", "slow", Tone.WARN),
    RankStatus.UNKNOWN: Sign("?", "unknown", Tone.DIM),
    RankStatus.ACTIVE: Sign("r", "active", Tone.GOOD),
    RankStatus.FINISHED: Sign("f", "finished", Tone.NOTE),
}
"""In order of trouble. Capitals mean trouble, in every strip and table."""

PHASES = {
    Phase.UNKNOWN: Sign("r", "running", Tone.GOOD),
    Phase.STARTING: Sign("i", "starting", Tone.NOTE),
    Phase.TRAINING: Sign(".", "training", Tone.GOOD),
    Phase.TRAIN_TO_VALIDATION: Sign("b", "before validation", Tone.NOTE),
    Phase.VALIDATION: Sign("v", "validation", Tone.NOTE),
    Phase.AFTER_VALIDATION: Sign("a", "after validation", Tone.NOTE),
    Phase.CHECKPOINT: Sign("c", "checkpoint", Tone.NOTE),
    Phase.FINISHED: Sign("f", "finished", Tone.NOTE),
}

WAITING = Sign("w", "waiting", Tone.WARN)
"""Stalled, but by another rank: who waits in a collective has done nothing wrong."""

Roles = Mapping[RankId, str]
"""Who keeps whom waiting, where a diagnosis tells: `guilty`, `suspect`, `victim`."""

NO_ROLES: Roles = {}
_ACCUSED = ("guilty", "suspect")

SEVERITIES = {
    Severity.CRITICAL: Sign("!", "critical", Tone.BAD),
    Severity.WARNING: Sign("w", "warning", Tone.WARN),
    Severity.INFO: Sign("i", "info", Tone.NOTE),
}

_TROUBLE = {state: place for place, state in enumerate(STATES)}

_VERDICTS = {
    Status.STARTING: Tone.PILL_NOTE,
    Status.RUNNING: Tone.PILL_GOOD,
    Status.STALLED: Tone.PILL_BAD,
    Status.COMPLETED: Tone.PILL_GOOD,
    Status.FAILED: Tone.PILL_BAD,
    Status.UNKNOWN: Tone.PILL_WARN,
}

_HEALTH = {Health.WARNING: Tone.PILL_WARN, Health.CRITICAL: Tone.PILL_BAD}


def verdict(view: RunView) -> Run:
    """The one word on how the run stands; its colour tells of findings too."""
    tone = _VERDICTS[view.status]
    if tone in {Tone.PILL_GOOD, Tone.PILL_NOTE}:
        tone = _HEALTH.get(view.health, tone)
    return Run(f" {view.status.value.upper()} ", tone)


def sign(rank: RankView, roles: Roles = NO_ROLES) -> Sign:
    """A rank in one letter: its phase while all is well, else its state."""
    return PHASES[rank.phase] if rank.state is RankStatus.ACTIVE else state(rank, roles)


def state(rank: RankView, roles: Roles = NO_ROLES) -> Sign:
    """Its state; of ranks that stand still, who waits for another one is told apart."""
    waits = rank.state is RankStatus.STALLED and roles.get(rank.who) == "victim"
    return WAITING if waits else STATES[rank.state]


def phase_word(rank: RankView) -> str:
    """The phase in a word; `-` where no marker told."""
    return "-" if rank.phase is Phase.UNKNOWN else PHASES[rank.phase].word


def accused(view: RunView, roles: Roles = NO_ROLES) -> frozenset[RankId]:
    """Whom a diagnosis blames; without one the ranks that a finding of weight is about."""
    blamed = frozenset(who for who, role in roles.items() if role in _ACCUSED)
    if blamed:
        return blamed
    grave = (one for one in view.alerts if one.active and one.severity > Severity.INFO)
    return frozenset(one.who for one in grave)


def trouble(
    rank: RankView, named: Collection[RankId] = (), roles: Roles = NO_ROLES
) -> tuple[int, int, tuple[int, int]]:
    """To sort by: the worst state first; in it who is accused, and last who only waits for others.

    Then by rank, so that rows stay put.
    """
    blame = 0 if rank.who in named else 2 if state(rank, roles) is WAITING else 1
    return _TROUBLE[rank.state], blame, rank.who.sort_key
