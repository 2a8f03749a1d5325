"""Small GPT trainings: nanoGPT, modded-nanogpt, llm.c, LitGPT."""

import math

from trainwatch.formats.dialect import Dialect
from trainwatch.formats.making import evaluation, step

NANOGPT = Dialect(
    name="nanogpt",
    title="nanoGPT",
    formats=(
        step(
            "nanogpt.iter",
            "iter {step:int}: loss {loss:float}, time {_ms:float}ms, mfu {mfu:float}%",
            (
                "iter 100: loss 3.0912, time 131.52ms, mfu 17.45%",
                {"step": 100, "loss": 3.0912, "mfu": 17.45},
            ),
            (
                "iter 0: loss nan, time 5210.11ms, mfu -100.00%",
                {"step": 0, "loss": math.nan, "mfu": -100.0},
            ),
        ),
        step(
            "nanogpt.iter_without_mfu",
            "iter {step:int}: loss {loss:float}, time {_ms:float}ms",
            ("iter 7: loss 10.8751, time 402.10ms", {"step": 7, "loss": 10.8751}),
        ),
        step(
            "nanogpt.eval",
            "step {step:int}: train loss {loss:float}, val loss {val_loss:float}",
            (
                "step 250: train loss 2.9871, val loss 3.0127",
                {"step": 250, "loss": 2.9871, "val_loss": 3.0127},
            ),
        ),
    ),
)

_MODDED_END = "train_time:{_time:word} step_avg:{_avg:word}"

MODDED = Dialect(
    name="modded_nanogpt",
    title="modded-nanogpt (speedrun records)",
    formats=(
        step(
            "modded_nanogpt.train",
            "step:{step:int}/{total_steps:int} train_loss:{loss:float} " + _MODDED_END,
            (
                "step:1/4578 train_loss:10.9031 train_time:304ms step_avg:nanms",
                {"step": 1, "total_steps": 4578, "loss": 10.9031},
            ),
        ),
        evaluation(
            "modded_nanogpt.val",
            "step:{step:int}/{total_steps:int} val_loss:{loss:float} " + _MODDED_END,
            (
                "step:250/3040 val_loss:4.2107 train_time:118.4s step_avg:473.58ms",
                {"step": 250, "total_steps": 3040, "loss": 4.2107},
            ),
        ),
    ),
)

LLMC = Dialect(
    name="llmc",
    title="llm.c: main.log and console",
    formats=(
        step(
            "llmc.train",
            "s:{step:int} trl:{loss:float} lr:{lr:float} norm:{grad_norm:float}",
            (
                "s:3 trl:10.1234 lr:4e-06 norm:7.75",
                {"step": 3, "loss": 10.1234, "lr": 4e-06, "grad_norm": 7.75},
            ),
        ),
        evaluation(
            "llmc.val",
            "s:{step:int} tel:{loss:float}",
            ("s:250 tel:6.4021", {"step": 250, "loss": 6.4021}),
        ),
        evaluation(
            "llmc.hellaswag",
            "s:{step:int} eval:{hellaswag:float}",
            ("s:250 eval:0.2531", {"step": 250, "hellaswag": 0.2531}),
        ),
        step(
            "llmc.console",
            "step {step:>int}/{total_steps:int} | loss {loss:>float} ({_lz:word})| "
            "norm {grad_norm:>float} ({_nz:word})| lr {lr:float} | {_ms:float} ms | "
            "{_mfu:>float}% bf16 MFU | {throughput:float} tok/s",
            (
                (
                    "step    2/19560 | loss 10.955782 (+nanz)| norm 15.3500 (+nanz)| lr 1.71e-06 | "
                    "3055.92 ms | 55.0% bf16 MFU | 171564 tok/s"
                ),
                {
                    "step": 2,
                    "total_steps": 19560,
                    "loss": 10.955782,
                    "grad_norm": 15.35,
                    "lr": 1.71e-06,
                    "throughput": 171564.0,
                },
            ),
        ),
        evaluation(
            "llmc.console_val",
            "val loss {loss:float}",
            ("val loss 11.009205", {"loss": 11.009205}),
        ),
    ),
)

_LIT = "Epoch {epoch:int} | iter {_iter:int} step {step:int} | loss train: {loss:float}, "
_LIT_END = " | iter time: {_ms:float} ms{_rest:rest}"

LITGPT = Dialect(
    name="litgpt",
    title="LitGPT",
    epoch_base=1,
    formats=(
        step(
            "litgpt.step",
            _LIT + "val: n/a" + _LIT_END,
            (
                "Epoch 1 | iter 24 step 3 | loss train: 1.623, val: n/a | iter time: 341.27 ms (step)",
                {"epoch": 1, "step": 3, "loss": 1.623},
            ),
            (
                (
                    "Epoch 2 | iter 410 step 102 | loss train: 5.871, val: n/a | iter time: 98.20 ms"
                    " (step) remaining time: 1 day, 2:03:04"
                ),
                {"epoch": 2, "step": 102, "loss": 5.871},
            ),
        ),
        step(
            "litgpt.step_with_val",
            _LIT + "val: {val_loss:float}" + _LIT_END,
            (
                "Epoch 1 | iter 800 step 100 | loss train: 1.021, val: 1.105 | iter time: 340.80 ms",
                {"epoch": 1, "step": 100, "loss": 1.021, "val_loss": 1.105},
            ),
        ),
        evaluation(
            "litgpt.val",
            "iter {_iter:int}: val loss {loss:float}, val time: {_ms:float} ms",
            ("iter 800: val loss 1.1049, val time: 5120.33 ms", {"loss": 1.1049}),
        ),
    ),
)

DIALECTS = (NANOGPT, MODDED, LLMC, LITGPT)
