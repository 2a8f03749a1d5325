"""Checkpoints on disk: which is the newest sound one, and what is wrong with newer ones.

Nothing is loaded: a checkpoint is a pickle, and a pickle is code. What can be told without that is
told: whether every file is whole, whether a directory holds what a resumption needs, which step it is
of (decision 21).

    containers  one file: zip archives and pickles of torch.save, safetensors
    pickles     what the operations of a pickle tell, without carrying them out
    directory   one directory of Hugging Face, accelerate, DeepSpeed, Megatron, FSDP and torch's DCP
    search      finds them below a directory
"""

from trainwatch.checkpoints.search import look, survey
from trainwatch.saves import Checkpoint, Saves, State, Survey

__all__ = ["Checkpoint", "Saves", "State", "Survey", "look", "survey"]
