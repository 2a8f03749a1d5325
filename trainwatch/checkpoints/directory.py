"""One directory that is a checkpoint: of whom it is, and whether it is whole.

Who writes a checkpoint writes something last: `trainer_state.json`, `.metadata`, the file beside the
directory that names it as the newest. Without that the checkpoint is not finished, however whole its
files are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from trainwatch.checkpoints import pickles
from trainwatch.checkpoints.containers import check_file
from trainwatch.checkpoints.pickles import DAMAGED, Limited, TooLongError

STATE = "trainer_state.json"
METADATA = ".metadata"
LATEST = "latest"
TRACKER = "latest_checkpointed_iteration.txt"

_WEIGHTS = (
    "model.safetensors",
    "pytorch_model.bin",
    "adapter_model.safetensors",
    "adapter_model.bin",
)
_INDICES = ("model.safetensors.index.json", "pytorch_model.bin.index.json")
_TORCH = re.compile(r".*\.(?:pt|pth|bin|ckpt|pkl|safetensors)")
_SHARD = re.compile(r"__\d+_\d+\.distcp")
_DEEPSPEED = re.compile(r".*(?:model_states|optim_states)\.pt")
_MEGATRON = re.compile(r"iter_\d{4,}")
_LOST_RANK = re.compile(r"random_states_\d+\.pkl")
_NO_WEIGHTS = re.compile(
    r"optimizer|scheduler|scaler|rng_state|random_states|training_args|sampler"
)
_OF_RANK = re.compile(r"(.*?(?:pp_rank|states?)_)(\d{1,6})((?:_.*)?\.(?:pt|pth|pkl))")
_STATES = re.compile(r".*\.(?:pt|pth|ckpt|safetensors)")
_DIGITS = re.compile(r"\d+")
_LARGEST = 1 << 27
_FILES = 4096
"""Files of one checkpoint that are looked at."""

NO_OPTIMIZER = "optimizer.pt is missing: a resumption would silently start its optimizer anew"

Problem = str | None


class Layout(NamedTuple):
    """How somebody arranges a checkpoint.

    Attributes:
        knows: Whether a directory of this name with these names in it is one, or the beginning of one.
        check: What is wrong with it.
        counts_steps: Whether the number in its name is a step, where the name does not say so.
        complete: Whether `check` knows everything that has to be in it; otherwise the names in an
            older one of the same kind are a measure.
    """

    knows: Callable[[str, frozenset[str]], bool]
    check: Callable[[Path, frozenset[str]], Problem]
    counts_steps: bool = True
    complete: bool = True


def layout_of(directory: Path, names: frozenset[str]) -> Layout | None:
    """Whose checkpoint a directory is; None where it is none."""
    return next((one for one in LAYOUTS if one.knows(directory.name, names)), None)


def step_of(path: Path) -> int | None:
    """The step in `trainer_state.json`."""
    state = _object(path / STATE)
    step = state.get("global_step") if state else None
    return step if isinstance(step, int) and not isinstance(step, bool) else None


def names_in(path: Path) -> frozenset[str]:
    """The names in a directory."""
    return frozenset(entry.name for entry in path.iterdir())


def shape_of(path: Path) -> frozenset[str]:
    """The files of a checkpoint, below it, but for how its own name is numbered."""
    own = _DIGITS.sub("#", path.name)
    files = (file.relative_to(path).as_posix() for file in files_of(path))
    return frozenset(
        _DIGITS.sub("#", name) if own in _DIGITS.sub("#", name) else name for name in files
    )


def files_of(path: Path) -> list[Path]:
    """The files below a directory, the first few thousand."""
    found = []
    for file in path.rglob("*"):
        if file.is_file():
            found.append(file)
            if len(found) >= _FILES:
                break
    return found


# --- Hugging Face -----------------------------------------------------------------------------


def _is_hugging_face(_name: str, names: frozenset[str]) -> bool:
    weights = names & {*_WEIGHTS, *_INDICES}
    return STATE in names or bool(weights and names & {"optimizer.pt", "training_args.bin"})


def _check_hugging_face(path: Path, names: frozenset[str]) -> Problem:
    if STATE not in names:  # it is written last
        return f"{STATE} is missing"
    if step_of(path) is None:
        return f"{STATE} cannot be parsed"
    inner = _distributed_in(path, names)
    # Both are saved with the optimizer, or none of them is.
    if names & {"scheduler.pt", "scaler.pt"} and lacks_optimizer(path):
        return NO_OPTIMIZER
    if "optimizer.pt" in names and "scheduler.pt" not in names:  # it loads both or none
        return "scheduler.pt is missing: a resumption would silently start both it and the optimizer anew"
    return _check_weights(path, names, elsewhere=bool(inner)) or _first(
        *(f"{one.name}/{why}" for one in inner if (why := _check_distributed(one))),
        *_check_each(path / name for name in sorted(names) if _TORCH.fullmatch(name)),
        *([gap] if (gap := _gap(names)) else ()),
    )


def lacks_optimizer(path: Path) -> bool:
    """Whether a checkpoint of Hugging Face has no optimizer, in whichever form."""
    names = names_in(path)
    return not (LATEST in names or any(name.startswith("optimizer") for name in names))


def _distributed_in(path: Path, names: frozenset[str]) -> list[Path]:
    """Directories within it that DeepSpeed or FSDP wrote."""
    found = [path / name for name in sorted(names) if (path / name / METADATA).exists()]
    if LATEST in names:
        found.append(path / _named_in(path / LATEST))
    return found


def _check_distributed(path: Path) -> Problem:
    if not path.is_dir():
        return "the directory that `latest` names is missing"
    names = names_in(path)
    return _check_dcp(path, names) if METADATA in names else _check_shards(path, names)


def _check_weights(path: Path, names: frozenset[str], *, elsewhere: bool) -> Problem:
    for name in _INDICES:
        if name in names:
            return _check_index(path, name)
    if not elsewhere and not any(map(_may_be_weights, names)):
        return "its weights are missing"
    return None


def _may_be_weights(name: str) -> bool:
    """Not all trainings name them alike, such as `pytorch_model_fsdp.bin`."""
    return bool(_TORCH.fullmatch(name)) and not _NO_WEIGHTS.match(name)


def _check_index(path: Path, name: str) -> Problem:
    index = _object(path / name)
    shards = index.get("weight_map") if index else None
    if not isinstance(shards, dict) or not shards:
        return f"{name} cannot be parsed"
    for shard in sorted({str(value) for value in shards.values()}):
        if "/" in shard or not (path / shard).is_file():
            return f"the weights {shard} are missing"
    return None


# --- accelerate ---------------------------------------------------------------------------------


def _is_accelerate(_name: str, names: frozenset[str]) -> bool:
    return any(_LOST_RANK.fullmatch(name) for name in names) or bool(
        names & {*_WEIGHTS, *_INDICES} and names & {"optimizer.bin", "scheduler.bin"}
    )


def _check_accelerate(path: Path, names: frozenset[str]) -> Problem:
    if not any(_LOST_RANK.fullmatch(name) for name in names):  # each rank writes its own, last
        return "random_states_0.pkl is missing"
    inner = [path / name for name in sorted(names) if (path / name).is_dir()]
    return (
        _gap(names)
        or _check_weights(path, names, elsewhere=bool(inner))
        or _check_files(path, names)
    )


# --- torch.distributed.checkpoint, FSDP, Lightning's sharded ones -------------------------------


def _is_dcp(_name: str, names: frozenset[str]) -> bool:
    return METADATA in names or any(_SHARD.fullmatch(name) for name in names)


def _check_dcp(path: Path, names: frozenset[str]) -> Problem:
    if METADATA not in names:  # it is written last
        return f"{METADATA} is missing"
    try:
        with (path / METADATA).open("rb") as file:
            ends = pickles.parts(Limited(file))
    except TooLongError:
        ends = {}
    except DAMAGED:
        return f"{METADATA} is cut off or empty"
    for name, end in sorted(ends.items()):
        if "/" in name or name not in names:
            return f"the shard {name} is missing"
        size = (path / name).stat().st_size
        if size < end:
            return f"the shard {name} is truncated ({size} of {end} bytes)"
    if not ends and not any(_SHARD.fullmatch(name) for name in names):
        return "its shards are missing"
    return _first(*_check_each(path / name for name in sorted(names) if _STATES.fullmatch(name)))


# --- DeepSpeed, Megatron ------------------------------------------------------------------------


def _is_deepspeed(name: str, names: frozenset[str]) -> bool:
    return name.startswith("global_step") or any(_DEEPSPEED.fullmatch(one) for one in names)


def _check_deepspeed(path: Path, names: frozenset[str]) -> Problem:
    return _unfinished(path, LATEST) or _check_shards(path, names)


def _check_shards(path: Path, names: frozenset[str]) -> Problem:
    if not any(name.endswith("model_states.pt") for name in names):
        return "its model states are missing"
    return _gap(names) or _check_files(path, names)


def _gap(names: frozenset[str]) -> Problem:
    """The file of a rank that lacks among those of the others: they count from 0."""
    series: dict[tuple[str, str], set[int]] = {}
    for name in names:
        if found := _OF_RANK.fullmatch(name):
            series.setdefault((found[1], found[3]), set()).add(int(found[2]))
    for (before, after), ranks in sorted(series.items()):
        if lost := set(range(max(ranks))) - ranks:
            return f"{before}{min(lost)}{after} is missing"
    return None


def _is_megatron(name: str, names: frozenset[str]) -> bool:
    return bool(_MEGATRON.fullmatch(name)) and bool(names)


def _check_megatron(path: Path, names: frozenset[str]) -> Problem:
    problem = _unfinished(path, TRACKER)
    return problem or (_check_dcp(path, names) if _is_dcp("", names) else _check_files(path, names))


def _unfinished(path: Path, tracker: str) -> Problem:
    """What is newer than the file names that is written when a checkpoint is complete."""
    file = path.parent / tracker
    ours, named = _DIGITS.search(path.name), _DIGITS.search(_named_in(file))
    if ours and (not named or int(ours[0]) > int(named[0])) and (named or file.exists()):
        return f"{tracker} does not name it yet"
    return None if file.exists() or _siblings(path) else f"{tracker} is missing"


def _siblings(path: Path) -> bool:
    """Whether others of its kind are there: then nobody writes a file that names the newest."""
    own = _DIGITS.sub("#", path.name)
    return any(one != path.name and _DIGITS.sub("#", one) == own for one in names_in(path.parent))


def _named_in(path: Path) -> str:
    try:
        with path.open("rb") as file:
            text = file.read(200).decode("utf-8", "replace").strip()
    except OSError:
        return ""
    return "" if "/" in text or text in {".", ".."} else text


# --- anybody's ----------------------------------------------------------------------------------


def _is_anybodys(_name: str, names: frozenset[str]) -> bool:
    return any(_STATES.fullmatch(name) for name in names)


def _check_files(path: Path, _names: frozenset[str]) -> Problem:
    """Every file of tensors below a directory is whole; there is at least one."""
    files = [file for file in files_of(path) if _TORCH.fullmatch(file.name)]
    return _first(*_check_each(files)) if files else "it holds no file of torch"


def _check_each(files: Any) -> Iterator[str]:  # noqa: ANN401 - any iterable of paths
    for file in files:
        if file.is_file() and (why := check_file(file)):
            yield f"{file.name}: {why}"


def _first(*problems: str) -> Problem:
    return next(iter(problems), None)


HUGGING_FACE = Layout(_is_hugging_face, _check_hugging_face)
DISTRIBUTED = Layout(_is_dcp, _check_dcp)
ANYBODYS = Layout(_is_anybodys, _check_files, complete=False)

LAYOUTS = (
    HUGGING_FACE,
    Layout(_is_megatron, _check_megatron, complete=False),
    Layout(_is_deepspeed, _check_deepspeed, complete=False),
    DISTRIBUTED,
    Layout(_is_accelerate, _check_accelerate, counts_steps=False, complete=False),
    ANYBODYS,
)
"""In the order in which they are tried."""


def _object(path: Path) -> dict[str, Any] | None:
    try:
        if path.stat().st_size > _LARGEST:
            return None
        document = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None
