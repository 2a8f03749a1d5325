"""What a finished run leaves: `metrics.csv`, `summary.json`, and a prompt for a language model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

import numpy as np

from trainwatch.model.snapshot import RunView
from trainwatch.report.cells import cell_text
from trainwatch.report.direction import Direction, direction
from trainwatch.report.history import FIRST, PLACES, History
from trainwatch.report.jsonable import Json, number, printed, without_surrogates
from trainwatch.saves import Checkpoint

_NEEDED = ("r2", "loss")
"""Metrics that `summary.json` has in any case, null where they are not known."""

_SHOWN = 12
_QUESTION = (
    "Interpret the result of this training experiment: is it good, what stands out, and what "
    "should be tried next?"
)
_NAME = re.compile(r"[^\w@/%.+-]")


def best(history: History, name: str) -> float | None:
    """The best finite value of a metric; None where its direction is not known."""
    way = direction(name)
    column = history.columns.get(name)
    if way is None or column is None:
        return None
    values = column.compressed()
    finite = values[np.isfinite(values)]
    if not len(finite):
        return None
    return float(finite.min() if way is Direction.SMALLER else finite.max())


def final(history: History, name: str) -> float | None:
    """The last value that the newest attempt has come to, NaN included."""
    column = history.columns.get(name)
    if column is None or not (column := column[: history.reached]).count():
        return None
    return float(column.compressed()[-1])


def attempts_in(view: RunView, history: History) -> int:
    """How many attempts are known: by the run and its logs, or by steps that go back for good."""
    return max(view.attempt, len(history.attempts)) + 1


def csv_lines(history: History) -> Iterator[str]:
    """`metrics.csv`: the columns found, empty where a step does not state one."""
    yield ",".join(map(_quoted, history.columns or FIRST)) + "\n"
    writers = [_place if name in PLACES else _value for name in history.columns]
    for block in history.blocks():
        columns = [
            ["" if value is None else write(value) for value in column]
            for write, column in zip(writers, block, strict=True)
        ]
        yield "".join([",".join(cells) + "\n" for cells in zip(*columns, strict=True)])


def summary_document(exp_id: str, view: RunView, history: History) -> Json:
    """`summary.json`: status, final and best values."""
    metrics = history.metrics
    document: Json = {
        "schema": 1,
        "exp_id": exp_id,
        "status": view.status.value,
        "timestamp": timestamp(view.now),
        "final_metrics": {name: number(final(history, name)) for name in metrics},
    }
    for name in (*_NEEDED, *(name for name in metrics if name not in _NEEDED)):
        if name in _NEEDED or direction(name) is not None:
            document[f"best_{name}"] = number(best(history, _meant(history, name)))
        document[f"final_{name}"] = number(final(history, _meant(history, name)))
    document.update(
        health=view.health.value,
        exit_code=view.info.exit_code,
        attempts=attempts_in(view, history),
        epoch=printed(view.epoch),
        total_epochs=view.total_epochs,
        step=view.step,
        total_steps=view.total_steps,
        steps_recorded=len(history),
        elapsed_seconds=number(view.elapsed_seconds),
        checkpoint=_checkpoint(view.checkpoints.survey.newest if view.checkpoints else None),
    )
    return without_surrogates(document)


def _checkpoint(one: Checkpoint | None) -> Json | None:
    """The newest sound one: where a next training may begin."""
    if one is None:
        return None
    return {
        "path": one.path,
        "step": one.step,
        "epoch": one.epoch,
        "bytes": one.size,
        "written": timestamp(one.written),
    }


def prompt(exp_id: str, view: RunView, history: History) -> str:
    """The experiment's id and final numbers as a short text; no line of any log is in it."""
    lines = [
        _QUESTION,
        f"Experiment: {_plain(exp_id)}",
        f"Status: {view.status.value}",
    ]
    names = sorted(history.metrics, key=lambda name: direction(name) is None)[:_SHOWN]
    for name in names:
        value, top = final(history, name), best(history, name)
        word = _plain(name)
        lines.append(
            f"{word}: final {_figure(value)}" + ("" if top is None else f", best {_figure(top)}")
        )
    return "\n".join(lines) + "\n"


def timestamp(seconds: float) -> str:
    """Local time to the second, as signal files have it."""
    return datetime.fromtimestamp(seconds).isoformat(timespec="seconds")  # noqa: DTZ006


def _meant(history: History, name: str) -> str:
    """A metric that only validation prints is meant by its bare name too."""
    return name if name in history.columns or name != "r2" else f"val_{name}"


def _plain(text: str) -> str:
    """A name as one word: nothing that a language model could take for a sentence."""
    return _NAME.sub("_", text)[:60]


def _figure(value: float | None) -> str:
    return "not known" if value is None else f"{value:.6g}"


_value = repr  # the shortest digits that are read back as the same number


def _place(value: float) -> str:
    """A step or an epoch; one of HF's may be 0.66."""
    return str(int(value)) if value.is_integer() else repr(value)


def _quoted(name: str) -> str:
    text = cell_text(name).replace('"', '""')
    return f'"{text}"' if re.search(r'[",\r\n]', text) else text
