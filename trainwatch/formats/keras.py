"""Keras, and PaddlePaddle's suites."""

from trainwatch.formats.dialect import Dialect
from trainwatch.formats.making import EPOCH, PAIRS, TABLE, record

KERAS = Dialect(
    name="keras",
    title="Keras console and CSVLogger",
    batch_unit="batches",
    records=(
        record(
            "keras.bar",
            PAIRS,
            (
                (
                    "Epoch 1/10\n1563/1563 [==============================] - 12s 7ms/step - "
                    "loss: 1.5213 - accuracy: 0.4401 - val_loss: 1.2301 - val_accuracy: 0.5612"
                ),
                {"epoch": 1, "loss": 1.5213},
            ),
            opening=r"\s*\d+/\d+ \[[=>.]+\] - ",
        ),
        record(
            "keras.bar3",
            PAIRS,
            (
                (
                    "Epoch 2/10\n1563/1563 ━━━━━━━━━━━━━━━━━━━━ 10s 6ms/step - accuracy: 0.4401 - "
                    "loss: 1.5213"
                ),
                {"epoch": 2, "loss": 1.5213},
            ),
            opening=r"\s*\d+/\d+ ━+ ",
        ),
        record(
            "keras.csv",
            TABLE,
            (
                "epoch,accuracy,loss,val_accuracy,val_loss\n0,0.44,1.52,0.56,1.23\n",
                {"epoch": 0, "accuracy": 0.44, "loss": 1.52},
            ),
            keys=("epoch", "accuracy", "loss", "val_accuracy", "val_loss"),
            granularity=EPOCH,
        ),
    ),
)

PADDLE = Dialect(
    name="paddle",
    title="PaddleOCR, PaddleDetection, PaddleSeg, PaddleClas",
    records=(
        record(
            "paddle.ocr",
            PAIRS,
            (
                (
                    "[2022/05/01 10:00:00] ppocr INFO: epoch: [38/200], global_step: 13099, "
                    "lr: 0.000848, loss: 0.9737, avg_reader_cost: 0.01 s, avg_batch_cost: 0.3 s, "
                    "avg_samples: 8.0, ips: 26.5 samples/s, eta: 10:12:01"
                ),
                {"epoch": 38, "step": 13099, "loss": 0.9737, "lr": 0.000848},
            ),
            opening=r"(?:\[[\d/ :]{10,25}\] \S{1,20} INFO: )?epoch: \[\d+/\d+\], ",
        ),
        record(
            "paddle.detection",
            PAIRS,
            (
                (
                    "[05/01 10:00:00] ppdet.engine INFO: Epoch: [0] [  20/7393] "
                    "learning_rate: 0.000333 loss: 41.21 eta: 4:01:02 batch_cost: 0.41 "
                    "data_cost: 0.01 ips: 9.7 images/s"
                ),
                {"epoch": 0, "batch": 20, "total_batches": 7393, "loss": 41.21},
            ),
            opening=r"(?:\[[\d/ :]{10,25}\] \S{1,20} INFO: )?Epoch: \[\d+\] \[\s*\d+/\d+\] ",
            keys=("learning_rate", "batch_cost"),
        ),
        record(
            "paddle.seg",
            PAIRS,
            (
                (
                    "2022-05-01 10:00:00 [INFO]\t[TRAIN] epoch: 1, iter: 10/160000, loss: 2.1021, "
                    "lr: 0.009999, batch_cost: 0.4012, reader_cost: 0.01, ips: 4.98 samples/sec | "
                    "ETA 17:49:11"
                ),
                {"epoch": 1, "step": 10, "total_steps": 160000, "loss": 2.1021},
            ),
            opening=r"\s*\[TRAIN\] epoch: \d+, iter: ",
            names={"iter": "step"},
        ),
        record(
            "paddle.clas",
            PAIRS,
            (
                (
                    "[2022/05/01 10:00:00] ppcls INFO: [Train][Epoch 1/120][Iter: 10/5004]"
                    "lr(PiecewiseDecay): 0.1, top1: 0.01, loss: 6.9, batch_cost: 0.3s, "
                    "ips: 213.3 samples/s, eta: 2 days, 1:02:03"
                ),
                {"epoch": 1, "batch": 10, "total_batches": 5004, "loss": 6.9},
            ),
            opening=r"(?:\[[\d/ :]{10,25}\] \S{1,20} INFO: )?\[Train\]\[Epoch \d+/\d+\]\[Iter: ",
        ),
    ),
)

DIALECTS = (KERAS, PADDLE)
