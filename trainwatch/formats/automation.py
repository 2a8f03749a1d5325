"""Consoles of scripts that launch, resume and restart a training, and the words of its end."""

from trainwatch.formats.dialect import Dialect, Kind, LineFormat, Sample

DIALECT = Dialect(
    name="automation",
    title="launch, resume and restart scripts; end markers",
    formats=(
        LineFormat(
            name="automation.fresh",
            kind=Kind.ATTEMPT_STARTED,
            template="🆕 开始新的训练",
            samples=(Sample("🆕 开始新的训练"),),
        ),
        LineFormat(
            name="automation.attempt",
            kind=Kind.ATTEMPT_STARTED,
            template="尝试 {number:rank} / {total:rank}",
            samples=(Sample("尝试 1 / 5", {"number": 1, "total": 5}),),
        ),
        LineFormat(
            name="automation.found_step",
            kind=Kind.CHECKPOINT,
            template="🔄 检测到checkpoint: checkpoint-{step:int}",
            fixed={"stage": "found"},
            samples=(Sample("🔄 检测到checkpoint: checkpoint-20000", {"step": 20000}),),
        ),
        LineFormat(
            name="automation.found",
            kind=Kind.CHECKPOINT,
            template="🔄 检测到checkpoint: {_name:rest}",
            fixed={"stage": "found"},
            samples=(Sample("🔄 检测到checkpoint: checkpoints/last.pt"),),
        ),
        LineFormat(
            name="automation.resumed",
            kind=Kind.CHECKPOINT,
            template="✅ 从checkpoint恢复训练",
            fixed={"stage": "resumed"},
            samples=(Sample("✅ 从checkpoint恢复训练"),),
        ),
        LineFormat(
            name="automation.interrupted",
            kind=Kind.MESSAGE,
            template="⏸️ 训练中断，{_seconds:int}秒后重新开始...",
            samples=(Sample("⏸️ 训练中断，15秒后重新开始..."),),
        ),
        *(
            LineFormat(
                name=f"automation.ended_{number}",
                kind=Kind.TRAINING_ENDED,
                template=text,
                samples=(Sample(text),),
            )
            for number, text in enumerate(
                (
                    "✅ 训练完成！",
                    "训练完成！",
                    "训练完成",
                    "Training complete",
                    "Training complete.",
                    "Training complete!",
                    "Training completed",
                    "Training completed.",
                    "Training completed!",
                    "Training finished",
                    "Training finished.",
                    "Training finished!",
                )
            )
        ),
    ),
)
