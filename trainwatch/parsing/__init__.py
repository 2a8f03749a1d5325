"""Bytes to lines to events; sans-IO."""
