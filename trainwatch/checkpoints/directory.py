"""One directory of checkpoints of a Hugging Face Trainer, DeepSpeed, FSDP or torch's own DCP."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from trainwatch.checkpoints.containers import check_file

STATE = "trainer_state.json"
_WEIGHTS = (
    "model.safetensors",
    "pytorch_model.bin",
    "adapter_model.safetensors",
    "adapter_model.bin",
)
_INDICES = ("model.safetensors.index.json", "pytorch_model.bin.index.json")
_TORCH = re.compile(r".*\.(?:pt|pth|bin|ckpt)")
_LARGEST = 1 << 27


def is_checkpoint(names: frozenset[str]) -> bool:
    """Whether a directory with these names in it is one checkpoint."""
    return bool(names & {STATE, *_WEIGHTS, *_INDICES, ".metadata", "latest"}) and bool(
        names & {STATE, ".metadata", "latest", "optimizer.pt", "training_args.bin"}
    )


def step_of(path: Path) -> int | None:
    """The step in `trainer_state.json`."""
    state = _object(path / STATE)
    step = state.get("global_step") if state else None
    return step if isinstance(step, int) and not isinstance(step, bool) else None


def check_directory(path: Path, *, optimizer: bool = True) -> str | None:
    """What is wrong with a checkpoint, or None.

    Args:
        path: The directory.
        optimizer: Whether an optimizer has to be in it: not where a training never saves one.
    """
    names = {entry.name for entry in path.iterdir()}
    if ".metadata" in names:
        return _check_dcp(path, names)
    if STATE not in names and "latest" not in names:  # it is written last
        return f"{STATE} is missing"
    if STATE in names and step_of(path) is None:
        return f"{STATE} cannot be parsed"
    return (
        _check_weights(path, names)
        or _check_optimizer(path, names, needed=optimizer and STATE in names)
        or _check_rest(path, names)
    )


def has_optimizer(path: Path) -> bool:
    """Whether any optimizer state is in it, in whichever form."""
    return _optimizer_in({entry.name for entry in path.iterdir()})


def _optimizer_in(names: set[str]) -> bool:
    return "latest" in names or any(name.startswith("optimizer") for name in names)


def _check_dcp(path: Path, names: set[str]) -> str | None:
    if (path / ".metadata").stat().st_size == 0:
        return ".metadata is empty"
    return None if any(name.endswith(".distcp") for name in names) else "its shards are missing"


def _check_weights(path: Path, names: set[str]) -> str | None:
    for name in _INDICES:
        if name in names:
            return _check_index(path, name)
    if not names & {*_WEIGHTS, "latest"} and not any(n.startswith("pytorch_model_") for n in names):
        return "its weights are missing"
    return next(
        (
            f"{name}: {why}"
            for name in _WEIGHTS
            if name in names and (why := check_file(path / name))
        ),
        None,
    )


def _check_index(path: Path, name: str) -> str | None:
    index = _object(path / name)
    shards = index.get("weight_map") if index else None
    if not isinstance(shards, dict) or not shards:
        return f"{name} cannot be parsed"
    for shard in sorted({str(value) for value in shards.values()}):
        if "/" in shard or not (path / shard).is_file():
            return f"the weights {shard} are missing"
        if why := check_file(path / shard):
            return f"{shard}: {why}"
    return None


def _check_optimizer(path: Path, names: set[str], *, needed: bool) -> str | None:
    if "latest" in names:  # DeepSpeed keeps its states in the directory named there
        target = (path / "latest").read_text("utf-8", "replace").strip()
        if not target or "/" in target or not (path / target).is_dir():
            return "the directory that `latest` names is missing"
        files = sorted((path / target).glob("*.pt"))
        bad = ((file, check_file(file)) for file in files)
        return next((f"{file.name}: {why}" for file, why in bad if why), None)
    if needed and not _optimizer_in(names):
        return "optimizer.pt is missing: a resumption would silently start its optimizer anew"
    return None


def _check_rest(path: Path, names: set[str]) -> str | None:
    for name in sorted(names):
        if _TORCH.fullmatch(name) and name not in _WEIGHTS and (why := check_file(path / name)):
            return f"{name}: {why}"
    return None


def _object(path: Path) -> dict[str, Any] | None:
    try:
        if path.stat().st_size > _LARGEST:
            return None
        document = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None
