"""A terminal monitor and log analyser for distributed PyTorch training."""

__version__ = "0.1.0"
