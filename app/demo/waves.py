"""Loads that look like those of real programs: daily waves, short bursts, memory that fills. Pure functions of time."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from app.demo.engine.load import Load, Wave

_SECOND = 10**9
DAY = 600.0
"""Seconds that a day takes here, so that its wave is seen within the ten minutes that graphs hold."""
_PERIODS = (7.3, 19.0, 47.0, 131.0)
_CLIMB = 0.55
"""Where memory that is never given back begins, as a part of the limit."""


@dataclass(frozen=True, slots=True)
class Nature:
    """How a container behaves. ``cpu``: cores at noon; ``memory``: bytes; ``limit``: the most that it may have."""

    cpu: float
    memory: int
    limit: int
    daily: bool = True


def wave(nature: Nature, rng: random.Random) -> Wave:
    """A load by the time of day, with bursts of its own."""
    phases = [(period * rng.uniform(0.8, 1.25), rng.uniform(0, math.tau)) for period in _PERIODS]
    shift = rng.uniform(-0.05, 0.05)
    traffic = nature.cpu * rng.uniform(0.5e6, 2e6)
    disk = nature.cpu * rng.uniform(0.05e6, 0.5e6)

    def load(at: int) -> Load:
        seconds = at / _SECOND
        day = 0.6 - 0.4 * math.cos(math.tau * (seconds / DAY + shift)) if nature.daily else 1.0
        bursts = sum(math.sin(math.tau * seconds / period + phase) for period, phase in phases) / len(phases)
        busy = max(day * (1 + 0.7 * bursts), 0.02)
        memory = int(nature.memory * (0.92 + 0.1 * day + 0.03 * bursts))
        return Load(
            cpu=nature.cpu * busy,
            memory=min(memory, nature.limit * 97 // 100),
            received=traffic * busy * 0.4,
            sent=traffic * busy,
            read=disk * busy * 0.3,
            written=disk * busy,
            pids=4 + int(nature.cpu * 20),
            cache=nature.memory // 8,
        )

    return load


def climbing(nature: Nature, since: int, seconds: float, rng: random.Random) -> Wave:
    """As ``wave``, but its memory grows from ``since`` on and reaches the limit after so many seconds."""
    base = wave(nature, rng)

    def load(at: int) -> Load:
        usual = base(at)
        part = _CLIMB + (1 - _CLIMB) * min(max((at - since) / _SECOND / seconds, 0), 1)
        return Load(
            cpu=max(usual.cpu, nature.cpu * 0.8),
            memory=int(nature.limit * part),
            received=usual.received,
            sent=usual.sent,
            read=usual.read,
            written=usual.written,
            pids=usual.pids,
        )

    return load
