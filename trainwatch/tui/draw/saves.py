"""What there is to go on from: the newest sound checkpoint, what is wrong with newer ones, and room."""

from trainwatch.model.snapshot import RunView, Status
from trainwatch.saves import Checkpoint, Saves
from trainwatch.tui.draw.line import EMPTY, Line, Tone, cut, join, line
from trainwatch.tui.draw.words import ago, count, epoch, size

_TROUBLE = (Status.STALLED, Status.FAILED)


def matters(view: RunView) -> bool:
    """Whether somebody has to know now: the run is in trouble, or its checkpoints are."""
    saves = view.checkpoints
    return saves is not None and (
        view.status in _TROUBLE or saves.short or bool(saves.survey.damaged)
    )


def saves_line(view: RunView, width: int) -> Line:
    """All of it in one line; empty where nobody has looked, or there is none."""
    saves = view.checkpoints
    if saves is None or not saves.survey.found:
        return EMPTY
    newest = saves.survey.newest
    parts = [
        _newest(newest, view.now) if newest else line(("none is sound yet", Tone.WARN)),
        *(_damaged(one) for one in saves.survey.damaged[:1]),
        *(line(one.name, (" is being written", Tone.NOTE)) for one in saves.survey.writing[:1]),
        _room(saves),
    ]
    return cut(line(" ", ("checkpoint ", Tone.DIM), join([part for part in parts if part])), width)


def _newest(one: Checkpoint, now: float) -> Line:
    name = f"step {count(one.step)}" if one.step is not None else one.name
    if one.step is None and one.epoch is not None:
        name = f"epoch {epoch(one.epoch)}"
    parts = [
        line((name, Tone.STRONG)),
        line(("sound", Tone.GOOD)),
        line(f"written {ago(now - one.written)}"),
        line(size(one.size)) if one.size is not None else EMPTY,
    ]
    return join([part for part in parts if part])


def _damaged(one: Checkpoint) -> Line:
    return line((f"{one.name} is damaged: {one.problem or 'unknown why'}", Tone.WARN))


def _room(saves: Saves) -> Line:
    if saves.free is None:
        return EMPTY
    if saves.short:
        return line((f"the next may not fit, {size(saves.free)} free", Tone.WARN))
    return line((f"{size(saves.free)} free", Tone.DIM))
