"""Checkpoints on disk: which is the newest sound one, and what is wrong with newer ones.

Nothing is loaded: a checkpoint is a pickle, and a pickle is code. What can be told without that is
told: whether a file is whole, whether a directory holds what a resumption needs, which step it is.

    containers  one file: zip archives of torch.save, safetensors
    directory   one directory of a Hugging Face Trainer, DeepSpeed or torch.distributed.checkpoint
    search      finds them below a directory
"""

from trainwatch.checkpoints.search import look, survey
from trainwatch.saves import Checkpoint, Saves, State, Survey

__all__ = ["Checkpoint", "Saves", "State", "Survey", "look", "survey"]
