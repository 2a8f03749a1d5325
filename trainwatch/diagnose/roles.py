"""What each rank has to do with it: accused, victim, cleaned up after, or unknown."""

import math
from collections.abc import Iterator

from trainwatch.diagnose.case import Case
from trainwatch.diagnose.catalogue import endings
from trainwatch.diagnose.clue import Clue
from trainwatch.diagnose.diagnosis import RankDiagnosis, Role
from trainwatch.diagnose.exits import signal_of
from trainwatch.diagnose.lead import Charge, Lead
from trainwatch.diagnose.positions import places_of
from trainwatch.diagnose.signature import Standing
from trainwatch.diagnose.stuck import thread_of
from trainwatch.diagnose.words import signal_name
from trainwatch.events import NOBODY, Phase, RankId
from trainwatch.model.snapshot import RankStatus
from trainwatch.model.stream import Stream
from trainwatch.model.timelines import timeline

_TERMINATED = (15, 2, 1)
_ABORTED = 6
_NOTHING = "its own lines show nothing wrong"


def roles(case: Case, lead: Lead | None) -> Iterator[RankDiagnosis]:
    """Every known rank with its role."""
    places = places_of(case)
    stands = {stand.who: stand for stand in case.live.stands} if case.live is not None else {}
    streams = {member.who: member.primary.stream for member in case.crew.ranks}
    accused = lead.charges if lead else {}
    for who in sorted({*case.everyone, *accused}, key=lambda who: who.sort_key):
        charge = _charge(case, who, lead)
        view = case.ranks.get(who)
        place = places.get(who)
        yield RankDiagnosis(
            who=who,
            role=charge.role,
            why=charge.why,
            state=view.state if view else _state(case, who),
            epoch=view.epoch if view else None,
            step=view.step if view else None,
            silent_seconds=view.silent_seconds if view else None,
            place=place.words if place else "",
            spot=place.brief if place else "",
            thread=thread_of(stands[who]) if who in stands else "",
            phases=tuple(_phases(case, streams.get(who))),
        )


def _phases(case: Case, stream: Stream | None) -> Iterator[tuple[float, Phase]]:
    """When a rank was in which phase, by the clock of the first of them."""
    if stream is not None:
        ahead = case.offsets.get(stream.role.base, 0.0)
        for seconds, phase in timeline(stream, case.view.utc_offset):
            if math.isfinite(seconds):
                yield seconds - ahead, phase


def _charge(case: Case, who: RankId, lead: Lead | None) -> Charge:
    """The first answer to what a rank has to do with it."""
    answers = (_accused, _waited, _died, _tidied) if lead else ()
    for answer in answers:
        charge = answer(case, who, lead) if lead else None
        if charge is not None:
            return charge
    if who in case.ranks:
        return Charge(Role.UNKNOWN, _NOTHING)
    # Often rank 0 alone prints, and nothing says that it is rank 0.
    spoken = any(member.who == NOBODY and member.primary.stream.begun for member in case.crew.all)
    words = "no line is marked as its own" if spoken and not case.ranks else "it left no log"
    return Charge(Role.UNKNOWN, words)


def _accused(_case: Case, who: RankId, lead: Lead) -> Charge | None:
    return lead.charges.get(who)


def _waited(_case: Case, who: RankId, lead: Lead) -> Charge | None:
    return Charge(Role.VICTIM, lead.victims[who]) if who in lead.victims else None


def _died(case: Case, who: RankId, _lead: Lead) -> Charge | None:
    clue = _echo(case, who)
    if clue is not None:
        return Charge(Role.VICTIM, _died_of(clue))
    left = case.left.get(who)
    if left is not None and signal_of(left.code) == _ABORTED:
        return Charge(Role.VICTIM, "it aborted (SIGABRT) when a collective failed")
    return None


def _tidied(case: Case, who: RankId, lead: Lead) -> Charge | None:
    ended = _ended(case, who)
    if ended:
        return Charge(Role.CLEAN_UP, f"the launcher ended it with {ended}")
    if lead.standing is Standing.OUTER:
        return Charge(Role.CLEAN_UP, "it was ended with the job")
    return None


def _echo(case: Case, who: RankId) -> Clue | None:
    """What a rank wrote because another one was gone or did not come."""
    waiting = (Standing.ECHO, Standing.TIMEOUT)
    clues = case.by_rank.get(who, ())
    return next((clue for clue in clues if clue.signature.standing in waiting), None)


def _died_of(clue: Clue) -> str:
    if clue.signature.standing is Standing.TIMEOUT:
        return "it waited for another rank until the time ran out"
    return "its connection to a peer broke: the peer was gone"


def _ended(case: Case, who: RankId) -> str:
    """The signal with which the launcher tidied a rank away."""
    left = case.left.get(who)
    signal = signal_of(left.code) if left else None
    if signal in _TERMINATED:
        return signal_name(str(signal))
    # The launcher names the process it ends, and that is how these lines came to the rank.
    tidying = (endings.CLOSING, endings.FORCED)
    closing = [clue for clue in case.by_rank.get(who, ()) if clue.signature in tidying]
    return closing[0].fields.get("signal", "SIGKILL") if closing else ""


def _state(case: Case, who: RankId) -> RankStatus:
    """Of a rank without records: dead where its exit or its end is known."""
    clues = case.by_rank.get(who, ())
    dead = who in case.left or any(c.signature.standing is Standing.ROOT for c in clues)
    return RankStatus.DEAD if dead else RankStatus.UNKNOWN
