"""What the names in a log mean: positions, phases, metrics that count and those that accompany."""

import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from trainwatch.events import Split


class Role(Enum):
    """What a value is good for: an outcome makes a record, an aside only accompanies one."""

    POSITION = "position"
    OUTCOME = "outcome"
    ASIDE = "aside"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a printed name means.

    Attributes:
        role: What its value is good for.
        name: Canonical name, or the name printed; without what `split` says.
        split: Which data the name says, None where it does not.
        printed: The name as printed.
        average: Whether it says that it is an average.
        best: Whether it repeats the best value so far.
    """

    role: Role
    name: str
    split: Split | None
    printed: str
    average: bool = False
    best: bool = False


_TRANSLATED = (
    ("训练集", " train "), ("验证集", " val "), ("测试集", " test "),
    ("训练", " train "), ("验证", " val "), ("测试", " test "), ("訓練", " train "),
    ("学習率", " lr "), ("学习率", " lr "), ("學習率", " lr "), ("検証", " val "), ("評価", " val "),
    ("损失", " loss "), ("損失", " loss "), ("准确率", " accuracy "), ("正确率", " accuracy "),
    ("正解率", " accuracy "), ("精度", " accuracy "), ("準確率", " accuracy "),
    ("平均", " avg "), ("最佳", " best "), ("最优", " best "), ("最好", " best "),
    ("轮次", " epoch "), ("轮", " epoch "), ("エポック", " epoch "), ("에포크", " epoch "),
    ("步数", " step "), ("步", " step "), ("ステップ", " step "), ("迭代", " iter "),
    ("批次", " batch "), ("バッチ", " batch "), ("耗时", " time "), ("用时", " time "),
    ("손실", " loss "), ("정확도", " accuracy "), ("학습률", " lr "), ("검증", " val "),
    ("epoche", "epoch"), ("époque", "epoch"), ("época", "epoch"), ("эпоха", "epoch"),
    ("verlust", " loss "), ("genauigkeit", " accuracy "), ("lernrate", " lr "),
    ("schritt", " step "), ("validierung", " val "), ("perte", " loss "), ("pérdida", " loss "),
    ("точность", " accuracy "), ("потери", " loss "),
)  # fmt: skip
_SPLITS = {
    **dict.fromkeys(("train", "training", "tr", "trn"), Split.TRAIN),
    **dict.fromkeys(
        ("val", "valid", "validation", "validating", "eval", "evaluation", "dev", "cv"),
        Split.VALIDATION,
    ),
    **dict.fromkeys(("test", "testing"), Split.TEST),
    **dict.fromkeys(("trainer", "trl"), None),
}
_AVERAGES = frozenset(("avg", "average", "averaged", "mean", "running", "smoothed", "moving"))
_NO_METRICS = frozenset(("rank", "local_rank", "global_rank", "pid", "gpu", "device", "seed"))
_BESTS = frozenset(("best", "lowest", "highest"))
_FILLERS = frozenset(
    ("phase", "set", "current", "cur", "curr", "now", "completed", "the", "this", "is", "get",
     "got", "optim", "data", "metrics", "metric", "global", "for", "subset", "on", "of", "in")
)  # fmt: skip
_POSITIONS = {
    **dict.fromkeys(("epoch", "ep", "epochs_done"), "epoch"),
    **dict.fromkeys(
        ("step", "steps", "iter", "iteration", "itr", "it", "num_updates", "update", "updates",
         "n_updates", "total_timesteps", "timesteps", "timestep", "total_steps_done", "episode",
         "round", "current_steps", "num_steps"),
        "step",
    ),
    **dict.fromkeys(
        ("batch", "batch_idx", "batch_index", "minibatch", "mini_batch", "batch_id"), "batch"
    ),
    **dict.fromkeys(("total_epochs", "max_epochs", "num_epochs", "epochs"), "total_epochs"),
    **dict.fromkeys(("total_steps", "max_steps", "total_iters", "max_iters"), "total_steps"),
    **dict.fromkeys(("total_batches", "num_batches"), "total_batches"),
}  # fmt: skip
_CANONICAL = {
    **dict.fromkeys(
        ("loss", "total_loss", "tot_loss", "total", "lm_loss", "batch_loss", "reduced_loss",
         "loss_total", "total_total", "loss_step", "step_loss", "losses", "overall_loss", "loss_loss"),
        "loss",
    ),
    **dict.fromkeys(
        ("lr", "learning_rate", "learningrate", "lr_0", "lr_pg0", "base_lr_now", "learn_rate",
         "lr_group_0", "lr_group0"),
        "lr",
    ),
    **dict.fromkeys(
        ("grad_norm", "gnorm", "gradnorm", "total_norm", "gradient_norm", "total_grad_norm",
         "norm_grad"),
        "grad_norm",
    ),
    **dict.fromkeys(
        ("accuracy", "acc", "top1", "acc1", "top1_acc", "acc_top1", "acc_1", "top_1",
         "accuracy_top1"),
        "accuracy",
    ),
    **dict.fromkeys(("step_time", "iter_time", "time_per_step", "seconds"), "step_time"),
}  # fmt: skip
_FIRST_RATE = re.compile(
    r"^(?:optim\w{0,8}?_)?(?:lr|learning_rate)_?(?:pg|group|param_group)?_?0?$"
)
_RATES = re.compile(
    r"^(?:throughput|tps|wps|ips|(?:tokens?|toks?|samples?|img|imgs|images?|it|iters?|steps?|"
    r"examples?|words?|frames?|batch|batches)(?:_per_s(?:ec(?:ond)?)?|_s(?:ec(?:ond)?)?)(?:_device|_gpu)?)$"
)
_SHORT = (
    "acc|accs|err|error|prec|precision|recall|f1|f|fscore|score|auc|auroc|roc|ap|map|dice|mse|mae|"
    "rmse|mape|r2|nll|ppl|bpc|bpb|kl|elbo|reward|rewards|return|returns|bleu|rouge|wer|cer|psnr|"
    "ssim|fid|corr|objective|cost|logloss|ndcg|hit|mrr|em|rew|success|ce|bce|mlm|lm|mp|mr|auprc|"
    "merror|learn|crossentropy|kld|pesq|sdr|snr|ler|jaccard|kappa|mcc|ari|nmi|spearman|pearson"
)
_OUTCOME = re.compile(
    rf"loss|accura|entropy|perplexity|iou|top[-_ @]?\d|acc@?\d|prec@\d|map@?[.\d]|mdice|macc|pacc|"
    rf"(?<![a-z])(?:{_SHORT})(?![a-z])"
)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z][a-z])")
_NO_OUTCOME = re.compile(
    r"scale|scaler|(?<![a-z])(?:lr|type|weight|weights|coef|lambda|alpha|gamma|func|function|fn|"
    r"threshold|smoothing|patience|interval|freq|every|num|count|size|time|sec|seconds|runtime|eta|"
    r"config|window|ratio|margin|target|version|code|codes|line|port|id|limit|min_delta)(?![a-z])"
)
_EDGES = re.compile(r"^[^\w(%]+|[^\w)%]+$")
_NAME_UNIT = re.compile(r"\s*\([^()]*\)$")
MAX_WORDS = 6


@lru_cache(maxsize=4096)
def meaning(printed: str) -> Meaning | None:  # noqa: C901 - one test after another
    """What a printed name means; None for what is no name."""
    printed = _EDGES.sub("", printed).removesuffix(" is").strip()
    bare = _NAME_UNIT.sub("", printed) or printed
    lower = _CAMEL.sub("_", bare).lower()
    for theirs, ours in _TRANSLATED:
        if theirs in lower:
            lower = lower.replace(theirs, ours)
    tokens = re.findall(r"[^\W_]+(?:@[\w.]+)?", lower)
    if not tokens or len(tokens) > (MAX_WORDS if " " in bare else 2 * MAX_WORDS):
        return None
    if lower in _NO_METRICS:
        return None
    split = next((_SPLITS[token] for token in tokens if token in _SPLITS), None)
    average = any(token in _AVERAGES for token in tokens)
    best = any(token in _BESTS for token in tokens)
    if split is None and tokens[0] == "metrics" and len(tokens) > 1 and "/" in printed:
        split = Split.VALIDATION  # Ultralytics' results.csv
    left_out = _SPLITS.keys() | _AVERAGES | _FILLERS | _BESTS
    rest = [token for token in tokens if token not in left_out]
    name = "_".join(rest)
    if " " in bare.strip() and rest[:1] in (["start"], ["starting"], ["begin"], ["running"]):
        name = "_".join(rest[1:])
    position = _POSITIONS.get(name) or _POSITIONS.get("_".join(tokens))
    if position and not best:
        return Meaning(Role.POSITION, position, split, printed)
    canonical = _CANONICAL.get(name) or _CANONICAL.get("_".join(tokens))
    if canonical is None and _FIRST_RATE.match(name):
        canonical = "lr"
    if canonical is None and _RATES.match("_".join(tokens)):
        canonical = "throughput"
    if canonical is None and re.fullmatch(r"(?:language_)?cross_?entropy(?:_loss)?", name):
        return Meaning(Role.OUTCOME, "cross_entropy", split, printed, average, best)
    if canonical:
        role = Role.OUTCOME if canonical in ("loss", "accuracy") else Role.ASIDE
        return Meaning(role, canonical, split, printed, average, best)
    outcome = _OUTCOME.search(lower) and not _NO_OUTCOME.search(lower)
    return Meaning(Role.OUTCOME if outcome else Role.ASIDE, printed, split, printed, average, best)
