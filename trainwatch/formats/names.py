"""Canonical names of metrics and positions, from the names that logs print."""

import re
from collections.abc import Mapping, Sequence

CANONICAL: Mapping[str, tuple[str, ...]] = {
    "loss": (
        "loss",
        "train_loss",
        "training_loss",
        "total_loss",
        "tot_loss",
        "total",
        "lm_loss",
        "reduced_train_loss",
        "batch_loss",
    ),
    "lr": ("lr", "learning_rate", "lr_0"),
    "grad_norm": ("grad_norm", "gnorm", "total_norm"),
    "throughput": (
        "throughput",
        "tps",
        "wps",
        "tokens_s",
        "ips",
        "samples_sec",
        "samples_s",
        "img_s",
        "it_s",
    ),
    "accuracy": ("accuracy", "acc", "top1", "acc1"),
    "epoch": ("epoch",),
    "step": ("step", "global_step", "iteration", "iter", "num_updates"),
    "batch": ("batch", "batch_idx", "batch_index"),
    "total_epochs": ("total_epochs", "max_epochs"),
    "total_steps": ("total_steps", "max_steps"),
    "total_batches": ("total_batches", "num_batches"),
    "rank": ("rank",),
    "time": ("time", "timestamp", "date", "datetime"),
}
"""Canonical name → the folded names it stands for; an aggregate is the metric when it is alone."""

INTEGERS = frozenset(
    (*("step", "batch", "rank", "world_size"), *("total_epochs", "total_steps", "total_batches"))
)
"""Fields that hold whole numbers; an epoch may be a part of one (`0.66`)."""

POSITIONS = INTEGERS | {"epoch"}
"""Fields that say where in the training a record stands; all others are metrics."""

_AGGREGATES: Mapping[str, tuple[str, ...]] = {
    "loss": ("avg_loss", "mean_loss", "average_loss", "loss_mean", "loss_avg", "train_loss_avg"),
}
_BY_NAME = {name: canonical for canonical, names in CANONICAL.items() for name in names}
_EVAL_PREFIX = re.compile(
    r"^\s*(?:(?P<of>val|eval|valid|validation|test)[\W_]+|metrics/)(?=\w)", re.IGNORECASE
)
_NOT_WORD = re.compile(r"[^\w]+")


def fold(name: str) -> str:
    """A printed name in lower case, with underscores for what separates its words."""
    return _NOT_WORD.sub("_", name.strip().lower()).strip("_")


def canonical(name: str) -> str:
    """The canonical name of one printed name; the printed one where there is none."""
    return _BY_NAME.get(fold(name), name)


def canonical_columns(header: Sequence[str]) -> list[str]:
    """Canonical names of a table's columns; the printed name where there is none.

    An aggregate such as `mean_loss` is the metric only where the metric itself has no column.
    """
    names = [_BY_NAME.get(fold(name), name.strip()) for name in header]
    for canonical, aggregates in _AGGREGATES.items():
        if canonical in names:
            continue
        for index, name in enumerate(names):
            if fold(name) in aggregates:
                names[index] = canonical
                break
    return names


def is_evaluation(name: str) -> bool:
    """Whether a metric's name says that it was measured on data that is not trained on."""
    return bool(_EVAL_PREFIX.match(name))


def is_test(name: str) -> bool:
    """Whether it says that it was measured on the data kept for the very end."""
    found = _EVAL_PREFIX.match(name)
    return found is not None and (found["of"] or "").lower() == "test"


def without_evaluation(name: str) -> str:
    """A metric's canonical name without the prefix that `is_evaluation` looks for."""
    found = _EVAL_PREFIX.match(name)
    if found is None:
        return name
    bare = name[found.end() :]
    return _BY_NAME.get(fold(bare), bare)
