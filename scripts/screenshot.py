"""Make the README's screenshots from a real training: `make screenshots`.

Starts the example under `trainwatch run --detach`, waits until it has trained for some epochs, and
saves what its screens show at that moment. Nothing in the pictures is made up. Chromium draws it,
since it finds a font for every character.
"""

import asyncio
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from trainwatch.cli.live import LiveReader
from trainwatch.cli.options import Selection
from trainwatch.tui.app import Dashboard

ROOT = Path(__file__).resolve().parents[1]
SIZE = (120, 40)
DEADLINE = 120.0
SCREENS = {"overview": "1", "metrics": "2s", "ranks": "3", "logs": "5"}
"""Keys that lead to each picture."""

OPTIONS = "--epochs 20 --samples 480 --val_samples 96 --val_log_interval 4 --step_delay 0.05"


def start(directory: Path) -> Path:
    """Start the training; its run directory."""
    script = ROOT / "examples" / "train_ddp.py"
    run_dir = directory / "shapes-autoencoder"
    launcher = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node")
    training = (*launcher, "4", str(script), *OPTIONS.split(), "--output_dir", str(run_dir / "out"))
    command = (sys.executable, "-m", "trainwatch", "run", "--detach", "--run-dir", str(run_dir))
    subprocess.run(
        (*command, "--exp-id", run_dir.name, "--env", "OMP_NUM_THREADS=1", "--", *training),
        check=True,
    )
    return run_dir


async def pictures(run_dir: Path, epochs: int) -> dict[str, str]:
    """Each screen as SVG by its name, once the training has come so far."""
    # The colours of most terminals, whatever the one is in which this runs.
    os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
    paths = (str(run_dir),)
    app = Dashboard(LiveReader(paths, Selection(paths)))
    async with app.run_test(size=SIZE) as pilot:
        deadline = time.monotonic() + DEADLINE
        while time.monotonic() < deadline:
            await pilot.pause(0.5)
            view = app.view
            if view and sum(epoch.complete for epoch in view.epochs) >= epochs:
                break
        made = {}
        for name, keys in SCREENS.items():
            await pilot.press(*keys)
            await pilot.pause(3.0)  # the next snapshots bring what the screen wishes to see
            made[name] = with_local_fonts(app.export_screenshot(title="trainwatch attach"))
        await pilot.press("q")
    return made


def with_local_fonts(svg: str) -> str:
    """The picture without fonts from elsewhere: a README must not load anything."""
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    return svg.replace("Fira Code", "DejaVu Sans Mono")


def draw(svg: str, target: Path, scratch: Path) -> None:
    """Turn the picture into a PNG of its own size."""
    box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    if box is None:
        raise SystemExit("the screenshot has no size")
    size = f"{round(float(box[1]))},{round(float(box[2]))}"
    page = scratch / "page.html"
    page.write_text(f'<body style="margin:0;background:#121212">{svg}</body>', encoding="utf-8")
    switches = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")
    switches += ("--no-first-run", "--hide-scrollbars", f"--user-data-dir={scratch / 'profile'}")
    picture_of = (f"--window-size={size}", f"--screenshot={target}", str(page))
    chromium = shutil.which("chromium") or "chromium"
    subprocess.run((chromium, *switches, *picture_of), check=True, capture_output=True)


def main() -> None:
    """Start, wait, save, stop."""
    images = ROOT / "docs" / "images"
    with tempfile.TemporaryDirectory() as directory:
        run_dir = start(Path(directory))
        try:
            for name, svg in asyncio.run(pictures(run_dir, 4)).items():
                draw(svg, images / f"{name}.png", Path(directory))
                print(f"wrote docs/images/{name}.png")
        finally:
            stop = (sys.executable, "-m", "trainwatch", "stop", str(run_dir))
            subprocess.run(stop, check=True)


if __name__ == "__main__":
    main()
