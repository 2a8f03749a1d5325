"""Every screen of a run in every state, as text that is reviewed as a diff: `--snapshot-update`.

One dashboard a state and size goes through all its screens.
"""

from pathlib import Path

import pytest

from tests.tui import fake_diagnosis, fake_views
from tests.tui.fake_reader import FakeReader
from tests.tui.helpers import dashboard, running, screen, settle
from trainwatch.model.logs import LogScreen

GOLDEN = Path(__file__).with_name("screens")
STATES = [
    "healthy",
    "stalled",
    "failed",
    "finished",
    "no_gpu",
    "thousand",
    "provisional",
    "starting",
]
SCREENS = ("overview", "metrics", "ranks", "gpus", "logs", "alerts")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
@pytest.mark.parametrize("state", STATES)
async def test_screens(state: str, size: tuple[int, int], request: pytest.FixtureRequest) -> None:
    view = fake_views.STATES[state]()
    reader = FakeReader(view, diagnosis=fake_diagnosis.of(view))
    lines = fake_views.recent(size[1] - 10)
    reader.log_screen = LogScreen(
        lines, len(lines) - 1, 88_290, 1.0, files=tuple(f"debug_rank{n}.log" for n in range(4))
    )
    app = dashboard(reader=reader)
    pictures = []
    async with running(app, *size) as pilot:
        for number, name in enumerate(SCREENS, 1):
            await pilot.press(str(number))
            await settle(pilot)
            await pilot.pause()
            pictures.append(f"=== {name} ===\n{screen(app)}\n")
    made = "".join(pictures)
    golden = GOLDEN / f"{state}-{size[0]}x{size[1]}.txt"
    if request.config.option.update_snapshots:
        GOLDEN.mkdir(exist_ok=True)
        golden.write_text(made, "utf-8")
    assert made == golden.read_text("utf-8")
