"""The health gate on logs of several frameworks, in simulated time: sick ones fail, sound ones pass."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import pytest

from trainwatch.engine import Engine
from trainwatch.events import Chunk, LogFile, RunInfo
from trainwatch.health.gate import Gate, Judgement, Outcome

GATE = 300.0
NAN = math.nan
Write = tuple[float, str]
Format = Callable[..., str]


def trainer(i: int, loss: float, lr: float = 5e-5, grad: float = 1.2) -> str:
    """Hugging Face's Trainer: no step, numbers as strings."""
    rest = f"'learning_rate': '{lr:.4g}', 'epoch': '{i / 100:.2f}'"
    return f"{{'loss': '{loss:.4g}', 'grad_norm': '{grad:.4g}', {rest}}}\n"


def megatron(i: int, loss: float, lr: float = 1e-4, grad: float = 1.1) -> str:
    return (
        f" iteration {i:8d}/   10000 | consumed samples: {i * 64:8d} | elapsed time per iteration"
        f" (ms): 512.3 | learning rate: {lr:.6E} | global batch size:    64 | lm loss: {loss:.6E} |"
        f" loss scale: 1.0 | grad norm: {grad:.3f} | number of skipped iterations:   0 |\n"
    )


def plain(i: int, loss: float, lr: float = 1e-4) -> str:
    return f"step {i} | loss {loss:.4f} | lr {lr:.2e}\n"


def timm(i: int, loss: float, lr: float = 1e-3) -> str:
    return (
        f"Train: 0 [{i:4d}/1251 ({i / 12.51:3.0f}%)]  Loss: {loss:.3f} ({loss:.3f})  Time: 0.512s,"
        f"  500.00/s  (0.512s,  500.00/s)  LR: {lr:.3e}  Data: 0.010 (0.012)\n"
    )


def chinese(i: int, loss: float, lr: float = 1e-3) -> str:
    where = f"Epoch [1/200] - 进度 {i / 1.71:.1f}% ({i}/171)"
    return f"{where} - Batch Loss: {loss:.6f} - LR: {lr:.8f}\n"


def debug(i: int, loss: float, _lr: float = 0.0) -> str:
    return f"[DEBUG] [Rank 0] Training step {i}, loss={loss:.4f}\n"


def lightning(i: int, loss: float, _lr: float = 0.0) -> str:
    """A bar that is drawn over itself, in one line without an end."""
    at = i % 50
    return (
        f"\rEpoch {i // 50}:  {at * 2:2d}%|███▌      | {at}/50 [00:{at:02d}<00:10, 12.28it/s, v_num=0,"
        f" train_loss={loss:.3f}]"
    )


FORMATS: Sequence[Format] = (trainer, megatron, plain, timm, chinese, debug, lightning)
WITH_RATE: Sequence[Format] = (trainer, megatron, plain, timm, chinese)


def falling(i: int) -> float:
    return 2.5 * math.exp(-i / 400) + 0.05 * math.sin(i * 1.7)


def written(
    line: Callable[[int], str], count: int, every: float, start: float = 5.0
) -> list[Write]:
    return [(start + i * every, line(i)) for i in range(count)]


def judged(writes: Sequence[Write], until: float = 700.0) -> Judgement:
    """What the gate says of a log that grows so."""
    engine, gate = Engine(RunInfo("x", id="x", alive=True)), Gate(GATE, began=1000.0)
    due, offset, now = sorted(writes), 0, 0.0
    while True:
        while due and due[0][0] <= now:
            data = due.pop(0)[1].encode()
            engine.feed(Chunk(LogFile("console.log"), offset, data, 1000.0 + now, live=True))
            offset += len(data)
        engine.tick(1000.0 + now)
        said = gate.look(engine.snapshot(), offset)
        if said.outcome is not Outcome.PENDING or now >= until:
            return said
        now += 5.0


TRACE = 'Traceback (most recent call last):\n  File "train.py", line 12, in <module>\n    main()\n'
OOM = f"{TRACE}torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.\n"
FAULT = f"{TRACE}RuntimeError: CUDA error: device-side assert triggered\n"

SICK: dict[str, tuple[Callable[[int], float], str, str]] = {
    "NaN": (lambda i: falling(i) if i < 20 else NAN, "", "NaN"),
    "huge": (lambda i: falling(i) if i < 20 else 3e12, "", "above 1e+10"),
    "grown": (lambda i: falling(i) if i < 20 else 2.5 * 1.6 ** (i - 20), "", "100-fold"),
    "out of memory": (falling, OOM, "out of memory"),
    "CUDA error": (falling, FAULT, "CUDA error"),
    "silence": (falling, "", "stalled"),
}


