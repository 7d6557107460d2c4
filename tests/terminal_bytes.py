"""What may be written to a terminal, told strictly: every sequence that is not on the list is a finding."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator

from widgets.plain import UNSAFE

_ALLOWED = re.compile(
    "|".join(
        (
            r"\x1b\[[0-9;:]*m",  # colours
            r"\x1b\[[0-9]+;[0-9]+H|\x1b\[H|\x1b\[[0-9]*[A-DGJKX]",  # the cursor, and what is erased
            # Modes: the other screen, cursor, mouse, focus, paste, synchronised output, sizes in the band, wrapping.
            r"\x1b\[\?(7|25|100[0-6]|1015|1049|2004|2026|2048)[hl]",
            r"\x1b\[\?(2026|2048)\$p",  # does it know these modes?
            r"\x1b\[[>=<][0-9;]*u",  # how keys are told
            r"\x1b\[c|\x1b\[14t|\x1b\[16t|\x1b\[6n|\x1b\[>q|\x1b\[!p",
            r"\x1b\]22;[a-z-]*(?:\x1b\\|\x07)",  # the shape of the pointer
            r"\x1b\[[0-9] q|\x1b[78=>]|\x1b\(B",
        )
    )
)
_CLIPBOARD = re.compile(r"\x1b\]52;c;([A-Za-z0-9+/=]*)(?:\x07|\x1b\\)")
_PLAIN = re.compile(r"[^\x00-\x1f\x7f-\x9f]+|[\r\n\t]")


def foreign(written: bytes) -> list[str]:
    """What is in these bytes that no dashboard of ours writes, with what is around it; [] when all is as it should be.

    Text must be UTF-8 without controls, bidirectional and invisible characters; the clipboard is given base64.
    """
    try:
        text = written.decode("utf-8")
    except UnicodeDecodeError as error:
        return [f"no UTF-8: {written[max(error.start - 60, 0) : error.end + 60]!r}"]
    return list(_findings(text))


def _findings(text: str) -> Iterator[str]:
    place = 0
    while place < len(text):
        if match := _PLAIN.match(text, place):
            if (unsafe := UNSAFE.search(match.group())) and match.group() not in "\r\n\t":
                yield f"{unsafe.group()!r} in {_around(text, place + unsafe.start())}"
        elif match := _CLIPBOARD.match(text, place):
            base64.b64decode(match.group(1), validate=True)
        elif not (match := _ALLOWED.match(text, place)):
            yield f"{text[place : place + 12]!r} in {_around(text, place)}"
            place += 1
            continue
        place = match.end()


def _around(text: str, place: int) -> str:
    return repr(text[max(place - 120, 0) : place + 60])
