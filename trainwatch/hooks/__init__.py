"""What a training script may import; standard library only until a framework's part is asked for.

    from trainwatch.hooks import RankLogger, TrainingHooks
    from trainwatch.hooks.lightning import TrainwatchCallback      # a Lightning callback
    from trainwatch.hooks.huggingface import TrainwatchCallback    # a TrainerCallback

Nothing here may end a training: what cannot be written is left unwritten.
"""

from trainwatch.hooks.ranklog import RankLogger
from trainwatch.hooks.signals import TrainingHooks

__all__ = ["RankLogger", "TrainingHooks"]
