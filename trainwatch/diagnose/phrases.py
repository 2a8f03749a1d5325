"""The sentences of what the logs say outright: filled in, with the place where it was raised."""

import os.path
from collections.abc import Collection

from trainwatch.diagnose.case import Case
from trainwatch.diagnose.catalogue import host
from trainwatch.diagnose.clue import Clue
from trainwatch.diagnose.phases import own_frame
from trainwatch.diagnose.words import ranks_words, signal_name
from trainwatch.events import RankId


def summary_of(case: Case, clue: Clue, accused: Collection[RankId], *, alike: bool) -> str:
    """What happened to whom; `alike`: to all ranks in the same way."""
    who = f"all {len(accused)} ranks" if alike else ranks_words(accused)
    if not accused:
        who = "the training"
    words = _filled(clue, who, f" on {who}" if accused and not alike else "")
    place = "" if alike or len(accused) != 1 else _position(case, next(iter(accused)))
    tail = ": the code or the configuration, not one rank" if alike else ""
    return f"{words}{place}{tail}"


def _filled(clue: Clue, who: str, where_rank: str) -> str:
    return clue.signature.words.format(
        who=who,
        exception=clue.exception or "an exception",
        where_raised=_raised_at(clue),
        where_rank=where_rank,
        signal=_signal(clue),
    )


def _raised_at(clue: Clue) -> str:
    frame = own_frame(clue.frames)
    if frame is None:
        return ""
    function = frame.function.split("(")[0][-60:]
    name = os.path.basename(frame.file)[-60:]  # noqa: PTH119 - a path of another machine
    inside = "" if function in ("", "<module>") else f" in {function}"
    return f"{inside} ({name}:{frame.line})"


def _signal(clue: Clue) -> str:
    text = clue.fields.get("signal") or clue.fields.get("number") or "15"
    return signal_name(text)


def _position(case: Case, who: RankId) -> str:
    view = case.ranks.get(who)
    if view is not None and view.epoch is not None:
        step = "" if view.step is None else f" step {view.step}"
        shown = view.epoch if view.shown_epoch is None else view.shown_epoch
        return f", after epoch {shown:g}{step}"
    words = case.whereabouts
    return f"; the training had come to {words}" if words else ""


def why_of(clue: Clue) -> str:
    """What the clue says of the one it accuses."""
    words = _filled(clue, "it", "")
    said = words.split(": ")[0].split(", ")[0]
    return f"{said}, as its exit code says" if clue.signature in host.EXITS else said


def label_of(clue: Clue) -> str:
    """What a line of proof is."""
    if clue.frames:
        return "the end of its traceback"
    return clue.signature.name.replace("_", " ")
