"""Object detection: Detectron2, Ultralytics YOLO (v5, v8), YOLOX."""

from trainwatch.formats.dialect import Dialect
from trainwatch.formats.making import BAR, EPOCH, JSON, PAIRS, TABLE, evaluation, record

DETECTRON2 = Dialect(
    name="detectron2",
    title="Detectron2: console and metrics.json",
    records=(
        record(
            "detectron2.step",
            PAIRS,
            (
                (
                    "[07/01 10:10:10 d2.utils.events]:  eta: 1:08:29  iter: 19  total_loss: 1.409  "
                    "loss_cls: 0.9  loss_box_reg: 0.3  time: 0.2011  data_time: 0.0102  lr: 0.00019981  "
                    "max_mem: 2371M"
                ),
                {"step": 19, "loss": 1.409, "lr": 0.00019981},
            ),
            keys=("iter", "total_loss", "data_time"),
            opening=r"(?:\[[^\]]{1,60}\]:)?\s*(?:eta: [^i]{1,40}\s)?iter: \d+\s",
        ),
        record(
            "detectron2.json",
            JSON,
            (
                (
                    '{"data_time": 0.01, "eta_seconds": 4109.2, "iteration": 19, "loss_cls": 0.9, '
                    '"lr": 0.00019981, "time": 0.2, "total_loss": 1.409}'
                ),
                {"step": 19, "loss": 1.409, "lr": 0.00019981},
            ),
            keys=("iteration", "total_loss", "data_time"),
        ),
    ),
)

_AP = "all{_images:>int}{_instances:>int}{precision:>float}{recall:>float}"
_CELL = r"\s+(?:[\d.]+|nan|inf)"

YOLO = Dialect(
    name="yolo",
    title="Ultralytics YOLO v5 and v8: console and results.csv",
    granularity=EPOCH,
    formats=(
        evaluation(
            "yolo.val",
            _AP + "{mAP50:>float}{mAP50_95:>float}",
            (
                "all        128        929      0.577      0.414       0.46      0.279",
                {"precision": 0.577, "recall": 0.414, "mAP50": 0.46, "mAP50_95": 0.279},
            ),
        ),
    ),
    records=(
        # Old v5: box, obj, cls and their total in front of the number of targets.
        record(
            "yolo.v5_bar",
            BAR,
            (
                (
                    "     88/99     3.01G   0.01221  0.003734         0   0.01594        22       640: "
                    "100%|##########| 54/54 [00:12<00:00,  4.31it/s]"
                ),
                {"epoch": 88, "box_loss": 0.01221, "obj_loss": 0.003734, "loss": 0.01594},
            ),
            opening=r"\s*\d+/\d+\s+[\d.]+G?" + _CELL * 4 + r"\s+\d+\s+\d+:",
            columns=("epoch", "", "box_loss", "obj_loss", "cls_loss", "loss", "", ""),
            last_only=True,
            granularity=EPOCH,
        ),
        # Three losses: box, obj, cls of v5 or box, cls, dfl of v8; only a header line tells.
        record(
            "yolo.bar",
            BAR,
            (
                (
                    "      1/100      2.51G      1.445      2.696      1.573         38        640: "
                    "100%|██████████| 31/31 [00:06<00:00,  4.95it/s]"
                ),
                {"epoch": 1, "box_loss": 1.445},
            ),
            opening=r"\s*\d+/\d+\s+[\d.]+G?" + _CELL * 3 + r"\s+\d+\s+\d+:",
            columns=("epoch", "", "box_loss", "loss_2", "loss_3", "", ""),
            last_only=True,
            granularity=EPOCH,
        ),
        record(
            "yolo.csv",
            TABLE,
            (
                (
                    "epoch,train/box_loss,train/cls_loss,train/dfl_loss,metrics/precision(B),"
                    "metrics/recall(B),metrics/mAP50(B),metrics/mAP50-95(B),val/box_loss,lr/pg0\n"
                    "1,1.44,2.69,1.57,0.67,0.65,0.7,0.34,1.71,0.07\n"
                ),
                {"epoch": 1, "box_loss": 1.44, "cls_loss": 2.69, "dfl_loss": 1.57, "lr": 0.07},
            ),
            keys=("epoch", "train/box_loss", "metrics/mAP50(B)"),
            names={
                "train/box_loss": "box_loss",
                "train/cls_loss": "cls_loss",
                "train/dfl_loss": "dfl_loss",
                "metrics/precision(B)": "val_precision",
                "metrics/recall(B)": "val_recall",
                "metrics/mAP50(B)": "val_mAP50",
                "metrics/mAP50-95(B)": "val_mAP50_95",
                "val/box_loss": "val_box_loss",
                "val/cls_loss": "val_cls_loss",
                "val/dfl_loss": "val_dfl_loss",
                "lr/pg0": "lr",
            },
            granularity=EPOCH,
        ),
        record(
            "yolo.v5_csv",
            TABLE,
            (
                (
                    "epoch,train/box_loss,train/obj_loss,train/cls_loss,metrics/precision,"
                    "metrics/recall,metrics/mAP_0.5,metrics/mAP_0.5:0.95,val/box_loss,x/lr0\n"
                    "0,0.11,0.03,0.02,0.1,0.2,0.05,0.01,0.1,0.07\n"
                ),
                {"epoch": 0, "box_loss": 0.11, "obj_loss": 0.03, "cls_loss": 0.02, "lr": 0.07},
            ),
            keys=("epoch", "train/box_loss", "metrics/mAP_0.5"),
            names={
                "train/box_loss": "box_loss",
                "train/obj_loss": "obj_loss",
                "train/cls_loss": "cls_loss",
                "metrics/precision": "val_precision",
                "metrics/recall": "val_recall",
                "metrics/mAP_0.5": "val_mAP50",
                "metrics/mAP_0.5:0.95": "val_mAP50_95",
                "val/box_loss": "val_box_loss",
                "val/obj_loss": "val_obj_loss",
                "val/cls_loss": "val_cls_loss",
                "x/lr0": "lr",
            },
            granularity=EPOCH,
        ),
    ),
)

YOLOX = Dialect(
    name="yolox",
    title="YOLOX",
    epoch_base=1,
    batch_unit="batches",
    records=(
        record(
            "yolox.iter",
            PAIRS,
            (
                (
                    "2021-08-01 10:00:00 | INFO     | yolox.core.trainer:257 - epoch: 1/300, "
                    "iter: 10/3905, mem: 7211Mb, iter_time: 0.412s, data_time: 0.003s, "
                    "total_loss: 15.2, iou_loss: 4.6, l1_loss: 0.0, conf_loss: 8.1, cls_loss: 2.5, "
                    "lr: 1.639e-07, size: 640, ETA: 5 days, 14:31:03"
                ),
                {"epoch": 1, "batch": 10, "total_batches": 3905, "loss": 15.2, "lr": 1.639e-07},
            ),
            keys=("epoch", "iter", "iter_time", "total_loss"),
            names={"iter": "batch", "size": ""},
        ),
    ),
)

DIALECTS = (DETECTRON2, YOLO, YOLOX)
