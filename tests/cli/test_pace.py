"""When a view is drawn anew: at once for news after quiet and for alerts, else once a second."""

from trainwatch.cli.pace import Pace, Urgency
from trainwatch.engine import Engine
from trainwatch.events import Chunk, LogFile, RunInfo
from trainwatch.model.snapshot import RunView


class Stage:
    """A pace, its clock, and when it posted."""

    def __init__(self) -> None:
        self.now = 100.0
        self.posts: list[float] = []
        self.pace = Pace(lambda _: self.posts.append(round(self.now - 100, 2)), lambda: self.now)

    def run(self, seconds: float, *, changed: bool = False, urgent: bool = False) -> list[float]:
        """Offer sixteen times a second; when it posted."""
        self.posts.clear()
        for _ in range(round(seconds * 16)):
            self.pace.offer(changed, lambda: RunView(0.0, RunInfo("x")), urgent=urgent)
            self.now += 0.0625
        return self.posts


def test_a_steady_flow_is_drawn_once_a_second() -> None:
    assert Stage().run(3.25, changed=True) == [0, 1, 2, 3]


def test_without_news_there_is_a_tick_a_second() -> None:
    assert Stage().run(3.25) == [0, 1, 2, 3]


def test_the_first_line_after_quiet_does_not_wait_for_the_tick() -> None:
    stage = Stage()
    stage.run(2.25)
    assert stage.run(0.0625, changed=True) == [2.25]
    assert stage.run(0.5, changed=True) == [], "the second one does"


def test_an_alert_does_not_wait_and_a_storm_of_them_is_bounded() -> None:
    stage = Stage()
    stage.run(0.25, changed=True)
    assert stage.run(0.0625, changed=True, urgent=True) == [0.25]
    assert len(stage.run(1.0, changed=True, urgent=True)) <= 11


def test_patience_ends_when_the_next_is_due() -> None:
    stage = Stage()
    stage.run(0.125)
    assert 0.8 < stage.pace.patience <= 0.95
    stage.pace.hurry()
    assert stage.pace.patience == 0.02


def urgent(*feeds: str) -> list[bool]:
    """Of each feed, one a second, whether it was urgent."""
    urgency, told = Urgency(), list[bool]()
    engine = Engine(RunInfo("x"), listener=urgency.take)
    offset = 0
    for second, text in enumerate(feeds):
        data = f"{text}\n".encode()
        engine.feed(Chunk(LogFile("debug_rank0_1.log"), offset, data, float(second), True))
        offset += len(data)
        told.append(urgency.pop())
    return told


def step(loss: str) -> str:
    return f"[Rank 0] Training step 1, loss={loss}"


def test_what_becomes_nan_infinite_or_huge_is_urgent_and_what_stays_so_is_not() -> None:
    losses = ("0.5", "0.6", "nan", "nan", "0.5", "inf", "0.5", "500", "400")
    assert urgent(*map(step, losses)) == [False] * 2 + [
        True,
        False,
        False,
        True,
        False,
        True,
        False,
    ]
    assert urgent(step("nan")) == [True]


def test_a_failure_is_urgent_and_the_same_again_soon_after_is_not() -> None:
    fault = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB"
    assert urgent(step("0.5"), fault, fault, *[step("0.5")] * 6, fault) == [
        False, True, *[False] * 7, True,
    ]  # fmt: skip


def test_markers_are_not() -> None:
    assert not any(
        urgent(
            "[Rank 0] ========== EPOCH 0 TRAINING START ==========",
            "[Rank 0] Processed 20 training batches",
            "something else",
        )
    )
