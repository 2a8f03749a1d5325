"""The engine: bytes and moments in, frozen pictures of the run out. No I/O, no clock."""

from trainwatch.engine.engine import Engine

__all__ = ["Engine"]
