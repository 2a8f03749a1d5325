"""The page in a real browser: its curves are drawn, under its own content security policy."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.report.test_results import SAMPLES, report
from trainwatch.diagnose.diagnosis import Confidence, Diagnosis, Verdict
from trainwatch.events import RunInfo
from trainwatch.model.snapshot import RunView
from trainwatch.report.collector import Collector
from trainwatch.report.draft import report_draft
from trainwatch.report.history import History
from trainwatch.report.page import page as html
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


DRIVER = """
<script>
  const paths = () => [...document.querySelectorAll("path.curve, path.raw")].filter(
    (path) => path.dataset.metric !== undefined).map((path) => path.getAttribute("d")).join("|");
  const differs = (name, act) => {
    const before = paths();
    act();
    const after = paths();
    document.body.append(`${name} ${before !== after && !/NaN|undefined/.test(after)};`);
  };
  const svg = document.querySelector("figure svg"), box = svg.getBoundingClientRect();
  const pointer = (kind, share) => svg.dispatchEvent(new PointerEvent(kind, {
    pointerId: 1, clientX: box.left + share * box.width, clientY: box.top + 50, bubbles: true }));
  svg.setPointerCapture = () => {};
  const set = (id, kind, change) => {
    const node = document.getElementById(id);
    change(node);
    node.dispatchEvent(new Event(kind));
  };
  pointer("pointermove", 0.5);
  document.body.append(`hover ${document.querySelector("figcaption").textContent};`);
  differs("zoom", () => { pointer("pointerdown", 0.3); pointer("pointermove", 0.6); pointer("pointerup", 0.6); });
  differs("whole", () => document.getElementById("reset").click());
  differs("smooth", () => set("smooth", "input", (node) => { node.value = 80; }));
  differs("log", () => set("log", "change", (node) => { node.checked = true; }));
  differs("ranks", () => set("ranks", "change", (node) => { node.checked = true; }));
</script>
"""


def test_the_curves_can_be_looked_into(tmp_path: Path) -> None:
    report(SAMPLES / "finished", "-o", tmp_path)
    page = tmp_path / "report.html"
    text = re.sub(r"<meta http-equiv[^>]*>", "", page.read_text())  # it forbids this script too
    page.write_text(text.replace("</body>", DRIVER + "</body>"))
    document = in_browser(page, tmp_path / "profile")
    for name in ("zoom", "whole", "smooth", "log", "ranks"):
        assert f"{name} true;" in document
    assert re.search(r"hover loss 0\.\d+val_loss 0\.\d+record \d+;", document)


def test_secrets_of_the_command_stay_out() -> None:
    command = ["train", "--api-key=sk-0123456789abcdef0123456789abcdef"]
    view = RunView(now=0.0, info=RunInfo("x", id="x", command=tuple(command)))
    parts = [report_draft("x", view, History({}))]
    diagnosis = Diagnosis(Verdict.UNDECIDED, None, None, "unclear", Confidence.POSSIBLE)
    parts += html("x", view, History({}), Collector(), diagnosis)
    assert "0123456789" not in "".join(parts)
    assert "train" in parts[0]
