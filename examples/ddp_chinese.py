"""The logs of the second dialect: per-batch lines in Chinese, and the two CSV files.

Only rank 0 writes them. The console shows every `log_interval`-th batch; the full log has all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ddp_logs import Sink

RULE = "=" * 80
EPOCH_COLUMNS = "epoch,step,loss,min_loss,max_loss,val_loss,lr,epoch_seconds,timestamp"
BATCH_COLUMNS = "epoch,batch,step,loss,lr,timestamp"


@dataclass(frozen=True)
class EpochResult:
    """What one epoch came to; losses are means over all ranks, times are seconds."""

    epoch: int
    step: int
    mean: float
    smallest: float
    largest: float
    val_loss: float | None
    lr: float
    seconds: float


@dataclass
class ChineseLog:
    """Console, full log and CSV files of rank 0; with sinks to nowhere on the other ranks."""

    console: Sink
    full: Sink
    epoch_csv: Sink
    batch_csv: Sink
    epochs: int
    log_interval: int

    def open(self) -> None:
        self.epoch_csv.line(EPOCH_COLUMNS)
        self.batch_csv.line(BATCH_COLUMNS)

    def say(self, text: str) -> None:
        self.console.line(text)
        self.full.line(text)

    def batch(self, place: tuple[int, int, int], step: int, loss: float, lr: float) -> None:
        """`place` is (epoch, batch, batches of an epoch), counted from 0."""
        epoch, batch, batches = place
        line = (
            f"Epoch [{epoch + 1}/{self.epochs}] - 进度 {100 * batch / batches:.1f}% "
            f"({batch}/{batches}) - Batch Loss: {loss:.6f} - LR: {lr:.8f}"
        )
        self.full.line(line)
        if batch % self.log_interval == 0:
            self.console.line(line)
        self._row(self.batch_csv, [epoch + 1, batch, step, f"{loss:.6f}", f"{lr:.8f}"])

    def epoch(self, result: EpochResult) -> None:
        hours = (self.epochs - result.epoch - 1) * result.seconds / 3600
        for line in (
            RULE,
            f"Epoch [{result.epoch + 1}/{self.epochs}] 完成",
            f"平均损失: {result.mean:.6f}",
            f"最小Batch损失: {result.smallest:.6f}",
            f"最大Batch损失: {result.largest:.6f}",
            f"学习率: {result.lr:.8f}",
            f"本epoch用时: {result.seconds:.2f}秒",
            f"预计剩余时间: {hours:.2f}小时",
            RULE,
        ):
            self.say(line)
        self._row(self.epoch_csv, _epoch_row(result))

    def saved(self, name: str) -> None:
        self.say(f"模型已保存: {name}")

    def close(self) -> None:
        for sink in (self.full, self.epoch_csv, self.batch_csv):
            sink.close()

    def _row(self, sink: Sink, values: Sequence[object]) -> None:
        now = datetime.now().astimezone().strftime("%Y-%m-%dT%H:%M:%S")
        sink.line(",".join([*map(str, values), now]))


def _epoch_row(result: EpochResult) -> list[object]:
    losses = [result.mean, result.smallest, result.largest, result.val_loss]
    return [
        result.epoch + 1,
        result.step,
        *("" if loss is None else f"{loss:.6f}" for loss in losses),
        f"{result.lr:.8f}",
        f"{result.seconds:.2f}",
    ]
