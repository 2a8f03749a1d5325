"""What is imported when: the first frame does without plotext, plain lines without Textual."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("trainwatch.tui.app", ("plotext", "pandas", "psutil", "watchdog", "torch", "numpy")),
        ("trainwatch.tui.plain", ("textual", "plotext", "pandas")),
        ("trainwatch.cli.attach", ("textual", "numpy", "trainwatch.engine")),
        ("trainwatch.tui", ("textual", "rich", "numpy")),
    ],
)
def test_imports(module: str, unwanted: tuple[str, ...]) -> None:
    code = f"import sys, {module}; print(*(set(sys.modules) & set({unwanted!r})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
