"""Detectors: functions of the run and the moment that give findings with their proof."""
