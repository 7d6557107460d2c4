"""Reads a pty in a process of its own, notes when, and passes it on: a busy bench must not make a program look slow.

Run as a script: ``python pty_reader.py MASTER_FD OUT_FD``. Frames: time.monotonic() as a double, length, bytes.
"""

from __future__ import annotations

import os
import struct
import sys
import time

FRAME = struct.Struct("=dI")


def main() -> None:
    master, out = int(sys.argv[1]), int(sys.argv[2])
    os.write(out, FRAME.pack(time.monotonic(), 0))
    while True:
        try:
            data = os.read(master, 65536)
        except OSError:
            return
        moment = time.monotonic()
        if not data:
            return
        os.write(out, FRAME.pack(moment, len(data)) + data)


if __name__ == "__main__":
    main()
