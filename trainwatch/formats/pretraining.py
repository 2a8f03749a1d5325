"""Pretraining of large models: Megatron-LM, DeepSpeed, torchtitan, OLMo, MaxText, Composer, NeMo."""

from trainwatch.formats.dialect import Dialect
from trainwatch.formats.making import BAR, HEADER, PAIRS, evaluation, message, record, step

MEGATRON = Dialect(
    name="megatron",
    title="Megatron-LM and Megatron-DeepSpeed",
    formats=(
        evaluation(
            "megatron.validation",
            "validation loss at iteration {step:int} | lm loss value: {loss:float} | "
            "lm loss PPL: {ppl:float} |",
            (
                (
                    "validation loss at iteration 1000 | lm loss value: 2.913544E+00 | "
                    "lm loss PPL: 1.842197E+01 |"
                ),
                {"step": 1000, "loss": 2.913544, "ppl": 18.42197},
            ),
        ),
    ),
    records=(
        record(
            "megatron.iteration",
            PAIRS,
            (
                (
                    " iteration      100/  500000 | consumed samples:        51200 | elapsed time per "
                    "iteration (ms): 4120.7 | learning rate: 1.875E-05 | global batch size:   512 | "
                    "lm loss: 7.442380E+00 | loss scale: 65536.0 | grad norm: 1.213 | number of skipped "
                    "iterations:   0 | number of nan iterations:   0 |"
                ),
                {"step": 100, "loss": 7.44238, "lr": 1.875e-05, "grad_norm": 1.213},
            ),
            keys=("learning rate",),
            opening=r"(?:\[[^\]]{1,40}\])?\s*iteration\s+\d+/\s*\d+ \|",
        ),
    ),
)

DEEPSPEED = Dialect(
    name="deepspeed",
    title="DeepSpeed and DeepSpeed-Chat",
    epoch_base=0,
    formats=(
        step(
            "deepspeed.rlhf",
            "epoch: {epoch:int}|step: {step:int}|ppo_ep: {_ppo:int}|act_loss: {act_loss:float}|"
            "cri_loss: {cri_loss:float}|unsuper_loss: {unsuper_loss:float}",
            (
                "epoch: 0|step: 12|ppo_ep: 1|act_loss: -0.0625|cri_loss: 1.5e-03|unsuper_loss: 0.0",
                {
                    "epoch": 0,
                    "step": 12,
                    "act_loss": -0.0625,
                    "cri_loss": 0.0015,
                    "unsuper_loss": 0.0,
                },
            ),
        ),
        message(
            "deepspeed.reward",
            "average reward score: {_score:float}",
            ("average reward score: 3.4551", {}),
        ),
    ),
    records=(
        record(
            "deepspeed.optimizer",
            PAIRS,
            (
                (
                    "[logging.py:96:log_dist] [Rank 0] step=10, skipped=0, lr=[9.6e-06, 9.6e-06], "
                    "mom=[(0.9, 0.95), (0.9, 0.95)]"
                ),
                {},
            ),
            keys=("step", "skipped", "lr", "mom"),
            ignore=True,
        ),
        record(
            "deepspeed.timer",
            PAIRS,
            (
                (
                    "[timer.py:199:stop] epoch=0/micro_step=100/global_step=100, "
                    "RunningAvgSamplesPerSec=31.2, CurrSamplesPerSec=33.1, MemAllocated=2.1GB"
                ),
                {},
            ),
            keys=("RunningAvgSamplesPerSec",),
            ignore=True,
        ),
    ),
)

TORCHTITAN = Dialect(
    name="torchtitan",
    title="torchtitan",
    records=(
        record(
            "torchtitan.step",
            PAIRS,
            (
                (
                    "[titan] 2025-03-01 10:00:00,123 - root - INFO - step: 10  loss:  7.9132  "
                    "grad_norm:  1.4241  memory:  1.27GiB(1.60%)  tps: 171,021  tflops: 12.24  mfu: 3.92%"
                ),
                {"step": 10, "loss": 7.9132, "throughput": 171021.0},
            ),
            keys=("step", "loss", "memory", "tps"),
        ),
        record(
            "torchtitan.step_wps",
            PAIRS,
            (
                "step:  1  loss: 10.9012  memory: 50.20GiB(63.43%)  wps: 1,621  mfu: 11.30%",
                {"step": 1, "loss": 10.9012, "throughput": 1621.0},
            ),
            keys=("step", "loss", "memory", "wps"),
        ),
    ),
)