@pytest.mark.parametrize("line", FORMATS)
@pytest.mark.parametrize("how", SICK)
def test_a_sick_training_is_told_with_its_reason(line: Format, how: str) -> None:
    loss, end, reason = SICK[how]
    writes = written(lambda i: line(i, loss(i)), 40, every=2.0)
    said = judged([*writes, (90.0, f"\n{end}" if end else "")])
    assert said.outcome is Outcome.FAILED
    assert reason in str(said.reason)


SOUND: dict[str, tuple[Callable[[int], float], int, float, float]] = {
    "every few seconds": (falling, 150, 2.5, 5.0),
    "one line in 40 s": (falling, 16, 40.0, 5.0),
    "spikes": (lambda i: falling(i) * (3 if i % 37 == 5 else 1), 150, 2.5, 5.0),
    "a first step after four minutes": (falling, 150, 2.5, 245.0),
}


@pytest.mark.parametrize("line", FORMATS)
@pytest.mark.parametrize("how", SOUND)
def test_a_sound_training_passes(line: Format, how: str) -> None:
    loss, count, every, start = SOUND[how]
    writes = [(3.0, "compiling …\n"), *written(lambda i: line(i, loss(i)), count, every, start)]
    assert judged(writes).outcome is Outcome.PASSED


RATES: dict[str, tuple[Callable[[int], float], Outcome]] = {
    "always 0": (lambda _: 0.0, Outcome.FAILED),
    "warm-up from 0": (lambda i: 1e-4 * min(1.0, i / 50), Outcome.PASSED),
    "five records of 0": (lambda i: 0.0 if i < 5 else 1e-4, Outcome.PASSED),
    "down to 0": (lambda i: 1e-4 * max(0.0, 1 - i / 120), Outcome.PASSED),
}


@pytest.mark.parametrize("line", WITH_RATE)
@pytest.mark.parametrize("how", RATES)
def test_a_learning_rate_of_0_is_no_warm_up(line: Format, how: str) -> None:
    rate, outcome = RATES[how]
    said = judged(written(lambda i: line(i, falling(i), rate(i)), 125, every=2.5))
    assert said.outcome is outcome, said
    if outcome is Outcome.FAILED:
        assert "learning rate is 0" in str(said.reason)


def test_few_records_with_rate_0_neither_pass_nor_fail() -> None:
    writes = written(lambda i: plain(i, falling(i), 0.0), 9, every=40.0)
    assert judged(writes, until=330.0).outcome is Outcome.PENDING


@pytest.mark.parametrize("digits", [3, 5, 6])
def test_a_small_rate_printed_with_few_digits_is_not_0(digits: int) -> None:
    line = f"iter {{}} loss {{:.3f}} lr {0.0:.{digits}f}\n"
    writes = written(lambda i: line.format(i, falling(i)), 150, every=2.5)
    assert judged(writes).outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("line", "outcome"),
    [
        # The Trainer prints a NaN as 0.
        (
            lambda i: trainer(i, falling(i) if i < 20 else 0.0, grad=1.0 if i < 20 else NAN),
            "failed",
        ),
        (lambda i: megatron(i, falling(i), grad=1.0 if i < 20 else NAN), "failed"),
        # Mixed precision looks for its scale, at first and now and then.
        (lambda i: trainer(i, falling(i), grad=math.inf if i < 12 else 1.0), "passed"),
        (lambda i: trainer(i, falling(i), grad=math.inf if i % 50 == 3 else 1.0), "passed"),
    ],
)
def test_gradients_that_stay_nan_are_a_failure(line: Callable[[int], str], outcome: str) -> None:
    said = judged(written(line, 150, every=2.5))
    assert said.outcome == outcome
    assert outcome == "passed" or "gradient norm is NaN" in str(said.reason)


@pytest.mark.parametrize(
    "loss",
    [
        lambda i: -3 - falling(i),
        lambda i: math.sin(i / 5),
        lambda i: 1e6 * math.exp(-i / 100) + 5,
    ],
    ids=["negative", "through 0", "a sum"],
)
def test_unusual_losses_are_no_alarm(loss: Callable[[int], float]) -> None:
    assert judged(written(lambda i: plain(i, loss(i)), 150, every=2.5)).outcome is Outcome.PASSED


def test_what_is_written_but_not_understood_is_never_a_failure() -> None:
    words = written(lambda i: f"blah {'x' * (i % 7)}\n", 100, every=9.0)
    assert judged(words).outcome is Outcome.PENDING
    dots = written(lambda _: ".", 100, every=9.0)
    assert judged(dots).outcome is Outcome.PENDING


@pytest.mark.parametrize("writes", [[], [(3.0, "Loading …\nWorld size 8\n")]])
def test_nothing_at_all_is_one(writes: list[Write]) -> None:
    said = judged(writes)
    assert said.outcome is Outcome.FAILED
    assert "no progress at all" in str(said.reason)
