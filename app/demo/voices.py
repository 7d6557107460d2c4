"""What containers write: lines as web servers, services, databases and jobs have them. Pure, by chance and time."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from app.demo.company import Voice

_PATHS = ("/", "/products", "/products/1729", "/cart", "/search?q=kettle", "/api/v1/prices", "/account", "/checkout")
_SUBJECTS = ("order", "basket", "customer", "product", "voucher", "shipment")
_DEEDS = ("loaded", "updated", "validated", "published", "cached", "priced")
_TROUBLES = (
    "upstream timed out after 2000 ms",
    "connection to postgres.internal:5432 was reset",
    "message was rejected: schema version 3 is unknown",
    "circuit breaker for payments is open",
)
_PLAIN = (
    "flushed 214 records in 18 ms",
    "health ok: 0 queued, 3 workers",
    "compacted segment 0007 in 412 ms",
    "configuration is unchanged",
    "connection accepted",
    "rotated keys, next rotation in 24h",
)
_DATABASE = (
    "checkpoint complete: wrote 318 buffers (1.9%); 0 WAL file(s) added",
    'automatic vacuum of table "shop.public.orders": index scans: 1',
    "duration: 184.202 ms  statement: SELECT * FROM orders WHERE state = 'open'",
    "Background saving terminated with success",
    "DB saved on disk",
)


class Line(NamedTuple):
    text: str
    stream: str = "stdout"


def line(voice: Voice, rng: random.Random, at: datetime, *, trouble: float = 0.02) -> Line:
    """A line of a container at a moment, in UTC. ``trouble``: how likely it tells of some."""
    return _VOICES[voice](rng, at, rng.random() < trouble)


def farewell(reason: str, at: datetime) -> Line:
    """What a program writes last when it fails."""
    return Line(f"{at:%Y-%m-%d %H:%M:%S} FATAL {reason}", "stderr")


def _access(rng: random.Random, at: datetime, trouble: bool) -> Line:
    status = rng.choice((500, 502, 504)) if trouble else rng.choice((200, 200, 200, 200, 200, 204, 301, 304, 404))
    address = f"10.20.{rng.randrange(8)}.{rng.randrange(2, 250)}"
    request = f"{rng.choice(('GET', 'GET', 'GET', 'POST'))} {rng.choice(_PATHS)} HTTP/1.1"
    return Line(f'{address} - - [{at:%d/%b/%Y:%H:%M:%S} +0000] "{request}" {status} {rng.randrange(120, 48_000)}')


def _json(rng: random.Random, at: datetime, trouble: bool) -> Line:
    subject = rng.choice(_SUBJECTS)
    value: dict[str, object] = {"time": _iso(at), "level": "info", "msg": f"{subject} {rng.choice(_DEEDS)}"}
    if trouble:
        value |= {"level": rng.choice(("warn", "error")), "msg": rng.choice(_TROUBLES)}
    elif rng.random() < 0.1:
        value["level"] = "debug"
    value |= {f"{subject}_id": rng.randrange(10_000, 99_999), "ms": round(rng.lognormvariate(3, 0.8), 1)}
    value["trace"] = f"{rng.getrandbits(48):012x}"
    return Line(json.dumps(value), "stderr" if value["level"] == "error" else "stdout")


def _plain(rng: random.Random, at: datetime, trouble: bool) -> Line:
    level, words = ("WARN", rng.choice(_TROUBLES)) if trouble else ("INFO", rng.choice(_PLAIN))
    return Line(f"{at:%Y-%m-%d %H:%M:%S},{at.microsecond // 1000:03} {level:<5} {words}")


def _database(rng: random.Random, at: datetime, trouble: bool) -> Line:
    words = "could not receive data from client: Connection reset by peer" if trouble else rng.choice(_DATABASE)
    return Line(f"{at:%Y-%m-%d %H:%M:%S.000} UTC [{rng.randrange(20, 400)}] LOG:  {words}", "stderr")


def _batch(rng: random.Random, at: datetime, trouble: bool) -> Line:
    number = rng.randrange(100_000, 999_999)
    if trouble:
        return Line(f"[{at:%H:%M:%S}] job {number} failed: {rng.choice(_TROUBLES)}; it is tried again", "stderr")
    return Line(f"[{at:%H:%M:%S}] job {number} done in {rng.lognormvariate(0, 0.6):.2f} s")


def _sensor(rng: random.Random, at: datetime, trouble: bool) -> Line:
    sensor = f"s{rng.randrange(1, 40):02}"
    if trouble:
        return Line(f"{_iso(at)} {sensor} no reading for 30 s", "stderr")
    return Line(f"{_iso(at)} {sensor} temperature={rng.gauss(21, 1.5):.1f} humidity={rng.gauss(48, 6):.0f}")


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


_VOICES: Mapping[Voice, Callable[[random.Random, datetime, bool], Line]] = {
    "access": _access,
    "json": _json,
    "plain": _plain,
    "database": _database,
    "batch": _batch,
    "sensor": _sensor,
}
