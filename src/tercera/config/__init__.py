"""The configuration: `tercera.yaml` and the environment → frozen settings, or every mistake at once."""

from tercera.config.load import load_settings
from tercera.config.settings import Schedule, Settings
from tercera.notation.durations import parse_duration

__all__ = ["Schedule", "Settings", "load_settings", "parse_duration"]
