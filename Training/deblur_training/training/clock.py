"""How far a phase has come, by steps or by minutes of training, and the learning rate there."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field

from .recipe import PhaseOptions

STATE = ("total_steps", "total_seconds", "step", "seconds")  # what a checkpoint keeps of a clock


@dataclass
class Clock:
    """Exactly one of `total_steps` and `total_seconds` ends the phase. Seconds count training only, over all runs; a
    plan by seconds suits a machine that is lent for a while and whose speed is not known."""

    total_steps: int | None = None
    total_seconds: float | None = None
    step: int = 0
    seconds: float = 0.0
    _mark: float = field(default_factory=time.monotonic)

    def __post_init__(self):
        if (self.total_steps is None) == (self.total_seconds is None):
            raise ValueError("a phase lasts a number of steps or a number of minutes: give one")
        if (self.total_steps or self.total_seconds or 0) <= 0:
            raise ValueError("a phase lasts longer than nothing")

    @staticmethod
    def from_state(state: dict) -> "Clock":
        """Of a run's checkpoint, where `state` put it among the rest."""
        return Clock(**{name: state[name] for name in STATE})

    def state(self) -> dict:
        return {name: getattr(self, name) for name in STATE}

    def start(self) -> None:
        self._mark = time.monotonic()

    def tick(self) -> None:
        now = time.monotonic()
        self.seconds += now - self._mark
        self._mark = now
        self.step += 1

    @property
    def progress(self) -> float:
        done = self.step / self.total_steps if self.total_steps else self.seconds / self.total_seconds
        return min(1.0, done)

    @property
    def remaining_seconds(self) -> float:
        if self.total_seconds:
            return max(0.0, self.total_seconds - self.seconds)
        return self.seconds / max(1, self.step) * (self.total_steps - self.step)


def learning_rate(options: PhaseOptions, progress: float) -> float:
    """One cosine from `rate` to `final_rate`, after a linear warm-up and a level stretch if there are any."""
    if progress < options.warmup:
        return options.rate * max(progress, 1e-4) / options.warmup
    level = max(options.warmup, options.hold)
    if progress < level:
        return options.rate
    x = (progress - level) / (1 - level)
    return options.final_rate + (options.rate - options.final_rate) * (1 + math.cos(math.pi * x)) / 2


def spelled(seconds: float) -> str:
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
