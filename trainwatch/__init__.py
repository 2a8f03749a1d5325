"""A terminal monitor and log analyser for distributed PyTorch training."""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_CHECKER = ("HealthCheckConfig", "HealthChecker", "HealthReport")


def __getattr__(name: str) -> Any:  # noqa: ANN401 - any of the names
    """Load what reads logs only for those who ask for it: training scripts import `hooks`."""
    if name in _CHECKER:
        return getattr(import_module("trainwatch.cli.checker"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
