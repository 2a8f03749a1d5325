"""What a stack is doing: waiting in a collective, for its loader, or something of its own."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from trainwatch.diagnose.clue import Frame
from trainwatch.diagnose.diagnosis import DiagnosedPhase
from trainwatch.diagnose.live.model import Stand
from trainwatch.diagnose.phases import own_frame, phase_of_frames

_C10D = re.compile(r"torch/distributed/(?:distributed_c10d|c10d_logger|_functional_collectives)")
_SYNCS = re.compile(
    r"^(?:all_reduce|all_gather\w*|reduce_scatter\w*|broadcast\w*|barrier|monitored_barrier|reduce"
    r"|gather\w*|scatter\w*|all_to_all\w*|send|recv|wait_tensor|_sync_\w+|_verify_param_shape\w*)$"
)
_BACKWARD = re.compile(r"^_engine_run_backward$")
_INIT = re.compile(r"init_process_group|_store_based_barrier|rendezvous|_create_c10d_store")
_GPU_WAIT = re.compile(r"(?:^|\.)(?:synchronize|item|cpu|tolist|wait)$")
_FROM_CHILD = re.compile(
    r"_MultiProcessingDataLoaderIter\._?(?:try_)?(?:get_data|next_data)|_try_get_data"
)
_IDLE_CHILD = re.compile(r"multiprocessing/(?:queues|connection|synchronize)\.py$")
_LIBRARY = Frame("/lib/python3/site-packages/x.py", 0, "")
_LOADS = ("__getitem__", "__getitems__", "__iter__", "collate_fn")
_AROUND = re.compile(r"torch/utils/|/tqdm/|/rich/|/accelerate/|/lightning")
"""Library code that only hands out what a data set gives."""

_OWN_WORK = re.compile(r"torch/utils/data/_utils/fetch\.py$")


@dataclass(frozen=True, slots=True)
class Spot:
    """Where one process stands.

    Attributes:
        waits: Whether it waits for other ranks.
        call: What it is in: a collective, or the innermost frame of the training's own code.
        place: That, with file and line: `all_reduce ← backward (train.py:47)`.
        phase: What it is doing.
        frame: The line of the training's own code.
        by: The process that stands there: itself, or the loader process that it waits for.
    """

    waits: bool
    call: str
    place: str
    phase: DiagnosedPhase | None
    frame: Frame | None
    by: Stand


def spot_of(stand: Stand) -> Spot:
    """What a process is doing; a loader process is followed when it is waited for."""
    if any(_FROM_CHILD.search(frame.function) for frame in stand.frames):
        return _loading(stand)
    call = _collective(stand.frames)
    frame = own_frame(stand.frames)
    phase = phase_of_frames(stand.frames)
    if call is not None:
        at = _at(frame)
        name = _short(frame) if frame else ""
        place = f"{call} ← {name} {at}" if name and name != call else f"{call} {at}"
        return Spot(True, call, place.strip(), phase, frame, stand)
    if frame is None:
        return Spot(False, "", "", None, None, stand)
    item = _data_frame(stand.frames) if phase is DiagnosedPhase.DATA_LOADING else frame
    place = f"{_inside(frame, item)}{_short(item)} {_at(item)}{_called_by(stand.frames, item)}"
    return Spot(False, _short(frame), place, phase, frame, stand)


def _inside(frame: Frame, item: Frame | None) -> str:
    """The data set's own helper that it is in, if it is in one."""
    helper = item is not None and item is not frame and own_frame([frame, _LIBRARY]) is frame
    return f"{_short(frame)} {_at(frame)} ← " if helper else ""


def _called_by(frames: Sequence[Frame], frame: Frame | None) -> str:
    """Whose helper it is: the nearest caller of the training's own in another file."""
    if frame is None:
        return ""
    outer = frames[: frames.index(frame)]
    own = [one for one in outer if one.file != frame.file and own_frame([one, _LIBRARY]) is one]
    return f" ← {_short(own[-1])} {_at(own[-1])}" if own else ""


def _loading(stand: Stand) -> Spot:
    """The loader process that is at work, or is stopped; else the queue."""
    busy = [child for child in stand.children if _works(child)]
    by = busy[0] if busy else stand
    frame = own_frame(by.frames)
    item = _data_frame(by.frames) if busy else frame
    where = f"{_inside(frame, item)}{_short(item)} {_at(item)}" if frame else "a loader process"
    place = f"{where} of its loader process {by.pid}" if busy else f"its data loader, {where}"
    call = _short(frame) if frame else "the data loader"
    return Spot(False, call, place, DiagnosedPhase.DATA_LOADING, frame, by)


def _works(child: Stand) -> bool:
    """Whether a loader process does something else than to wait for its next order."""
    if child.state in ("T", "t", "D"):
        return True
    inner = child.frames[-1] if child.frames else None
    fetching = any(_OWN_WORK.search(frame.file) for frame in child.frames)
    return fetching or (
        inner is not None
        and not any(_IDLE_CHILD.search(f.file) for f in child.frames[-5:])
        and "_worker_loop" in {f.function for f in child.frames}
    )


def _data_frame(frames: Iterable[Frame]) -> Frame | None:
    """The data set's own method, rather than what it calls; a library's where it is none of one's own."""
    every = list(frames)
    loading = [frame for frame in every if frame.function.rpartition(".")[2] in _LOADS]
    own = [frame for frame in loading if own_frame([frame, _LIBRARY]) is frame]
    known = [frame for frame in loading if not _AROUND.search(frame.file)]
    return next(iter([*own, *known]), None) or own_frame(every)


def _collective(frames: Iterable[Frame]) -> str | None:
    """The collective that a stack waits in: the outermost call of the library, or backward."""
    every = list(frames)
    tail = every[-8:]
    for frame in tail:
        name = frame.function.rpartition(".")[2]
        if _C10D.search(frame.file) and _SYNCS.match(name):
            return name
    for frame in reversed(every[-3:]):
        name = frame.function.rpartition(".")[2]
        if _BACKWARD.match(name):
            return "all_reduce"
        if _SYNCS.match(name) and "torch/" in frame.file:
            return name
        if _INIT.search(frame.function) and "torch/" in frame.file:
            return "init_process_group"
    return None


def _short(frame: Frame | None) -> str:
    return frame.function.replace("<locals>.", "") if frame else ""


def _at(frame: Frame | None) -> str:
    return f"({PurePath(frame.file).name}:{frame.line})" if frame else ""
