"""Image models: timm, Swin, torchvision's MetricLogger, the PyTorch examples, OpenCLIP, DETR."""

import math

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

_TIMM = "Train: {epoch:int} [{batch:>int}/{total_batches:int} ({_percent:>float}%)]  "
_TIMM_LOSS = "Loss: {loss:>float} ({loss_avg:>float})  "
_TIMM_END = (
    "Time: {step_time:>float}s, {throughput:>float}/s  ({_t:>float}s, {_s:>float}/s)  "
    "LR: {lr:float}  Data: {_d:float} ({_a:float})"
)

TIMM = Dialect(
    name="timm",
    title="timm (pytorch-image-models)",
    epoch_base=0,
    batch_unit="batches",
    formats=(
        step(
            "timm.train",
            _TIMM + _TIMM_LOSS + _TIMM_END,
            (
                (
                    "Train: 0 [  50/1251 (  4%)]  Loss: 6.951 (6.96)  Time: 0.412s,  621.12/s  "
                    "(0.501s,  511.03/s)  LR: 1.000e-06  Data: 0.010 (0.081)"
                ),
                {
                    "epoch": 0,
                    "batch": 50,
                    "total_batches": 1251,
                    "loss": 6.951,
                    "loss_avg": 6.96,
                    "step_time": 0.412,
                    "throughput": 621.12,
                    "lr": 1e-06,
                },
            ),
            (
                (
                    "Train: 299 [1250/1251 (100%)]  Loss:  2.812345 (2.9012)  Time: 0.100s, 2560.00/s  "
                    "(0.111s, 2306.31/s)  LR: 1.000e-05  Data: 0.000 (0.002)"
                ),
                {
                    "epoch": 299,
                    "batch": 1250,
                    "total_batches": 1251,
                    "loss": 2.812345,
                    "loss_avg": 2.9012,
                    "step_time": 0.1,
                    "throughput": 2560.0,
                    "lr": 1e-05,
                },
            ),
        ),
        message(
            "timm.best",
            "*** Best metric: {_value:float} (epoch {_epoch:int})",
            ("*** Best metric: 79.86 (epoch 291)", {}),
        ),
    ),
    records=(
        record(
            "timm.test",
            PAIRS,
            (
                (
                    "Test: [  10/97]  Time: 0.211 (0.301)  Loss:  0.512 (0.601)  "
                    "Acc@1: 90.625 (88.210)  Acc@5: 98.438 (97.900)"
                ),
                {},
            ),
            opening=r"Test(?: \(EMA\))?: \[\s*\d+/\d+\]\s+Time:",
            split=VALIDATION,
        ),
    ),
)

SWIN = Dialect(
    name="swin",
    title="Swin Transformer",
    epoch_base=0,
    batch_unit="batches",
    records=(
        record(
            "swin.train",
            PAIRS,
            (
                (
                    "[2021-04-12 10:00:00 swin_tiny](main.py 200): INFO Train: [0/300][10/1251]\t"
                    "eta 1:20:00 lr 0.000001\ttime 0.3812 (0.4102)\tloss 6.9412 (6.9501)\t"
                    "grad_norm 1.2113 (1.3021)\tmem 8912MB"
                ),
                {"epoch": 0, "batch": 10, "total_batches": 1251, "loss": 6.9412},
            ),
            opening=r"(?:\[?[^\[\]]{1,80}\]\s?\([^)]{1,80}\): INFO )?Train: \[\d+/\d+\]\[\d+/\d+\]\s",
        ),
        record(
            "swin.test",
            PAIRS,
            (
                (
                    "Test: [10/98]\tTime 0.201 (0.301)\tLoss 0.5121 (0.6013)\t"
                    "Acc@1 90.625 (88.210)\tAcc@5 98.438 (97.900)\tMem 8912MB"
                ),
                {},
            ),
            opening=r"(?:\[?[^\[\]]{1,80}\]\s?\([^)]{1,80}\): INFO )?Test: \[\s*\d+/\d+\]\tTime",
            keys=("Mem",),
            split=VALIDATION,
        ),
    ),
)

IMAGENET = Dialect(
    name="imagenet",
    title="the PyTorch ImageNet example and its many descendants",
    epoch_base=0,
    batch_unit="batches",
    formats=(
        evaluation(
            "imagenet.result",
            "* Acc@1 {accuracy:>float} Acc@5 {acc5:>float}",
            ("* Acc@1 69.758 Acc@5 89.078", {"accuracy": 69.758, "acc5": 89.078}),
        ),
        evaluation(
            "imagenet.result_prec",
            "* Prec@1 {accuracy:>float} Prec@5 {acc5:>float}",
            ("* Prec@1 69.758 Prec@5 89.078", {"accuracy": 69.758, "acc5": 89.078}),
        ),
    ),
    records=(
        record(
            "imagenet.train",
            PAIRS,
            (
                (
                    "Epoch: [0][  10/5005]\tTime  0.412 ( 1.021)\tData  0.001 ( 0.311)\t"
                    "Loss 6.9123e+00 (7.0012e+00)\tAcc@1   0.39 (  0.21)\tAcc@5   1.17 (  0.92)"
                ),
                {"epoch": 0, "batch": 10, "total_batches": 5005, "loss": 6.9123},
            ),
            opening=r"Epoch: \[\d+\]\[\s*\d+/\d+\]\s+Time\s",
        ),
        record(
            "imagenet.test",
            PAIRS,
            (
                (
                    "Test: [ 10/196]\tTime  0.301 ( 0.512)\tLoss 1.1021e+00 (1.2210e+00)\t"
                    "Acc@1  74.22 ( 70.10)\tAcc@5  91.02 ( 89.93)"
                ),
                {},
            ),
            opening=r"Test: \[\s*\d+/\d+\]\s+Time\s",
            split=VALIDATION,
        ),
    ),
)

