"""Autoencoder training: one debug log a rank, epoch markers, file shares of loader workers."""

from trainwatch.events import Split
from trainwatch.formats.dialect import Dialect, Kind, LineFormat, Sample


def _marker(split: Split, word: str, edge: str) -> LineFormat:
    banner = f"========== EPOCH {{epoch:int}} {word} {edge} =========="
    return LineFormat(
        name=f"autoencoder.{split}_{edge.lower()}",
        kind=Kind.EPOCH_MARKER,
        template=f"[Rank {{rank:rank}}] {banner}",
        split=split,
        fixed={"start": int(edge == "START")},
        samples=(
            Sample(
                f"[Rank 0] ========== EPOCH 3 {word} {edge} ==========", {"rank": 0, "epoch": 3}
            ),
        ),
    )


DIALECT = Dialect(
    name="autoencoder",
    title="autoencoder training with one debug log a rank",
    epoch_base=0,
    formats=(
        LineFormat(
            name="autoencoder.train_step",
            kind=Kind.STEP,
            template="[Rank {rank:rank}] Training step {step:int}, loss={loss:float}",
            samples=(
                Sample(
                    "[Rank 0] Training step 500, loss=0.0987",
                    {"rank": 0, "step": 500, "loss": 0.0987},
                ),
                Sample(
                    "[Rank 7] Training step 0, loss=1.5e-05",
                    {"rank": 7, "step": 0, "loss": 1.5e-05},
                ),
                Sample(
                    "[Rank 1] Training step 77, loss=inf",
                    {"rank": 1, "step": 77, "loss": float("inf")},
                ),
            ),
        ),
        LineFormat(
            name="autoencoder.validation_step",
            kind=Kind.STEP,
            split=Split.VALIDATION,
            template="[Rank {rank:rank}] Validation step {step:int}, loss={loss:float}",
            samples=(
                Sample(
                    "[Rank 0] Validation step 20, loss=0.1050",
                    {"rank": 0, "step": 20, "loss": 0.1050},
                ),
            ),
        ),
        _marker(Split.TRAIN, "TRAINING", "START"),
        _marker(Split.TRAIN, "TRAINING", "END"),
        _marker(Split.VALIDATION, "VALIDATION", "START"),
        _marker(Split.VALIDATION, "VALIDATION", "END"),
        LineFormat(
            name="autoencoder.file_share",
            kind=Kind.FILE_SHARE,
            template="[Rank {rank:rank}/{world_size:rank} Worker {worker:rank}/{workers:rank}] "
            "Processing {files:int}/{total_files:int} files from {dataset:rest}",
            samples=(
                Sample(
                    "[Rank 0/8 Worker 0/2] Processing 1000/8000 files from train_shards",
                    {
                        "rank": 0,
                        "world_size": 8,
                        "worker": 0,
                        "workers": 2,
                        "files": 1000,
                        "total_files": 8000,
                        "dataset": "train_shards",
                    },
                ),
            ),
        ),
        LineFormat(
            name="autoencoder.train_batches",
            kind=Kind.BATCHES_PROCESSED,
            template="[Rank {rank:rank}] Processed {count:int} training batches",
            samples=(Sample("[Rank 0] Processed 500 training batches", {"rank": 0, "count": 500}),),
        ),
        LineFormat(
            name="autoencoder.validation_batches",
            kind=Kind.BATCHES_PROCESSED,
            split=Split.VALIDATION,
            template="[Rank {rank:rank}] Processed {count:int} validation batches",
            samples=(Sample("[Rank 0] Processed 20 validation batches", {"rank": 0, "count": 20}),),
        ),
        LineFormat(
            name="autoencoder.worker_completed",
            kind=Kind.WORKER_COMPLETED,
            template="[Rank {rank:rank} Worker {worker:rank}] "
            "COMPLETED iteration, total samples: {samples:int}",
            samples=(
                Sample(
                    "[Rank 0 Worker 0] COMPLETED iteration, total samples: 5000000",
                    {"rank": 0, "worker": 0, "samples": 5000000},
                ),
            ),
        ),
        LineFormat(
            name="autoencoder.rank_started",
            kind=Kind.RANK_STARTED,
            template="[Rank {rank:rank}] init done world={world_size:rank} pid={pid:int}",
            samples=(
                Sample(
                    "[Rank 1] init done world=2 pid=9084",
                    {"rank": 1, "world_size": 2, "pid": 9084},
                ),
            ),
        ),
        LineFormat(
            name="autoencoder.checkpoint_saving",
            kind=Kind.CHECKPOINT,
            template="[Rank {rank:rank}] Saving checkpoint...",
            fixed={"stage": "saving"},
            samples=(Sample("[Rank 0] Saving checkpoint...", {"rank": 0}),),
        ),
        LineFormat(
            name="autoencoder.checkpoint_saved",
            kind=Kind.CHECKPOINT,
            template="[Rank {rank:rank}] Checkpoint saved",
            fixed={"stage": "saved"},
            samples=(Sample("[Rank 0] Checkpoint saved", {"rank": 0}),),
        ),
        LineFormat(
            name="autoencoder.started",
            kind=Kind.ATTEMPT_STARTED,
            template="Starting training...",
            samples=(Sample("Starting training..."),),
        ),
        LineFormat(
            name="autoencoder.monitor_hint",
            kind=Kind.MESSAGE,
            template="Monitor logs with: {_command:rest}",
            samples=(Sample("Monitor logs with: tail -f output/logs/train_rank0_1.log"),),
        ),
    ),
)
