"""Inputs that are wrong: good ones, spoilt in seeded ways."""

from __future__ import annotations

import random
from collections.abc import Sequence

LONGEST = 1 << 16
NASTY = (
    b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b"\x1b]52;c;YQ==\x07", b"\xc2\x9b31m", b"\xe2\x80\xae", b"\\ud800", b"NaN",
    b"-Infinity", b"1e999", b"9" * 5000, b"[" * 300, b'{"a":' * 300, b"a." * 400, b"(" * 300, b"&a [*a]", b"<<: *x",
    b"!!python/object/apply:os.system", b'"', b"'", b"\\", b"\r", b"\n\n", b"\t", b"{}", b"[]", b"null", b"true", b"-1",
    b"0.5", b"\xef\xbb\xbf", b"#", b"=", b"${A:-${B}}", b"$" * 50, b"\xf4\x90\x80\x80", b"\xcc\x81" * 200,
    b"[/x][@click=app.quit]y[/]", b"../../etc/passwd", b"\xff" * 8, b"\x01\x00\x00\x00\xff\xff\xff\xff",
)  # fmt: skip


def spoilt(seeds: Sequence[bytes], chance: random.Random) -> bytes:
    """One of the seeds with one to six things done to it; at most LONGEST bytes."""
    data = chance.choice(seeds)
    for _ in range(chance.randint(1, 6)):
        at = chance.randint(0, len(data))
        until = min(len(data), at + chance.randint(0, 40))
        how = chance.randrange(6)
        if how == 0:  # left out
            data = data[:at] + data[until:]
        elif how == 1:  # put in
            data = data[:at] + chance.choice(NASTY) + data[at:]
        elif how == 2:  # put in its place
            data = data[:at] + chance.choice(NASTY) + data[until:]
        elif how == 3:  # twice
            data = data[:until] + data[at:]
        elif how == 4:  # bytes of chance
            data = data[:at] + chance.randbytes(chance.randint(1, 8)) + data[until:]
        else:  # the end of another
            other = chance.choice(seeds)
            data = data[:at] + other[chance.randint(0, len(other)) :]
    return data[:LONGEST]
