"""Excerpts in the manner of frameworks and scripts that the extractor was not made on.

Written from memory of what they print, with what a careful reader takes out of them, before the
extractor was tried on them.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Case:
    """An excerpt and what must be read out of it.

    Attributes:
        steps: How many training records.
        first, last: Columns of the first and the last of them.
        evals: How many results of evaluations.
        result: Columns of the first of them.
    """

    name: str
    text: str
    steps: int
    first: dict[str, Any] = field(default_factory=dict)
    last: dict[str, Any] = field(default_factory=dict)
    evals: int = 0
    result: dict[str, Any] = field(default_factory=dict)
    granularity: str = "step"


CASES = (
    Case(
        "keras verbose 2",
        """Epoch 1/3
1875/1875 - 5s - loss: 0.2912 - accuracy: 0.9151 - val_loss: 0.1411 - val_accuracy: 0.9578 - 5s/epoch
Epoch 2/3
1875/1875 - 4s - loss: 0.1402 - accuracy: 0.9580 - val_loss: 0.1008 - val_accuracy: 0.9692 - 4s/epoch
Epoch 3/3
1875/1875 - 4s - loss: 0.1051 - accuracy: 0.9679 - val_loss: 0.0861 - val_accuracy: 0.9735 - 4s/epoch
""",
        3,
        {"epoch": 1, "loss": 0.2912, "accuracy": 0.9151, "val_loss": 0.1411, "total_epochs": 3},
        {"epoch": 3, "loss": 0.1051},
        3,
        {"epoch": 1, "loss": 0.1411, "accuracy": 0.9578},
        "epoch",
    ),
    Case(
        "keras bar with carriage returns",
        "Epoch 1/2\n"
        "\r  1/100 [..............................] - ETA: 1:02 - loss: 2.3026 - accuracy: 0.0938"
        "\r 50/100 [==============>...............] - ETA: 0s - loss: 1.9011 - accuracy: 0.3101"
        "\r100/100 [==============================] - 2s 12ms/step - loss: 1.5012 - accuracy: 0.4523"
        "\nEpoch 2/2\n"
        "\r  1/100 [..............................] - ETA: 1s - loss: 1.2026 - accuracy: 0.5938\n",
        4,
        {"epoch": 1, "batch": 1, "loss": 2.3026, "total_batches": 100},
        {"epoch": 2, "batch": 1, "loss": 1.2026},
    ),
    Case(
        "fastai",
        """epoch     train_loss  valid_loss  accuracy  time
0         0.412345    0.301234    0.912000  00:41
1         0.298761    0.250012    0.923400  00:40
2         0.231100    0.241500    0.930100  00:40
""",
        3,
        {"epoch": 0, "loss": 0.412345, "accuracy": 0.912},
        {"epoch": 2, "loss": 0.2311},
        3,
        {"epoch": 0, "loss": 0.301234},
        "epoch",
    ),
    Case(
        "paddleocr",
        "[2022/03/01 10:00:00] ppocr INFO: epoch: [1/500], global_step: 10, lr: 0.000100, acc: 0.0,"
        " norm_edit_dis: 0.01, loss: 45.2312, avg_reader_cost: 0.31 s, avg_batch_cost: 0.61 s,"
        " avg_samples: 64.0, ips: 104.1 samples/s, eta: 10:02:11\n"
        "[2022/03/01 10:00:06] ppocr INFO: epoch: [1/500], global_step: 20, lr: 0.000200, acc: 0.0,"
        " norm_edit_dis: 0.02, loss: 33.1012, avg_reader_cost: 0.01 s, avg_batch_cost: 0.31 s,"
        " avg_samples: 64.0, ips: 204.1 samples/s, eta: 8:02:11\n"
        "[2022/03/01 10:01:06] ppocr INFO: cur metric, acc: 0.5123, norm_edit_dis: 0.71, fps: 812.1\n",
        2,
        {"epoch": 1, "step": 10, "loss": 45.2312, "lr": 0.0001, "time": "2022-03-01T10:00:00"},
        {"step": 20, "loss": 33.1012, "throughput": 204.1},
    ),
    Case(
        "wenet",
        """2023-05-01 12:00:00,101 DEBUG TRAIN Batch 0/100 loss 120.331 loss_att 98.21 loss_ctc 171.92 lr 0.00000400 rank 0
