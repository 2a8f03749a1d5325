"""Speech and text: fairseq, ESPnet, WeNet, icefall, Flair."""

from trainwatch.formats.dialect import Dialect
from trainwatch.formats.making import (
    EPOCH,
    JSON,
    PAIRS,
    TEST,
    VALIDATION,
    evaluation,
    message,
    record,
    step,
)

_INNER = r"(?:(?:.{0,60}\| INFO \| )?train_inner \| )?"

FAIRSEQ = Dialect(
    name="fairseq",
    title="fairseq: JSON and simple format",
    epoch_base=1,
    records=(
        record(
            "fairseq.json",
            JSON,
            (
                (
                    '2021-01-01 10:00:00 | INFO | train_inner | {"epoch": 1, "update": 0.01, '
                    '"loss": "16.475", "ppl": "91081.2", "wps": "0", "num_updates": "1", "lr": "2e-05", '
                    '"gnorm": "20.751", "loss_scale": "128", "wall": "10"}'
                ),
                {"epoch": 1, "step": 1, "loss": 16.475, "lr": 2e-05, "grad_norm": 20.751},
            ),
            keys=("num_updates", "loss"),
            names={"update": "", "wall": ""},
        ),
        record(
            "fairseq.inner",
            PAIRS,
            (
                (
                    "2021-01-01 10:00:00 | INFO | train_inner | epoch 001:    100 / 1102 loss=12.1, "
                    "nll_loss=11.8, ppl=3565.8, wps=41012, ups=1.6, wpb=25011, num_updates=100, "
                    "lr=1.2e-05, gnorm=2.1, train_wall=61, wall=70"
                ),
                {"epoch": 1, "step": 100, "loss": 12.1, "lr": 1.2e-05, "grad_norm": 2.1},
            ),
            opening=_INNER + r"epoch \d+:\s+\d+ / \d+ ",
            keys=("num_updates",),
            names={"wall": "", "train_wall": ""},
        ),
        record(
            "fairseq.valid",
            PAIRS,
            (
                (
                    "2021-01-01 11:00:00 | INFO | valid | epoch 001 | valid on 'valid' subset | "
                    "loss 9.1 | nll_loss 8.1 | ppl 274.3 | wps 101201 | num_updates 1102"
                ),
                {},
            ),
            opening=r"(?:.{0,60}\| INFO \| )?valid \| epoch \d+ \|",
            split=VALIDATION,
        ),
        record(
            "fairseq.epoch",
            PAIRS,
            (
                (
                    "2021-01-01 11:00:00 | INFO | train | epoch 001 | loss 10.1 | nll_loss 9.4 | "
                    "ppl 675.6 | num_updates 1102 | lr 0.000137 | gnorm 1.9"
                ),
                {},
            ),
            opening=r"(?:.{0,60}\| INFO \| )?train \| epoch \d+ \|",
            granularity=EPOCH,
        ),
    ),
)

ESPNET = Dialect(
    name="espnet",
    title="ESPnet2",
    epoch_base=1,
    batch_unit="batches",
    records=(
        record(
            "espnet.train",
            PAIRS,
            (
                (
                    "[node1] 2022-01-01 10:00:00,123 (trainer:720) INFO: 1epoch:train:1-100batch: "
                    "iter_time=0.1, forward_time=0.2, loss=101.2, acc=0.1, backward_time=0.3, "
                    "optim0_lr0=1e-05, train_time=1.2"
                ),
                {"epoch": 1, "loss": 101.2},
            ),
            opening=r".{0,120}?\d+epoch:train:\d+-\d+batch: ",
            names={"optim0_lr0": "lr"},
        ),
    ),
)

_WENET = "Batch {epoch:int}/{batch:int} loss {loss:float} "

WENET = Dialect(
    name="wenet",
    title="WeNet",
    epoch_base=0,
    batch_unit="batches",
    formats=(
        step(
            "wenet.train",
            "DEBUG TRAIN " + _WENET + "loss_att {loss_att:float} loss_ctc {loss_ctc:float} "
            "lr {lr:float} rank {rank:rank}",
            (
                "DEBUG TRAIN Batch 0/100 loss 101.2 loss_att 60.1 loss_ctc 196.9 lr 0.00001 rank 0",
                {
                    "epoch": 0,
                    "batch": 100,
                    "loss": 101.2,
                    "loss_att": 60.1,
                    "loss_ctc": 196.9,
                    "lr": 1e-05,
                    "rank": 0,
                },
            ),
        ),
        step(
            "wenet.cv",
            "DEBUG CV " + _WENET + "loss_att {loss_att:float} loss_ctc {loss_ctc:float} "
            "history loss {loss_avg:float} rank {rank:rank}",
            (
                "DEBUG CV Batch 3/100 loss 11.2 loss_att 6.1 loss_ctc 16.9 history loss 10.0 rank 1",
                {
                    "epoch": 3,
                    "batch": 100,
                    "loss": 11.2,
                    "loss_att": 6.1,
                    "loss_ctc": 16.9,
                    "loss_avg": 10.0,
                    "rank": 1,
                },
            ),
            split=VALIDATION,
        ),
        evaluation(
            "wenet.cv_result",
            "INFO Epoch {epoch:int} CV info cv_loss {loss:float}",
            ("INFO Epoch 3 CV info cv_loss 9.8712", {"epoch": 3, "loss": 9.8712}),
        ),
    ),
)

