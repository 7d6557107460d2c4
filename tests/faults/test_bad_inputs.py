"""Whatever stands in a file, an answer or a line that somebody typed: it is read or refused, in time."""

from __future__ import annotations

import random
import time
import zlib
from pathlib import Path

import pytest

from app.model.errors import MoorageError
from tests.faults.bad_inputs import spoilt
from tests.faults.readers import Reader, readers
from tests.figures import tell, times

ROUNDS, SEED = 300, 20261129
LONGEST_SECONDS = 2.0
"""For one input of up to 64 KiB: far from what is usual, near enough to tell what grows too fast."""
NAMES = [reader.name for reader in readers(Path())]


def _reader(name: str, folder: Path) -> Reader:
    return next(reader for reader in readers(folder) if reader.name == name)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_good_is_read(name: str, tmp_path: Path) -> None:
    """Or nothing that follows says anything."""
    reader = _reader(name, tmp_path)
    told = []
    for seed in reader.seeds:
        try:
            told.append(reader.read(seed))
        except MoorageError as error:
            assert name == "context of docker", error.message  # which belongs into another folder
            told.append(error)
    assert any(value is not None for value in told)


@pytest.mark.parametrize("name", NAMES)
def test_bad_inputs_are_read_or_refused(name: str, tmp_path: Path) -> None:
    reader = _reader(name, tmp_path)
    chance = random.Random(SEED + zlib.crc32(name.encode()))
    refusals: tuple[type[Exception], ...] = (MoorageError, *reader.refusals)
    slowest, refused, count = 0.0, 0, times(ROUNDS)
    for number in range(count):
        data = spoilt(reader.seeds, chance)
        began = time.thread_time()
        try:
            reader.read(data)
        except refusals:
            refused += 1
        except Exception as error:
            raise AssertionError(f"input {number} of {name}: {error!r}: {data[:400]!r}") from error
        slowest = max(slowest, time.thread_time() - began)
    assert slowest < LONGEST_SECONDS
    tell("bad inputs", parsers=1, inputs=count, refused=refused, crashes=0, slowest_ms=slowest * 1000)