2023-05-01 12:01:00,101 DEBUG TRAIN Batch 0/200 loss 80.112 loss_att 68.21 loss_ctc 107.92 lr 0.00000800 rank 0
2023-05-01 12:05:00,101 DEBUG CV Batch 0/0 loss 40.112 loss_att 38.21 loss_ctc 47.92 history loss 40.001 rank 0
2023-05-01 12:06:00,101 INFO Epoch 0 CV info cv_loss 39.5512
""",
        2,
        {"loss": 120.331, "loss_att": 98.21, "lr": 0.000004},
        {"loss": 80.112},
    ),
    Case(
        "icefall",
        """2023-01-01 10:00:00,123 INFO [train.py:901] (0/4) Epoch 1, batch 0, loss[loss=7.512, simple_loss=6.81, pruned_loss=7.01, over 3000.00 frames. ], tot_loss[loss=7.512, simple_loss=6.81, pruned_loss=7.01, over 3000.00 frames. ], batch size: 70, lr: 2.25e-02
2023-01-01 10:01:00,123 INFO [train.py:901] (0/4) Epoch 1, batch 50, loss[loss=1.301, simple_loss=1.15, pruned_loss=1.31, over 3100.00 frames. ], tot_loss[loss=2.2, simple_loss=2.0, pruned_loss=2.1, over 90000.00 frames. ], batch size: 72, lr: 2.48e-02
2023-01-01 10:02:00,123 INFO [train.py:901] (0/4) Epoch 1, batch 100, loss[loss=1.101, simple_loss=0.99, pruned_loss=1.21, over 3200.00 frames. ], tot_loss[loss=1.6, simple_loss=1.5, pruned_loss=1.5, over 120000.00 frames. ], batch size: 71, lr: 2.70e-02
""",
        3,
        {"epoch": 1, "batch": 0, "lr": 0.0225},
        {"epoch": 1, "batch": 100, "lr": 0.027},
    ),
    Case(
        "xgboost",
        "[0]\ttrain-rmse:0.48231\teval-rmse:0.49120\n[1]\ttrain-rmse:0.41012\teval-rmse:0.43001\n"
        "[2]\ttrain-rmse:0.36511\teval-rmse:0.39510\n",
        3,
        {"step": 0, "train-rmse": 0.48231},
        {"step": 2},
        3,
        {"rmse": 0.4912},
    ),
    Case(
        "lightgbm",
        "[10]\ttraining's binary_logloss: 0.512331\tvalid_1's binary_logloss: 0.531200\n"
        "[20]\ttraining's binary_logloss: 0.412331\tvalid_1's binary_logloss: 0.441200\n",
        2,
        {"step": 10},
        {"step": 20},
        2,
    ),
    Case(
        "stable-baselines3",
        """---------------------------------
| rollout/           |          |
|    ep_len_mean     | 21.9     |
|    ep_rew_mean     | 21.9     |
| time/              |          |
|    fps             | 1138     |
|    iterations      | 1        |
|    total_timesteps | 2048     |
---------------------------------
------------------------------------------
| rollout/                |              |
|    ep_len_mean          | 26.1         |
|    ep_rew_mean          | 26.1         |
| time/                   |              |
|    iterations           | 2            |
|    total_timesteps      | 4096         |
| train/                  |              |
|    loss                 | 6.79         |
|    learning_rate        | 0.0003       |
------------------------------------------
""",
        2,
        {"rollout/ep_rew_mean": 21.9},
        {"loss": 6.79, "lr": 0.0003},
    ),
    Case(
        "skorch",
        """  epoch    train_loss    valid_acc    valid_loss     dur