_EPOCH_OF = r"(?:Train: data e|E)poch: \[\d+\]\s+\[\s*\d+/\d+\]\s+eta: "

TORCHVISION = Dialect(
    name="torchvision",
    title="torchvision's MetricLogger (references, DETR, DeiT, MAE, LAVIS)",
    epoch_base=0,
    batch_unit="batches",
    records=(
        record(
            "torchvision.train",
            PAIRS,
            (
                (
                    "Epoch: [0]  [ 50/660]  eta: 0:08:23  lr: 0.000040  loss: 3.1472 (4.1181)  "
                    "time: 0.4281  data: 0.0002  max mem: 11539"
                ),
                {"epoch": 0, "batch": 50, "total_batches": 660, "loss": 3.1472, "lr": 4e-05},
            ),
            (
                (
                    "Train: data epoch: [1]  [ 200/4498]  eta: 1:01:12  lr: 0.000098  loss: 6.5821  "
                    "time: 0.8412  data: 0.0000  max mem: 20112"
                ),
                {"epoch": 1, "batch": 200, "total_batches": 4498, "loss": 6.5821, "lr": 9.8e-05},
            ),
            opening=_EPOCH_OF,
            names={"data": "data_time", "max mem": ""},
        ),
        record(
            "torchvision.test",
            PAIRS,
            (
                (
                    "Test:  [ 10/79]  eta: 0:00:12  loss: 0.5121 (0.6013)  acc1: 90.6250 (88.2101)  "
                    "time: 0.1201  data: 0.0801  max mem: 11539"
                ),
                {},
            ),
            opening=r"Test:\s+\[\s*\d+/\d+\]\s+eta: ",
            split=VALIDATION,
        ),
        record(
            "torchvision.averaged",
            PAIRS,
            ("Averaged stats: lr: 0.000380  loss: 2.2566 (2.7254)", {}),
            opening=r"Averaged stats: ",
            ignore=True,
        ),
    ),
)

_SET = "Average loss: {loss:float}, Accuracy: {correct:int}/{_total:int} ({accuracy:float}%)"

MNIST = Dialect(
    name="mnist",
    title="the PyTorch MNIST example",
    epoch_base=1,
    batch_unit="samples",
    formats=(
        step(
            "mnist.train",
            "Train Epoch: {epoch:int} [{batch:>int}/{total_batches:int} ({_percent:float}%)]\t"
            "Loss: {loss:float}",
            (
                "Train Epoch: 1 [640/60000 (1%)]\tLoss: 1.785213",
                {"epoch": 1, "batch": 640, "total_batches": 60000, "loss": 1.785213},
            ),
            (
                "Train Epoch: 14 [57600/60000 (96%)]\tLoss: nan",
                {"epoch": 14, "batch": 57600, "total_batches": 60000, "loss": math.nan},
            ),
        ),
        evaluation(
            "mnist.test",
            "Test set: " + _SET,
            (
                "Test set: Average loss: 0.0451, Accuracy: 9812/10000 (98%)",
                {"loss": 0.0451, "correct": 9812, "accuracy": 98.0},
            ),
            split=TEST,
        ),
    ),
)

OPENCLIP = Dialect(
    name="openclip",
    title="OpenCLIP",
    epoch_base=0,
    batch_unit="samples",
    records=(
        record(
            "openclip.train",
            PAIRS,
            (
                (
                    "2023-03-01,10:00:00 | INFO | Train Epoch: 0 [  51200/10968539 (0%)] "
                    "Data (t): 0.301 Batch (t): 1.201, 426.3/s, 106.6/s/gpu LR: 0.000005 "
                    "Logit Scale: 14.286 Contrastive_loss: 6.1021 (6.2013) Loss: 6.1021 (6.2013)"
                ),
                {"epoch": 0, "batch": 51200, "total_batches": 10968539, "loss": 6.1021},
            ),
            opening=r"(?:[\d,: -]{10,30} \| INFO \| )?Train Epoch: \d+ \[\s*\d+/\d+ \(\d+%\)\] ",
            keys=("Logit Scale",),
        ),
        record(
            "openclip.eval",
            PAIRS,
            (
                (
                    "2023-03-01,11:00:00 | INFO | Eval Epoch: 1 imagenet-zeroshot-val-top1: 0.2012\t"
                    "imagenet-zeroshot-val-top5: 0.4021"
                ),
                {},
            ),
            opening=r"(?:[\d,: -]{10,30} \| INFO \| )?Eval Epoch: \d+ ",
            split=VALIDATION,
        ),
    ),
)

DETR = Dialect(
    name="detr",
    title="log.txt of DETR, DeiT, MAE: one JSON object an epoch",
    epoch_base=0,
    granularity=EPOCH,
    records=(
        record(
            "detr.epoch",
            JSON,
            (
                (
                    '{"train_lr": 1e-04, "train_loss": 12.81, "train_loss_ce": 0.6, "test_loss": 11.02, '
                    '"epoch": 3, "n_parameters": 41302368}'
                ),
                {"epoch": 3, "loss": 12.81, "lr": 1e-04},
            ),
            keys=("train_lr", "train_loss", "epoch"),
            names={"n_parameters": "", "train_lr": "lr", "train_loss": "loss"},
            granularity=EPOCH,
        ),
    ),
)

DIALECTS = (TIMM, SWIN, IMAGENET, TORCHVISION, MNIST, OPENCLIP, DETR)
