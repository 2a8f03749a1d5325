"""Runs the command line in this process, as a script would see it."""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from trainwatch.cli.main import main

SAMPLES = Path(__file__).resolve().parents[2] / "sample_logs"


@dataclass(frozen=True)
class Answer:
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


Run = Callable[..., Answer]
Sample = Callable[[str], Path]


@pytest.fixture
def trainwatch(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: Any, tmp_path: Path) -> Run:
    monkeypatch.chdir(tmp_path)  # no configuration and no runs of a developer leak in
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    def run(*arguments: object) -> Answer:
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
        said = capfdbinary.readouterr()
        return Answer(int(left.value.code or 0), said.out.decode(), said.err.decode())

    return run


@pytest.fixture
def sample(tmp_path: Path) -> Sample:
    """A copy of a recorded case whose files are as old as the recording."""

    def copy(name: str) -> Path:
        target = tmp_path / name
        shutil.copytree(SAMPLES / name, target)
        for path in target.rglob("*"):
            os.utime(path, (1_700_000_000, 1_700_000_000))
        return target

    return copy