-------  ------------  -----------  ------------  ------
      1        0.6868       0.6000        0.6740  0.0231
      2        0.6706       0.6300        0.6617  0.0112
      3        0.6637       0.6450        0.6597  0.0109
""",
        3,
        {"epoch": 1, "loss": 0.6868},
        {"epoch": 3, "loss": 0.6637},
        3,
        {"epoch": 1, "accuracy": 0.6, "loss": 0.674},
        "epoch",
    ),
    Case(
        "german",
        "Epoche 1/10 - Verlust: 0,5321 - Genauigkeit: 0,8123\n"
        "Epoche 2/10 - Verlust: 0,4210 - Genauigkeit: 0,8512\n"
        "Epoche 3/10 - Verlust: 0,3987 - Genauigkeit: 0,8633\n",
        3,
        {"epoch": 1, "loss": 0.5321, "accuracy": 0.8123, "total_epochs": 10},
        {"epoch": 3, "loss": 0.3987},
        granularity="epoch",
    ),
    Case(
        "japanese",
        "エポック 1/5 訓練損失: 1.2034 検証損失: 1.1021 学習率: 0.001\n"
        "エポック 2/5 訓練損失: 0.9034 検証損失: 0.8821 学習率: 0.001\n",
        2,
        {"epoch": 1, "loss": 1.2034, "val_loss": 1.1021, "lr": 0.001, "total_epochs": 5},
        {"epoch": 2, "loss": 0.9034},
        2,
        {"loss": 1.1021},
        "epoch",
    ),
    Case(
        "chinese script",
        "第 1/50 轮，训练损失：2.3012，训练准确率：12.31%，验证损失：2.2011，验证准确率：15.20%\n"
        "第 2/50 轮，训练损失：2.1012，训练准确率：18.31%，验证损失：2.0011，验证准确率：21.20%\n",
        2,
        {"epoch": 1, "loss": 2.3012, "val_loss": 2.2011, "total_epochs": 50},
        {"epoch": 2, "loss": 2.1012},
        2,
        {"loss": 2.2011},
        "epoch",
    ),
    Case(
        "chinese in GB18030",
        "轮次: 1 步数: 100 损失: 0.9021 学习率: 0.001\n轮次: 1 步数: 200 损失: 0.8021 学习率: 0.001\n",
        2,
        {"epoch": 1, "step": 100, "loss": 0.9021, "lr": 0.001},
        {"step": 200, "loss": 0.8021},
    ),
    Case(
        "nanogpt",
        """step 0: train loss 10.9412, val loss 10.9388
