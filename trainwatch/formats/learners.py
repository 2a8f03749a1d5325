"""Other learners: Stable-Baselines3, verl, XGBoost, LightGBM, CatBoost, Caffe."""

from trainwatch.formats.dialect import Dialect
from trainwatch.formats.making import PAIRS, TABLE, TEST, record, step

SB3 = Dialect(
    name="sb3",
    title="Stable-Baselines3 tables",
    records=(
        record(
            "sb3.table",
            TABLE,
            (
                (
                    "---------------------------------\n| time/              |             |\n"
                    "|    fps             | 812         |\n|    iterations      | 2           |\n"
                    "|    total_timesteps | 4096        |\n| train/             |             |\n"
                    "|    learning_rate   | 0.0003      |\n|    loss            | 6.12        |\n"
                    "---------------------------------\n"
                ),
                {"step": 4096, "loss": 6.12, "lr": 0.0003, "throughput": 812.0},
            ),
            keys=("total_timesteps",),
            names={"total_timesteps": "step", "fps": "throughput", "time_elapsed": ""},
        ),
    ),
)

VERL = Dialect(
    name="verl",
    title="verl",
    records=(
        record(
            "verl.step",
            PAIRS,
            (
                (
                    "step:3 - timing/gen:21.470 - timing/ref:4.360 - actor/pg_loss:-0.005 - "
                    "actor/grad_norm:1.992 - critic/score/mean:0.512"
                ),
                {"step": 3},
            ),
            opening=r"\s*step:\d+ - [\w./@-]+(?:\([^)]{1,20}\))?:",
        ),
    ),
)

XGBOOST = Dialect(
    name="xgboost",
    title="XGBoost",
    records=(
        record(
            "xgboost.round",
            PAIRS,
            (
                "[12]\ttrain-logloss:0.50123\teval-logloss:0.53012",
                {"step": 12, "train-logloss": 0.50123},
            ),
            opening=r"\[\d+\]\s+[\w ]{1,40}-[\w@.:-]{1,40}:[\d.n-]",
        ),
    ),
)

LIGHTGBM = Dialect(
    name="lightgbm",
    title="LightGBM",
    records=(
        record(
            "lightgbm.round",
            PAIRS,
            ("[10]\ttraining's l2: 0.241\tvalid_1's l2: 0.262", {"step": 10}),
            opening=r"\[\d+\]\s+\w{1,40}'s \S{1,40}: ",
        ),
    ),
)

_CAT_END = "total: {_total:text}\tremaining: {_left:rest}"

CATBOOST = Dialect(
    name="catboost",
    title="CatBoost",
    formats=(
        step(
            "catboost.learn",
            "{step:int}:\tlearn: {loss:float}\t" + _CAT_END,
            (
                "10:\tlearn: 0.6012345\ttotal: 512ms\tremaining: 1m 2s",
                {"step": 10, "loss": 0.6012345},
            ),
        ),
        step(
            "catboost.learn_and_test",
            "{step:int}:\tlearn: {loss:float}\ttest: {test_loss:float}\t"
            "best: {_best:float} ({_round:int})\t" + _CAT_END,
            (
                "999:\tlearn: 0.1012\ttest: 0.2013\tbest: 0.2001 (871)\ttotal: 1m 3s\tremaining: 0us",
                {"step": 999, "loss": 0.1012, "test_loss": 0.2013},
            ),
        ),
    ),
)

CAFFE = Dialect(
    name="caffe",
    title="Caffe's solver",
    records=(
        record(
            "caffe.loss",
            PAIRS,
            (
                "Iteration 100 (2.51 iter/s, 39.8s/100 iters), loss = 2.30112",
                {"step": 100, "loss": 2.30112},
            ),
            ("Iteration 200, loss = 1.9", {"step": 200, "loss": 1.9}),
            opening=r"Iteration \d+(?: \([^)]{1,60}\))?, loss = ",
        ),
        record(
            "caffe.lr",
            PAIRS,
            ("Iteration 100, lr = 0.001", {"step": 100, "lr": 0.001}),
            opening=r"Iteration \d+, lr = ",
        ),
        record(
            "caffe.test",
            PAIRS,
            ("    Test net output #0: accuracy = 0.9012", {}),
            opening=r"\s*Test net output #\d+: ",
            split=TEST,
        ),
        record(
            "caffe.output",
            PAIRS,
            ("    Train net output #0: loss = 2.30112 (* 1 = 2.30112 loss)", {}),
            opening=r"\s*Train net output #\d+: ",
            ignore=True,
        ),
    ),
)

DIALECTS = (SB3, VERL, XGBOOST, LIGHTGBM, CATBOOST, CAFFE)
