from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from log_life import Logs

NOBODY = 65534


@pytest.fixture
def logs(tmp_path: Path) -> Logs:
    root = tmp_path / "logs"
    root.mkdir()
    return Logs(root)


@pytest.fixture
def unprivileged() -> Iterator[Logs]:
    """Logs of a user for whom permissions count: root gives up its rights for the test."""
    root = Path(tempfile.mkdtemp(prefix="trainwatch-"))  # pytest's own are root's alone
    is_root = os.geteuid() == 0
    if is_root:
        os.chown(root, NOBODY, NOBODY)
        os.seteuid(NOBODY)
    try:
        yield Logs(root)
    finally:
        if is_root:
            os.seteuid(0)
        shutil.rmtree(root)