iter 0: loss 10.9401, time 8123.51ms, mfu -100.00%
iter 10: loss 9.5012, time 123.51ms, mfu 31.20%
iter 20: loss 8.4012, time 124.51ms, mfu 31.10%
step 25: train loss 8.1012, val loss 8.1500
iter 30: loss 7.9012, time 124.51ms, mfu 31.10%
""",
        6,
        {"step": 0, "loss": 10.9412, "val_loss": 10.9388},
        {"step": 30, "loss": 7.9012},
        2,
        {"step": 0, "loss": 10.9388},
    ),
    Case(
        "torchtitan",
        "[rank0]:[titan] 2024-10-01 10:00:00,123 - root - INFO - \x1b[31mstep:  1  \x1b[32mloss: 12.2312"
        "  \x1b[33mgrad_norm:  1.2031  \x1b[34mmemory: 42.10GiB(44.31%)  \x1b[35mtps: 1,234  mfu: 12.10%\x1b[39m\n"
        "[rank0]:[titan] 2024-10-01 10:00:09,123 - root - INFO - \x1b[31mstep: 10  \x1b[32mloss: 10.1312"
        "  \x1b[33mgrad_norm:  2.2031  \x1b[34mmemory: 43.10GiB(45.31%)  \x1b[35mtps: 7,345  mfu: 42.10%\x1b[39m\n",
        2,
        {"step": 1, "loss": 12.2312, "grad_norm": 1.2031, "throughput": 1234, "rank": 0},
        {"step": 10, "loss": 10.1312, "throughput": 7345},
    ),
    Case(
        "tqdm with set_postfix and outer epochs",
        "Epoch 1/3:   0%|          | 0/50 [00:00<?, ?it/s]"
        "\rEpoch 1/3:   2%|▏         | 1/50 [00:00<00:30,  1.61it/s, loss=0.9123, lr=0.001]"
        "\rEpoch 1/3:   4%|▍         | 2/50 [00:01<00:30,  1.61it/s, loss=0.8123, lr=0.001]\n"
        "Epoch 2/3:   2%|▏         | 1/50 [00:00<00:30,  1.61it/s, loss=0.7123, lr=0.001]\n",
        3,
        {"epoch": 1, "batch": 1, "loss": 0.9123, "lr": 0.001, "total_epochs": 3, "total_batches": 50},
        {"epoch": 2, "batch": 1, "loss": 0.7123},
    ),
    Case(
        "timm",
        "Train: 0 [   0/1251 (  0%)]  Loss: 6.95 (6.95)  Time: 4.512s,  226.95/s  (4.512s,  226.95/s)"
        "  LR: 1.000e-06  Data: 3.101 (3.101)\n"
        "Train: 0 [  50/1251 (  4%)]  Loss: 6.93 (6.94)  Time: 0.312s, 3281.95/s  (0.412s, 2482.95/s)"
        "  LR: 1.000e-06  Data: 0.011 (0.081)\n"
        "Test: [   0/48]  Time: 2.312 (2.312)  Loss:  6.9012 (6.9012)  Acc@1:  0.1953 ( 0.1953)\n"
        "Test: [  48/48]  Time: 0.112 (0.212)  Loss:  6.8712 (6.8812)  Acc@1:  0.3953 ( 0.2953)\n",
        2,
        {"loss": 6.95, "loss_avg": 6.95, "lr": 1e-06},
        {"loss": 6.93, "loss_avg": 6.94},
    ),
    Case(
        "swin",
        "[2021-06-01 10:00:00 swin_tiny](main.py 200): INFO Train: [0/300][0/1251]\teta 3:02:11 lr 0.000001"
        "\ttime 8.7412 (8.7412)\tloss 6.9512 (6.9512)\tgrad_norm 1.9512 (1.9512)\tmem 9000MB\n"
        "[2021-06-01 10:00:09 swin_tiny](main.py 200): INFO Train: [0/300][10/1251]\teta 1:02:11 lr 0.000002"
        "\ttime 0.7412 (1.7412)\tloss 6.9412 (6.9462)\tgrad_norm 1.8512 (1.9012)\tmem 9000MB\n",
        2,
        {"epoch": 0, "batch": 0, "loss": 6.9512, "grad_norm": 1.9512, "lr": 1e-06},
        {"batch": 10, "loss": 6.9412, "loss_avg": 6.9462},
    ),
    Case(
        "yolox",
        "2022-01-01 10:00:00 | INFO     | yolox.core.trainer:253 - epoch: 1/300, iter: 10/1849, mem: 4211Mb,"
        " iter_time: 0.512s, data_time: 0.011s, total_loss: 14.2, iou_loss: 4.1, l1_loss: 0.0,"
        " conf_loss: 8.1, cls_loss: 2.0, lr: 2.925e-09, size: 640, ETA: 3 days, 1:02:11\n"
        "2022-01-01 10:00:06 | INFO     | yolox.core.trainer:253 - epoch: 1/300, iter: 20/1849, mem: 4211Mb,"
        " iter_time: 0.412s, data_time: 0.011s, total_loss: 13.2, iou_loss: 4.0, l1_loss: 0.0,"
        " conf_loss: 7.2, cls_loss: 2.0, lr: 1.170e-08, size: 640, ETA: 2 days, 1:02:11\n",
        2,
        {"epoch": 1, "batch": 10, "loss": 14.2, "iou_loss": 4.1, "lr": 2.925e-09},
        {"batch": 20, "loss": 13.2},
    ),
    Case(
        "litgpt",
        "Epoch 1 | iter 8 step 1 | loss train: 2.112, val: n/a | iter time: 512.31 ms (step) remaining time: 0:10:02\n"
        "Epoch 1 | iter 16 step 2 | loss train: 1.912, val: n/a | iter time: 312.31 ms (step) remaining time: 0:09:02\n",
        2,
        {"epoch": 1, "step": 8},
        {"epoch": 1, "step": 16},
    ),
    Case(
        "openclip",
        "2022-05-01,10:00:00 | INFO | Train Epoch: 0 [   256/100000 (0%)] Data (t): 1.201 Batch (t): 2.512,"
        " 101.91/s, 101.91/s/gpu LR: 0.000001 Logit Scale: 14.286 Contrastive_loss: 5.5412 (5.5412) Loss: 5.5412 (5.5412)\n"
        "2022-05-01,10:01:00 | INFO | Train Epoch: 0 [ 25856/100000 (26%)] Data (t): 0.201 Batch (t): 0.512,"
        " 501.91/s, 501.91/s/gpu LR: 0.000050 Logit Scale: 14.281 Contrastive_loss: 5.1412 (5.3412) Loss: 5.1412 (5.3412)\n",
        2,
        {"epoch": 0, "batch": 256, "batch_unit": "samples", "loss": 5.5412},
        {"batch": 25856, "loss": 5.1412, "loss_avg": 5.3412},
    ),
    Case(
        "accelerate script",
        "05/01/2023 10:00:00 - INFO - __main__ - ***** Running training *****\n"
        "05/01/2023 10:00:00 - INFO - __main__ -   Num examples = 3668\n"
        "05/01/2023 10:00:00 - INFO - __main__ -   Num Epochs = 3\n"
        "05/01/2023 10:05:00 - INFO - __main__ - epoch 0: {'accuracy': 0.8112, 'f1': 0.8712}\n"
        "05/01/2023 10:10:00 - INFO - __main__ - epoch 1: {'accuracy': 0.8412, 'f1': 0.8912}\n",
        2,
        {"epoch": 0, "accuracy": 0.8112, "f1": 0.8712},
        {"epoch": 1, "accuracy": 0.8412},
        granularity="epoch",
    ),
    Case(
        "rl episodes",
        "Episode 10\tAverage Score: 21.30\tloss: 0.0312\n"
        "Episode 20\tAverage Score: 35.10\tloss: 0.0291\n"
        "Episode 30\tAverage Score: 51.70\tloss: 0.0270\n",
        3,
        {"step": 10, "Average Score": 21.3, "loss": 0.0312},
        {"step": 30, "loss": 0.027},
    ),
    Case(
        "tensors printed as they are",
        "epoch 0 step 100 loss=tensor(0.5123, device='cuda:0', grad_fn=<NllLossBackward0>)\n"
        "epoch 0 step 200 loss=tensor(0.4123, device='cuda:0', grad_fn=<NllLossBackward0>)\n",
        2,
        {"epoch": 0, "step": 100, "loss": 0.5123},
        {"step": 200, "loss": 0.4123},
    ),
    Case(
        "train and val on lines of their own",
        "Epoch 1/2\n----------\ntrain Loss: 0.6112 Acc: 0.6812\nval Loss: 0.2312 Acc: 0.9112\n\n"
        "Epoch 2/2\n----------\ntrain Loss: 0.5112 Acc: 0.7812\nval Loss: 0.2112 Acc: 0.9212\n",
        2,
        {"epoch": 1, "loss": 0.6112, "accuracy": 0.6812},
        {"epoch": 2, "loss": 0.5112},
        2,
        {"epoch": 1, "loss": 0.2312, "accuracy": 0.9112},
        "epoch",
    ),
    Case(
        "pytorch tutorial",
        "[1,  2000] loss: 2.184\n[1,  4000] loss: 1.851\n[2,  2000] loss: 1.402\n",
        3,
        {"loss": 2.184},
        {"loss": 1.402},
    ),
    Case(
        "pytorch quickstart",
        "Epoch 1\n-------------------------------\nloss: 2.303494  [   64/60000]\nloss: 2.294637  [ 6464/60000]\n"
        "Test Error: \n Accuracy: 50.9%, Avg loss: 2.150000 \n\n"
        "Epoch 2\n-------------------------------\nloss: 2.167000  [   64/60000]\n",
        3,
        {"epoch": 1, "batch": 64, "loss": 2.303494},
        {"epoch": 2, "batch": 64, "loss": 2.167},
        1,
        {"loss": 2.15, "accuracy": 50.9},
    ),
    Case(
        "deepspeed megatron",
        "steps: 10 loss: 8.1234 iter time (s): 0.512 samples/sec: 31.201\n"
        "steps: 20 loss: 7.1234 iter time (s): 0.412 samples/sec: 38.201\n",
        2,
        {"step": 10, "loss": 8.1234, "throughput": 31.201},
        {"step": 20, "loss": 7.1234},
    ),
    Case(
        "caffe",
        "I0601 10:00:00.123456  1234 solver.cpp:228] Iteration 0, loss = 2.31\n"
        "I0601 10:00:00.123456  1234 sgd_solver.cpp:106] Iteration 0, lr = 0.01\n"
        "I0601 10:00:09.123456  1234 solver.cpp:228] Iteration 100, loss = 1.31\n"
        "I0601 10:00:09.123456  1234 sgd_solver.cpp:106] Iteration 100, lr = 0.01\n",
        2,
        {"step": 0, "loss": 2.31, "lr": 0.01},
        {"step": 100, "loss": 1.31},
    ),
    Case(
        "mmengine val",
        (
        "01/01 10:00:00 - mmengine - INFO - Epoch(train)  [1][100/100]  lr: 1.0e-02  eta: 0:10:00  time: 0.5  data_time: 0.1  memory: 900  loss: 1.1\n"
        "01/01 10:00:10 - mmengine - INFO - Epoch(val) [1][50/50]    accuracy/top1: 60.1200  accuracy/top5: 85.3000  data_time: 0.01  time: 0.10\n"
        "01/01 10:01:00 - mmengine - INFO - Epoch(train)  [2][100/100]  lr: 1.0e-02  eta: 0:09:00  time: 0.5  data_time: 0.1  memory: 900  loss: 0.9\n"
        "01/01 10:01:10 - mmengine - INFO - Epoch(val) [2][50/50]    accuracy/top1: 65.1200  accuracy/top5: 88.3000  data_time: 0.01  time: 0.10\n"
        ),
        2,
        {"epoch": 1, "batch": 100, "loss": 1.1},
        {"epoch": 2, "loss": 0.9},
        2,
        {"epoch": 1, "accuracy": 60.12},
        "step",
    ),
    Case(
        "espnet",
        (
        "[host] 2023-01-01 10:00:00,123 (trainer:732) INFO: 1epoch:train:1-100batch: iter_time=0.01, forward_time=0.2, loss_ctc=120.1, loss_att=98.1, acc=0.12, loss=105.2, backward_time=0.3, optim0_lr0=1.2e-06, train_time=2.1\n"
        "[host] 2023-01-01 10:01:00,123 (trainer:732) INFO: 1epoch:train:101-200batch: iter_time=0.01, forward_time=0.2, loss_ctc=100.1, loss_att=88.1, acc=0.22, loss=91.2, backward_time=0.3, optim0_lr0=2.4e-06, train_time=2.0\n"
        ),
        2,
        {"epoch": 1, "batch": 100, "loss": 105.2, "lr": 1.2e-06},
        {"batch": 200, "loss": 91.2},
        0,
        {},
        "step",
    ),
    Case(
        "markdown table",
        (
        "| epoch | train_loss | val_loss |\n"
        "|-------|------------|----------|\n"
        "| 1 | 0.5123 | 0.6012 |\n"
        "| 2 | 0.4123 | 0.5512 |\n"
        ),
        2,
        {"epoch": 1, "loss": 0.5123, "val_loss": 0.6012},
        {"epoch": 2},
        2,
        {"loss": 0.6012},
        "epoch",
    ),
    Case(
        "loguru",
        (
        "2024-01-01 10:00:00.123 | INFO     | __main__:train:88 - Epoch 1/10 | train_loss=0.5123 | val_loss=0.6123 | lr=1.00e-03 | time=12.3s\n"
        "2024-01-01 10:00:12.123 | INFO     | __main__:train:88 - Epoch 2/10 | train_loss=0.4123 | val_loss=0.5123 | lr=1.00e-03 | time=12.1s\n"
        ),
        2,
        {"epoch": 1, "total_epochs": 10, "loss": 0.5123, "lr": 0.001, "time": "2024-01-01T10:00:00.123"},
        {"epoch": 2},
        2,
        {"loss": 0.6123},
        "epoch",
    ),
    Case(
        "chinese brackets",
        (
        "【训练】第3轮 第100/500步 损失=0.5231 准确率=81.2%\n"
        "【训练】第3轮 第200/500步 损失=0.4931 准确率=83.2%\n"
        ),
        2,
        {"epoch": 3, "batch": 100, "total_batches": 500, "loss": 0.5231, "accuracy": 81.2},
        {"batch": 200},
        0,
        {},
        "step",
    ),
    Case(
        "gan",
        (
        "[Epoch 0/200] [Batch 0/938] [D loss: 0.693122] [G loss: 0.701233]\n"
        "[Epoch 0/200] [Batch 1/938] [D loss: 0.593122] [G loss: 0.801233]\n"
        ),
        2,
        {"epoch": 0, "batch": 0, "D loss": 0.693122, "G loss": 0.701233, "loss": None},
        {"batch": 1},
        0,
        {},
        "step",
    ),
    Case(
        "diffusers",
        "Steps:   0%|          | 1/15000 [00:02<9:12:10,  2.21s/it, lr=1e-5, step_loss=0.112]\rSteps:   0%|          | 2/15000 [00:04<8:12:10,  2.01s/it, lr=1e-5, step_loss=0.312]\n",
        2,
        {"batch": 1, "loss": 0.112, "lr": 1e-05},
        {"batch": 2, "loss": 0.312},
        0,
        {},
        "step",
    ),
    Case(
        "tf estimator",
        (
        "INFO:tensorflow:loss = 2.3025, step = 0\n"
        "INFO:tensorflow:global_step/sec: 93.1\n"
        "INFO:tensorflow:loss = 0.3025, step = 100 (1.074 sec)\n"
        "INFO:tensorflow:loss = 0.2025, step = 200 (1.074 sec)\n"
        ),
        3,
        {"step": 0, "loss": 2.3025},
        {"step": 200, "loss": 0.2025},
        0,
        {},
        "step",
    ),
    Case(
        "absl",
        (
        "I0101 10:00:00.123456 140 train.py:88] step: 100, loss: 3.1234, steps_per_sec: 12.3\n"
        "I0101 10:00:09.123456 140 train.py:88] step: 200, loss: 2.1234, steps_per_sec: 12.5\n"
        ),
        2,
        {"step": 100, "loss": 3.1234, "throughput": 12.3},
        {"step": 200},
        0,
        {},
        "step",
    ),
    Case(
        "structlog",
        (
        '{"event": "train_step", "step": 10, "loss": 0.51, "timestamp": "2024-01-01T10:00:00Z"}\n'
        '{"event": "train_step", "step": 20, "loss": 0.41, "timestamp": "2024-01-01T10:00:05Z"}\n'
        ),
        2,
        {"step": 10, "loss": 0.51},
        {"step": 20, "loss": 0.41},
        0,
        {},
        "step",
    ),
)  # fmt: skip