OLMO = Dialect(
    name="olmo",
    title="OLMo",
    epoch_base=0,
    records=(
        record(
            "olmo.step",
            HEADER,
            (
                (
                    "[step=10/1000,epoch=0]\n    optim/total_grad_norm=1.021\n"
                    "    train/CrossEntropyLoss=10.2\n    train/Perplexity=26,903"
                ),
                {"step": 10, "total_steps": 1000, "loss": 10.2},
            ),
            opening=r"(?:.{0,300}\t)?\[step=\d+(?:/\d+)?(?:,epoch=\d+)?\]",
            names={
                "train/CrossEntropyLoss": "loss",
                "optim/total_grad_norm": "grad_norm",
                "optim/learning_rate_group0": "lr",
                "throughput/device/tokens_per_second": "throughput",
            },
        ),
    ),
)

MAXTEXT = Dialect(
    name="maxtext",
    title="MaxText",
    formats=(
        step(
            "maxtext.step",
            "completed step: {step:int}, seconds: {step_time:float}, "
            "TFLOP/s/device: {tflops:float}, Tokens/s/device: {throughput:float}, "
            "total_weights: {_weights:int}, loss: {loss:float}",
            (
                (
                    "completed step: 9, seconds: 5.667, TFLOP/s/device: 396.322, "
                    "Tokens/s/device: 8672.758, total_weights: 49152, loss: 10.374"
                ),
                {
                    "step": 9,
                    "step_time": 5.667,
                    "tflops": 396.322,
                    "throughput": 8672.758,
                    "loss": 10.374,
                },
            ),
        ),
    ),
    records=(
        record(
            "maxtext.step_with_more",
            PAIRS,
            (
                (
                    "completed step: 3, seconds: 1.2, TFLOP/s/device: 90.1, Tokens/s/device: 4096.0, "
                    "total_weights: 8192, loss: 9.1, perplexity: 8955.29"
                ),
                {"step": 3, "loss": 9.1},
            ),
            opening=r"completed step: \d+, seconds: ",
            names={"seconds": "step_time", "Tokens/s/device": "throughput", "total_weights": ""},
        ),
    ),
)

COMPOSER = Dialect(
    name="composer",
    title="Composer and LLM Foundry",
    records=(
        record(
            "composer.batch",
            HEADER,
            (
                "[batch=2/100]:\n\t Train time/batch: 1\n\t Train loss/train/total: 10.8951",
                {"step": 2, "total_steps": 100, "loss": 10.8951},
            ),
            opening=r"\[(?:epoch=\d+\]\[)?batch=\d+/\d+\]:",
            names={"batch": "step", "Train loss/train/total": "loss", "loss/train/total": "loss"},
        ),
    ),
)

NEMO = Dialect(
    name="nemo",
    title="NeMo",
    epoch_base=0,
    records=(
        record(
            "nemo.line",
            PAIRS,
            (
                (
                    "Training epoch 0, iteration 9/99 | lr: 2.7e-06 | global_batch_size: 32 | "
                    "global_step: 9 | reduced_train_loss: 11.03 | train_step_timing in s: 5.04 | "
                    "consumed_samples: 320"
                ),
                {"epoch": 0, "step": 9, "loss": 11.03, "lr": 2.7e-06},
            ),
            opening=r"Training epoch \d+, iteration \d+/\d+ \|",
            keys=("reduced_train_loss",),
            names={"iteration": "batch", "train_step_timing in s": "step_time"},
        ),
        record(
            "nemo.bar",
            BAR,
            (
                (
                    "Epoch 0: :   1%|1         | 10/1000 [00:52<1:26:40, v_num=1, "
                    "reduced_train_loss=10.90, global_step=9.000, consumed_samples=320.0]"
                ),
                {"epoch": 0, "loss": 10.9, "step": 9},
            ),
            keys=("reduced_train_loss", "global_step"),
            names={"v_num": ""},
        ),
    ),
)

DIALECTS = (MEGATRON, DEEPSPEED, TORCHTITAN, OLMO, MAXTEXT, COMPOSER, NEMO)
