"""Every screen of a run in every state, as text that is reviewed as a diff: `--snapshot-update`.

One dashboard a state and size goes through all its screens.
"""

from pathlib import Path

import pytest

from tests.tui import fake_views
from tests.tui.fake_reader import FakeReader
from tests.tui.helpers import dashboard, running, screen, settle
from trainwatch.diagnose.diagnosis import (
    Category,
    Confidence,
    DiagnosedPhase,
    Diagnosis,
    Proof,
    RankDiagnosis,
    Role,
    Verdict,
)
from trainwatch.events import RankId
from trainwatch.model.logs import LogScreen

GOLDEN = Path(__file__).with_name("screens")
STATES = ["healthy", "stalled", "watched", "failed", "finished", "thousand", "provisional"]
SCREENS = ("overview", "metrics", "ranks", "gpus", "logs", "alerts")


def diagnosis() -> Diagnosis:
    return Diagnosis(
        Verdict.HANG,
        Category.DATALOADER_HANG,
        DiagnosedPhase.DATA_LOADING,
        "rank 3 is stuck in data loading, epoch 14 step 104",
        Confidence.LIKELY,
        ranks=(
            RankDiagnosis(RankId(3), Role.GUILTY, "DS.__getitem__ data.py:24", silent_seconds=250),
            *(RankDiagnosis(RankId(n), Role.VICTIM, "waits in all_reduce") for n in (0, 1, 2)),
        ),
        evidence=(Proof(fake_views.stall_finding().evidence[0], "its last line"),),
        refute="if rank 3 writes a line",
        advice=("look at the file system of /data", "stop it: checkpoint-2000 is sound"),
        missing=("stacks: start with trainwatch run",),
    )


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
@pytest.mark.parametrize("state", STATES)
async def test_screens(state: str, size: tuple[int, int], request: pytest.FixtureRequest) -> None:
    view = fake_views.STATES[state]()
    reader = FakeReader(view, diagnosis=diagnosis())
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
