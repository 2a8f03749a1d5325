"""Whether a metric is better when it is small or large, from its name."""

import re
from enum import Enum


class Direction(Enum):
    """What is better."""

    SMALLER = "smaller"
    LARGER = "larger"


_SMALLER = frozenset(
    [
        "loss",
        "losses",
        "mae",
        "mse",
        "rmse",
        "perplexity",
        "ppl",
        "wer",
        "cer",
        "error",
        "err",
        "nll",
        "bpc",
        "bpb",
        "fid",
        "mape",
        "smape",
        "epe",
        "crossentropy",
        "ce",
        "bce",
        "hinge",
        "huber",
        "regret",
        "brier",
    ]
)
_LARGER = frozenset(
    [
        "r2",
        "r²",
        "accuracy",
        "acc",
        "f1",
        "auc",
        "auroc",
        "auprc",
        "bleu",
        "sacrebleu",
        "chrf",
        "map",
        "ap",
        "iou",
        "miou",
        "giou",
        "dice",
        "precision",
        "recall",
        "psnr",
        "ssim",
        "rouge",
        "rougel",
        "meteor",
        "cider",
        "spice",
        "ndcg",
        "mrr",
        "kappa",
        "mcc",
        "pearson",
        "spearman",
        "top1",
        "top5",
        "acc1",
        "acc5",
        "hit",
        "hits",
    ]
)
_NEITHER = frozenset(
    [
        "scale",
        "scaler",
        "norm",
        "lr",
        "rate",
        "time",
        "weight",
        "coef",
        "coefficient",
        "beta",
        "count",
        "ratio",
    ]
)
_WORDS = re.compile(r"[^\W_]+")
_DIGITS = re.compile(r"\d+$")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")


def direction(name: str) -> Direction | None:
    """The direction of a metric; None where the name does not say.

    The last word that says anything decides: `iou_loss` is a loss, `loss_scale` is none, and
    `loss_bbox`, `val_r2`, `bbox_mAP_50` are what they look like.
    """
    return _of_words(name.lower()) or _of_words(_HUMP.sub("_", name).lower())


def _of_words(name: str) -> Direction | None:
    for word in reversed(_WORDS.findall(name)):
        for form in (word, _DIGITS.sub("", word)):
            if form in _NEITHER:
                return None
            if form in _SMALLER:
                return Direction.SMALLER
            if form in _LARGER:
                return Direction.LARGER
    return None
