"""Samples GPUs, host and the training's processes into `system.jsonl`: a process of its own."""
