"""A driver made of C, and samplers that are ended when a test is."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

STUB = Path(__file__).with_name("nvml_stub.c")
DEADLINE = 60.0

Samples = list[dict[str, Any]]


@pytest.fixture(scope="session")
def build_driver(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Compiles the stub; gives the directory for LD_LIBRARY_PATH."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("needs the program cc, which is not installed")

    def build(*options: str) -> Path:
        directory = tmp_path_factory.mktemp("driver")
        library = directory / "libnvidia-ml.so.1"
        command = [compiler, "-shared", "-fPIC", "-Wall", "-Werror", *options, "-o", library, STUB]
        subprocess.run(command, check=True)
        return directory

    return build


@pytest.fixture(scope="session")
def driver(build_driver: Callable[..., Path]) -> Path:
    return build_driver()


class Running:
    """A sampler at work."""

    def __init__(self, run_dir: Path, environment: dict[str, str]) -> None:
        command = [sys.executable, "-m", "trainwatch.telemetry", run_dir, "--interval", "0.1"]
        self.run_dir = run_dir
        self.process = subprocess.Popen(
            command,
            env={**os.environ, "LD_LIBRARY_PATH": "", **environment},
            stderr=subprocess.PIPE,
        )

    def samples(self) -> Samples:
        lines = [
            line
            for path in self.run_dir.glob("system*.jsonl")
            for line in path.read_text().splitlines(keepends=True)
        ]
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def until(self, condition: Callable[[Samples], bool]) -> Samples:
        """The samples as soon as they fulfil a condition."""
        deadline = time.monotonic() + DEADLINE
        while time.monotonic() < deadline:
            if condition(found := self.samples()):
                return found
            assert self.process.poll() is None, self.process.stderr and self.process.stderr.read()
            time.sleep(0.05)
        raise AssertionError(f"not within {DEADLINE} s: {self.samples()[-1:]}")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    running: list[Running] = []

    def begin(**environment: str) -> Running:
        running.append(Running(tmp_path, environment))
        return running[-1]

    yield begin
    for sampler in running:
        sampler.process.kill()
        sampler.process.communicate()
