"""OpenMMLab: mmcv (with its JSON) and mmengine."""

from trainwatch.formats.dialect import Dialect
from trainwatch.formats.making import JSON, PAIRS, VALIDATION, record

_LOGGER = r"(?:[\d/ :,.-]{8,30} - \S{1,40} - INFO - )?"
"""The prefix of mmengine's logger: a date without a year, or one of Python logging."""

MMENGINE = Dialect(
    name="mmengine",
    title="mmengine",
    epoch_base=1,
    batch_unit="batches",
    records=(
        record(
            "mmengine.epoch",
            PAIRS,
            (
                (
                    "07/03 13:04:17 - mmengine - INFO - Epoch(train)  [1][ 10/196]  lr: 3.3333e-04  "
                    "eta: 0:13:14  time: 0.4073  data_time: 0.0335  memory: 970  loss: 6.1887"
                ),
                {"epoch": 1, "batch": 10, "total_batches": 196, "lr": 3.3333e-04, "loss": 6.1887},
            ),
            opening=_LOGGER + r"Epoch\(train\)\s+\[",
        ),
        record(
            "mmengine.iter",
            PAIRS,
            (
                (
                    "01/29 21:35:34 - mmengine - INFO - Iter(train) [ 10/720]  lr: 9.0001e-05  "
                    "eta: 0:31:46  time: 2.6851  data_time: 0.0077  memory: 12762  loss: 2.6900"
                ),
                {"step": 10, "total_steps": 720, "lr": 9.0001e-05, "loss": 2.69},
            ),
            opening=_LOGGER + r"Iter\(train\)\s+\[",
        ),
        record(
            "mmengine.val",
            PAIRS,
            (
                (
                    "07/03 13:05:11 - mmengine - INFO - Epoch(val) [1][16/16]    accuracy/top1: 41.7  "
                    "data_time: 0.05  time: 0.11"
                ),
                {},
            ),
            opening=_LOGGER + r"(?:Epoch|Iter)\((?:val|test)\)\s+(?:\[\d+\])?\[\s*\d+/\d+\]",
            split=VALIDATION,
        ),
    ),
)

MMCV = Dialect(
    name="mmcv",
    title="mmcv: text and JSON logs",
    epoch_base=1,
    batch_unit="batches",
    records=(
        record(
            "mmcv.epoch",
            PAIRS,
            (
                (
                    "2021-08-01 10:00:00,123 - mmdet - INFO - Epoch [1][50/7330]\tlr: 1.978e-03, "
                    "eta: 1 day, 4:12:15, time: 0.471, data_time: 0.054, memory: 3812, "
                    "loss_cls: 1.0012, loss: 1.9134"
                ),
                {"epoch": 1, "batch": 50, "total_batches": 7330, "lr": 1.978e-03, "loss": 1.9134},
            ),
            opening=_LOGGER + r"Epoch \[\d+\]\[\d+/\d+\]\s",
            keys=("lr",),
        ),
        record(
            "mmcv.iter",
            PAIRS,
            (
                (
                    "2021-08-01 10:00:00,123 - mmseg - INFO - Iter [50/160000]\tlr: 1.000e-02, "
                    "eta: 20:11:05, time: 0.455, data_time: 0.006, memory: 8541, loss: 2.1071"
                ),
                {"step": 50, "total_steps": 160000, "lr": 0.01, "loss": 2.1071},
            ),
            opening=_LOGGER + r"Iter \[\d+/\d+\]\s",
            keys=("lr",),
        ),
        record(
            "mmcv.val",
            PAIRS,
            ("2021-08-01 11:00:00,123 - mmdet - INFO - Epoch(val) [1][625]\tbbox_mAP: 0.271", {}),
            opening=_LOGGER + r"(?:Epoch|Iter)\(val\) \[\d+\](?:\[\d+\])?\t",
            split=VALIDATION,
        ),
        record(
            "mmcv.json",
            JSON,
            (
                (
                    '{"mode": "train", "epoch": 1, "iter": 50, "lr": 0.002, "memory": 3812, '
                    '"data_time": 0.05, "loss": 1.9134, "time": 0.47}'
                ),
                {"epoch": 1, "batch": 50, "lr": 0.002, "loss": 1.9134},
            ),
            keys=("epoch", "iter", "memory", "data_time"),
            names={"iter": "batch", "memory": "", "mode": ""},
        ),
    ),
)

DIALECTS = (MMENGINE, MMCV)