_BATCH = (
    "Epoch {epoch:int}, batch {batch:int}, loss[loss={loss:float}, {_parts:text}], "
    "tot_loss[loss={loss_avg:float}, {_more:rest}], batch size: {_size:int}, lr: {lr:float}, "
    "grad_scale: {_scale:float}"
)
_ICEFALL = (
    "loss[loss=0.9412, simple_loss=0.8, over 1010.00 frames. ], tot_loss[loss=1.0213, "
    "simple_loss=0.9, over 40123.50 frames. ], batch size: 50, lr: 2.99e-03, grad_scale: 1.0"
)
_ICEFALL_FIELDS = {"epoch": 1, "batch": 50, "loss": 0.9412, "loss_avg": 1.0213, "lr": 2.99e-03}

ICEFALL = Dialect(
    name="icefall",
    title="icefall (k2)",
    epoch_base=1,
    batch_unit="batches",
    formats=(
        step(
            "icefall.batch_of_rank",
            "[{_where:word}] ({rank:rank}/{_world:rank}) " + _BATCH,
            (f"[train.py:800] (3/8) Epoch 1, batch 50, {_ICEFALL}", {**_ICEFALL_FIELDS, "rank": 3}),
        ),
        step(
            "icefall.batch",
            "[{_where:word}] " + _BATCH,
            (f"[train.py:800] Epoch 1, batch 50, {_ICEFALL}", _ICEFALL_FIELDS),
        ),
        evaluation(
            "icefall.valid_of_rank",
            "[{_where:word}] ({rank:rank}/{_world:rank}) Epoch {epoch:int}, validation: "
            "loss={loss:float}, {_rest:rest}",
            (
                (
                    "[train.py:830] (0/8) Epoch 1, validation: loss=0.2412, simple_loss=0.3, over "
                    "1810.00 frames. "
                ),
                {"rank": 0, "epoch": 1, "loss": 0.2412},
            ),
        ),
        evaluation(
            "icefall.valid",
            "[{_where:word}] Epoch {epoch:int}, validation: loss={loss:float}, {_rest:rest}",
            (
                "[train.py:830] Epoch 2, validation: loss=0.2012, over 1810.00 frames. ",
                {"epoch": 2, "loss": 0.2012},
            ),
        ),
    ),
)

_FLAIR = "epoch {epoch:int} - iter {batch:int}/{total_batches:int} - loss {loss:float} - "
_FLAIR_TIME = "time (sec): {_seconds:float} - samples/sec: {throughput:float} - lr: {lr:float}"

FLAIR = Dialect(
    name="flair",
    title="Flair",
    epoch_base=1,
    batch_unit="batches",
    formats=(
        step(
            "flair.iter",
            _FLAIR + _FLAIR_TIME,
            (
                (
                    "epoch 1 - iter 4/40 - loss 3.28101 - time (sec): 1.10 - samples/sec: 2611.84 - "
                    "lr: 0.100000"
                ),
                {
                    "epoch": 1,
                    "batch": 4,
                    "total_batches": 40,
                    "loss": 3.28101,
                    "throughput": 2611.84,
                    "lr": 0.1,
                },
            ),
        ),
        step(
            "flair.iter_with_momentum",
            _FLAIR + _FLAIR_TIME + " - momentum: {_momentum:float}",
            (
                (
                    "epoch 2 - iter 8/40 - loss 1.5 - time (sec): 1.1 - samples/sec: 90.0 - "
                    "lr: 5e-05 - momentum: 0.000000"
                ),
                {
                    "epoch": 2,
                    "batch": 8,
                    "total_batches": 40,
                    "loss": 1.5,
                    "throughput": 90.0,
                    "lr": 5e-05,
                },
            ),
        ),
        step(
            "flair.iter_old",
            _FLAIR + "samples/sec: {throughput:float} - lr: {lr:float}",
            (
                "epoch 1 - iter 0/40 - loss 3.2 - samples/sec: 10.25 - lr: 0.1",
                {
                    "epoch": 1,
                    "batch": 0,
                    "total_batches": 40,
                    "loss": 3.2,
                    "throughput": 10.25,
                    "lr": 0.1,
                },
            ),
        ),
        message(
            "flair.epoch_done",
            "EPOCH {_epoch:int} done: loss {_loss:float} - lr{_lr:rest}",
            ("EPOCH 1 done: loss 2.5892 - lr 0.100000", {}),
        ),
        evaluation(
            "flair.dev",
            "DEV : loss {loss:float} - f1-score (micro avg) {f1:>float}",
            ("DEV : loss 2.0097 - f1-score (micro avg)  0.41", {"loss": 2.0097, "f1": 0.41}),
        ),
        evaluation(
            "flair.test",
            "TEST : loss {loss:float} - f1-score (micro avg) {f1:>float}",
            ("TEST : loss 1.9 - f1-score (micro avg)  0.5", {"loss": 1.9, "f1": 0.5}),
            split=TEST,
        ),
    ),
)

DIALECTS = (FAIRSEQ, ESPNET, WENET, ICEFALL, FLAIR)
