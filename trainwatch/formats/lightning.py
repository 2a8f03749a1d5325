"""Lightning: progress bars of tqdm and Rich, and the CSV of its logger."""

from trainwatch.formats.dialect import Dialect
from trainwatch.formats.making import BAR, PAIRS, TABLE, record

LIGHTNING = Dialect(
    name="lightning",
    title="Lightning: bars, Rich bars, CSVLogger",
    epoch_base=0,
    batch_unit="batches",
    records=(
        record(
            "lightning.bar",
            BAR,
            (
                "Epoch 0:  25%|██▌       | 2/8 [00:00<00:00, 393.28it/s, v_num=0, train_loss=1.850]",
                {"epoch": 0, "batch": 2, "total_batches": 8, "loss": 1.85},
            ),
            opening=r"Epoch \d+:? .{0,300}\bv_num=",  # no key: it is no value either
        ),
        record(
            "lightning.rich",
            PAIRS,
            (
                (
                    "Epoch 1/2  ━━━━━━━━━━━━━━━ 8/8 0:00:01 • 0:00:00 50.20it/s v_num: 3.000 "
                    "train_loss: 0.512"
                ),
                {"epoch": 1, "batch": 8, "total_batches": 8, "loss": 0.512},
            ),
            opening=r"Epoch \d+/\d+ ",
            keys=("v_num",),
            names={"v_num": ""},
        ),
        record(
            "lightning.csv",
            TABLE,
            (
                "epoch,step,train_loss_epoch,train_loss_step,val_loss\n0,49,,7.682,\n",
                {"epoch": 0, "step": 49, "loss": 7.682},
            ),
            keys=("epoch", "step", "train_loss_step"),
            names={"train_loss_step": "loss"},
        ),
    ),
)

DIALECTS = (LIGHTNING,)
