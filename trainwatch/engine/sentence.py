"""The one sentence about a run: is it fine, how far, when done."""

import math
from collections.abc import Sequence

from trainwatch.engine.progress import Progress
from trainwatch.events import RankId, RunInfo
from trainwatch.health.verdict import Verdict
from trainwatch.health.words import duration
from trainwatch.model.snapshot import RankStatus, RankView, Status, TimeBasis

_NAMED = 4


def sentence_of(verdict: Verdict, progress: Progress, info: RunInfo) -> str:
    """Parts joined by a middle dot; without the status word, which a view shows before it."""
    parts = [_where(progress), _share(progress), _outcome(verdict, progress, info)]
    return " · ".join(part for part in parts if part)


def _where(progress: Progress) -> str:
    if progress.epoch is None:
        return ""
    total = "" if progress.total_epochs is None else f" of {progress.total_epochs}"
    return f"epoch {progress.epoch:g}{total}"


def _share(progress: Progress) -> str:
    """Rounded down, as everywhere: never done before it is."""
    share = progress.progress
    return "" if share is None else f"{math.floor(share * 1000) / 10:.1f} %"


def _outcome(verdict: Verdict, progress: Progress, info: RunInfo) -> str:
    words = ""
    match verdict.status:
        case Status.RUNNING if progress.eta_seconds is not None:
            stated = ", as the log says" if progress.eta_basis == "stated" else ""
            words = f"about {duration(progress.eta_seconds)} left{stated}"
        case Status.COMPLETED if progress.elapsed_seconds is not None:
            words = f"took {duration(progress.elapsed_seconds)}"
        case Status.STALLED:
            words = _stalled(verdict.ranks)
        case Status.FAILED:
            words = _failed(verdict, info)
        case Status.STARTING if info.between:
            words = f"attempt {info.attempt + 1} has ended, and the next one is about to start"
        case Status.STARTING:
            words = "no training step yet"
        case Status.UNKNOWN:
            words = _unknown(verdict.ranks)
    return words


def _stalled(ranks: tuple[RankView, ...]) -> str:
    silent = [rank for rank in ranks if rank.state is RankStatus.STALLED]
    quietest = min((rank.silent_seconds or 0.0 for rank in silent), default=0.0)
    if len(silent) == len(ranks):
        every = min((rank.step_seconds for rank in silent if rank.step_seconds), default=None)
        usual = f" (usual {_short(every)})" if every else ""
        return f"no rank moved for {duration(quietest)}{usual}"
    return f"{_ranks([rank.who for rank in silent])} silent for {duration(quietest)}"


def _short(seconds: float) -> str:
    return duration(seconds) if seconds >= 1 else f"{seconds:.2g} s"


def _failed(verdict: Verdict, info: RunInfo) -> str:
    if info.stopped:
        return "stopped on request"
    if info.exit_code is not None:
        return f"exit code {info.exit_code}"
    dead = sorted(verdict.ends.dead, key=lambda who: who.sort_key)
    # A worker that dies before it knows its rank has only a node's number, and may be named twice.
    dead = [who for who in dead if who.sort_key[0] == dead[0].sort_key[0]]
    return f"{_ranks(dead)} died" if dead else "the training is dead"


def _ranks(members: Sequence[RankId]) -> str:
    names = ", ".join(who.label for who in members[:_NAMED])
    more = "…" if len(members) > _NAMED else ""
    return f"{'rank' if len(members) == 1 else 'ranks'} {names}{more}"


def _unknown(ranks: tuple[RankView, ...]) -> str:
    known = [rank for rank in ranks if rank.silent_seconds is not None]
    if not known:
        return "nothing recognised yet"
    newest = min(known, key=lambda rank: rank.silent_seconds or 0.0)
    basis = " by the file's mtime" if newest.basis is TimeBasis.MTIME else ""
    ago = duration(newest.silent_seconds or 0.0)
    return f"last line {ago} ago{basis}; whether the training lives is not known"
