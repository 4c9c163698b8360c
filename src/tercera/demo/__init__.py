"""The demo: a made-up shop whose year passes while one watches. Nothing leaves this machine."""

from tercera.demo.replay import Demo, Life, Moment, living, story_month, sweeps

__all__ = ["Demo", "Life", "Moment", "living", "story_month", "sweeps"]
