"""The files of one attempt: who writes which, under which names."""

import time
from dataclasses import dataclass
from pathlib import Path

from ddp_chinese import ChineseLog
from ddp_dist import World
from ddp_logs import TIMESTAMPS, DebugLog, Sink
from ddp_options import Options

STDOUT = 1


@dataclass(frozen=True)
class RunLogs:
    """Both kinds of logs of this rank; a style that is off writes to nowhere."""

    debug: DebugLog
    chinese: ChineseLog

    def close(self) -> None:
        self.debug.close()
        self.chinese.close()


def open_logs(options: Options, world: World) -> RunLogs:
    root = options.output_dir
    stamp = world.broadcast(new_stamp(root) if world.is_main else "")
    main = world.is_main

    def sink(use: bool, path: str) -> Sink:
        return Sink(root / path) if use else Sink()

    english = options.style in {"both", "autoencoder"}
    chinese = options.style in {"both", "chinese"} and main
    only_english = options.style == "autoencoder" and main
    debug = DebugLog(
        rank=world.rank,
        own=sink(english, f"logs/debug_rank{world.rank}_{stamp}.log"),
        main=sink(english, f"logs/train_{stamp}.log"),
        console=Sink(fd=STDOUT) if only_english else Sink(),
        clock=TIMESTAMPS[options.timestamps],
        debug=options.debug,
    )
    return RunLogs(
        debug,
        ChineseLog(
            console=Sink(fd=STDOUT) if chinese else Sink(),
            full=sink(chinese, f"log/training_{stamp}.log"),
            epoch_csv=sink(chinese, f"metrics/epoch_metrics_{stamp}.csv"),
            batch_csv=sink(
                chinese and options.log_batch_metrics, f"metrics/batch_metrics_{stamp}.csv"
            ),
            epochs=options.epochs,
            log_interval=options.log_interval,
        ),
    )


def new_stamp(root: Path) -> str:
    """The time as file names state it; two attempts never share one."""
    while True:
        stamp = time.strftime("%Y%m%d_%H%M%S")
        if not any(root.glob(f"log*/*_{stamp}.log")):
            return stamp
        time.sleep(0.05)
