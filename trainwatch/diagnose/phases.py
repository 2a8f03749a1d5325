"""Where it happened: from the frames of a traceback, else from the position of the rank."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from trainwatch.diagnose.clue import Frame
from trainwatch.diagnose.diagnosis import DiagnosedPhase
from trainwatch.events import Phase


@dataclass(frozen=True, slots=True)
class _Rule:
    phase: DiagnosedPhase
    file: str = r"(?!)"
    function: str = r"(?!)"
    code: str = r"(?!)"

    def fits(self, frame: Frame) -> bool:
        return bool(
            re.search(self.file, frame.file)
            or re.search(self.function, frame.function)
            or (";" not in frame.code and re.search(self.code, frame.code))  # one statement
        )


_LOADING = _Rule(
    DiagnosedPhase.DATA_LOADING,
    r"torch/utils/data/|webdataset/|/datasets/(?:arrow|iterable)_dataset",
    r"(?:^|\.)(?:__getitem__|__getitems__|collate_fn|default_collate|_worker_loop)$",
)
"""Looked for in all frames: a data set may read a file, decode it, and so on."""

_RULES = (
    _Rule(
        DiagnosedPhase.INIT,
        r"/(?:rendezvous|dynamic_rendezvous)\.py$",
        r"init_process_group|_new_process_group|_verify_param_shape|_sync_module_states"
        r"|init_distributed|init_device_mesh",
        r"DistributedDataParallel\(|FullyShardedDataParallel\(|_verify_param_shape"
        r"|_sync_module_states",
    ),
    _Rule(
        DiagnosedPhase.TEARDOWN,
        r"/atexit\.py$|concurrent/futures",
        r"destroy_process_group|_exit_f",
    ),
    _Rule(
        DiagnosedPhase.CHECKPOINT_LOAD,
        function=r"(?:^|_|\.)load(?:$|_state_dict|_checkpoint|_file|_from|_model|_optim|_weights)"
        r"|resume|restore|from_pretrained|newest_sound",
    ),
    _Rule(
        DiagnosedPhase.CHECKPOINT,
        function=r"(?:^|_|\.)save(?:$|_|d?_?(?:checkpoint|model|state|pretrained))"
        r"|write_atomically|dump_checkpoint|_write_file|write_end_of_file",
    ),
    _Rule(
        DiagnosedPhase.OPTIMIZER,
        r"torch/optim/|amp/grad_scaler|deepspeed/runtime/.*optim",
        r"clip_grad|optimizer_step",
        r"(?:optimizer|optim|opt|scaler|scheduler)\.step\(",
    ),
    _Rule(DiagnosedPhase.BACKWARD, r"torch/autograd/", r"(?:^|\.)backward$", r"\.backward\("),
    _Rule(
        DiagnosedPhase.COLLECTIVE,
        r"distributed/(?:distributed_c10d|c10d_logger|_functional_collectives)",
    ),
    _Rule(
        DiagnosedPhase.FORWARD,
        r"torch/nn/(?:modules|functional)",
        r"(?:^|\.)forward$|_call_impl|_run_ddp_forward",
    ),
    _Rule(DiagnosedPhase.VALIDATION, function=r"(?:^|_)(?:valid|evaluat|eval(?:_|$)|test_step)"),
)

_WRAPPERS = re.compile(r"elastic/multiprocessing/errors/__init__\.py$")
_LIBRARIES = re.compile(r"/(?:site|dist)-packages/|/lib/python3[\d.]*/|^<frozen")

_POSITIONS = {
    Phase.STARTING: DiagnosedPhase.INIT,
    Phase.TRAIN_TO_VALIDATION: DiagnosedPhase.TRAIN_TO_VALIDATION,
    Phase.VALIDATION: DiagnosedPhase.VALIDATION,
    Phase.AFTER_VALIDATION: DiagnosedPhase.AFTER_VALIDATION,
    Phase.CHECKPOINT: DiagnosedPhase.CHECKPOINT,
    Phase.FINISHED: DiagnosedPhase.TEARDOWN,
}


def phase_of_frames(frames: Sequence[Frame]) -> DiagnosedPhase | None:
    """What a traceback was doing: the innermost frame that says it."""
    own = [frame for frame in frames if not _WRAPPERS.search(frame.file)]
    if any(_LOADING.fits(frame) for frame in own):
        return _LOADING.phase
    for frame in reversed(own):
        for rule in _RULES:
            if rule.fits(frame):
                return rule.phase
    return None


def phase_of_position(phase: Phase) -> DiagnosedPhase | None:
    """What a rank's position is called; training as such has no name in the list."""
    return _POSITIONS.get(phase)


def own_frame(frames: Sequence[Frame]) -> Frame | None:
    """The innermost frame of the training's own code, else the innermost."""
    for frame in reversed(frames):
        if not _LIBRARIES.search(frame.file) and not _WRAPPERS.search(frame.file):
            return frame
    return frames[-1] if frames else None


_COLLECTIVES = re.compile(
    r"^(?:all_reduce|all_gather\w*|reduce_scatter\w*|broadcast\w*|barrier|monitored_barrier|reduce"
    r"|gather\w*|scatter\w*|all_to_all\w*|send|recv|isend|irecv|_engine_run_backward)$"
)


def collective_of(frames: Sequence[Frame]) -> tuple[str, str, int] | None:
    """Which collective a traceback waited in, and the line of the training's own code that called it."""
    names = [frame.function for frame in frames if _COLLECTIVES.match(frame.function)]
    frame = own_frame(frames)
    return (names[0], frame.file, frame.line) if names and frame else None
