"""Where a training script runs: its rank, and the run that `trainwatch run` made for it."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

RUN_DIR = "TRAINWATCH_RUN_DIR"
EXP_ID = "TRAINWATCH_EXP_ID"


def rank_of(environ: Mapping[str, str] = os.environ) -> int:
    """The global rank, as torchrun or Slurm state it; 0 where nobody does."""
    return _number(environ, "RANK", "SLURM_PROCID", default=0)


def world_size_of(environ: Mapping[str, str] = os.environ) -> int:
    """How many ranks there are; 1 where nobody says."""
    return _number(environ, "WORLD_SIZE", "SLURM_NTASKS", default=1)


def _number(environ: Mapping[str, str], *names: str, default: int) -> int:
    for name in names:
        text = environ.get(name, "")
        if text.isascii() and text.isdigit():
            return int(text)
    return default


def signals_directory(environ: Mapping[str, str] = os.environ) -> Path:
    """`signals` of the run, or of the working directory where trainwatch did not start it."""
    return Path(environ.get(RUN_DIR) or ".") / "signals"


def tell_log(path: Path, environ: Mapping[str, str] = os.environ) -> None:
    """Tell the supervisor, where there is one, of a log: it may be closed before anybody looks."""
    if root := environ.get(RUN_DIR):
        note = Path(root, ".supervisor", "told_logs.jsonl")
        with contextlib.suppress(OSError), note.open("a", encoding="ascii") as file:
            file.write(json.dumps(os.path.abspath(path)) + "\n")  # noqa: PTH100


def exp_id_of(environ: Mapping[str, str] = os.environ) -> str:
    """The id of the experiment; `run` where trainwatch did not start it."""
    return environ.get(EXP_ID) or "run"
