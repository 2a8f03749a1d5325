"""The page in a real browser: its curves are drawn, under its own content security policy."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.report.test_results import SAMPLES, report
from trainwatch.samples import GpuSample, Sample, encode

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--virtual-time-budget=5000",
]


def in_browser(page: Path, profile: Path) -> str:
    """The document after its script has run."""
    browser = shutil.which("chromium")
    if browser is None:
        pytest.skip("needs the program chromium, which is not installed")
    command = [browser, *FLAGS, f"--user-data-dir={profile}", "--dump-dom", page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A resumed run with two GPUs."""
    logs = tmp_path / "logs"
    shutil.copytree(SAMPLES / "resumed", logs)
    gpus = (GpuSample(0, name="H100", utilization=90.0, ranks=(0,)), GpuSample(1, mig=True))
    lines = [encode(Sample(1000.0 + 2 * n, "a17", cpu=30.0, gpus=gpus)) for n in range(5)]
    (logs / "system.jsonl").write_text("\n".join(lines) + "\n")
    return logs


def test_the_curves_are_drawn(run: Path, tmp_path: Path) -> None:
    assert report(run, "-o", tmp_path / "out") == 0
    page = tmp_path / "out" / "report.html"
    document = in_browser(page, tmp_path / "profile")
    drawn = dict(re.findall(r'<path class="curve[^>]* d="([^"]*)" data-metric="([^"]*)"', document))
    points = {metric: len(re.findall(r"[ML]", path)) for path, metric in drawn.items()}
    assert points["loss"] == 180
    assert points["val_loss"] == 3
    assert points["lr"] > 50
    assert not re.search("NaN|undefined", "".join(drawn))
    assert document.count("another attempt begins") >= 1


def test_the_page_needs_nothing_else(run: Path, tmp_path: Path) -> None:
    report(run, "-o", tmp_path)
    page = (tmp_path / "report.html").read_text()
    assert "default-src 'none'" in page
    assert not re.search(r"""(?:src|href|@import|url\()\s*=?\s*["']?(?:https?:|//)""", page)
    assert "H100" in page
    assert "<td>0</td>" in page
    assert page.count("n/a") > 2  # a split GPU has no utilisation
    assert "2 attempts" in page or ">attempts<" in page
