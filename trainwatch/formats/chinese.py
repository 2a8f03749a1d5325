"""Per-batch training that prints Chinese: `Epoch [1/200] - 进度 …` and an epoch summary."""

from trainwatch.formats.dialect import Dialect, Kind, LineFormat, Sample


def _summary(key: str, template: str, text: str, value: float) -> LineFormat:
    return LineFormat(
        name=f"chinese.{key}",
        kind=Kind.SUMMARY_LINE,
        template=template,
        samples=(Sample(text, {key: value}),),
    )


DIALECT = Dialect(
    name="chinese",
    title="per-batch training, in Chinese (train_ddp.py)",
    epoch_base=1,
    batch_unit="batches",
    formats=(
        LineFormat(
            name="chinese.batch",
            kind=Kind.STEP,
            template="Epoch [{epoch:int}/{total_epochs:int}] - 进度 {_percent:float}% "
            "({batch:int}/{total_batches:int}) - Batch Loss: {loss:float} - LR: {lr:float}",
            samples=(
                Sample(
                    "Epoch [15/200] - 进度 5.8% (10/171) - Batch Loss: 0.072156 - LR: 0.00100000",
                    {
                        "epoch": 15,
                        "total_epochs": 200,
                        "batch": 10,
                        "total_batches": 171,
                        "loss": 0.072156,
                        "lr": 0.001,
                    },
                ),
            ),
        ),
        LineFormat(
            name="chinese.epoch_done",
            kind=Kind.SUMMARY_HEAD,
            template="Epoch [{epoch:int}/{total_epochs:int}] 完成",
            samples=(Sample("Epoch [15/200] 完成", {"epoch": 15, "total_epochs": 200}),),
        ),
        _summary("loss_mean", "平均损失: {loss_mean:float}", "平均损失: 0.072316", 0.072316),
        _summary(
            "loss_min", "最小Batch损失: {loss_min:float}", "最小Batch损失: 0.065432", 0.065432
        ),
        _summary(
            "loss_max", "最大Batch损失: {loss_max:float}", "最大Batch损失: 0.083571", 0.083571
        ),
        _summary("lr", "学习率: {lr:float}", "学习率: 0.00100000", 0.001),
        _summary("seconds", "本epoch用时: {seconds:float}秒", "本epoch用时: 14.52秒", 14.52),
        _summary(
            "eta_hours", "预计剩余时间: {eta_hours:float}小时", "预计剩余时间: 0.75小时", 0.75
        ),
        LineFormat(
            name="chinese.saved",
            kind=Kind.CHECKPOINT,
            template="{_what:text}已保存{_where:rest}",
            fixed={"stage": "saved"},
            samples=(Sample("模型已保存: checkpoints/model_epoch_15.pt"),),
        ),
    ),
)
