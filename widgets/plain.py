"""Second wall against text that drives a terminal: control, format and bidirectional characters become ``�``."""

from __future__ import annotations

import re
from typing import Final

REPLACEMENT: Final = "\ufffd"

# C0, DEL, C1, line/paragraph separators, bidi and other format controls, tags, lone surrogates.
UNSAFE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f\ud800-\udfff]"
)


def plain(text: str) -> str:
    """One line of ``text`` in which every character has a shape: tabs become a space, controls become ``�``."""
    if text.isascii() and text.isprintable():
        return text
    return UNSAFE.sub(REPLACEMENT, text.replace("\t", " "))
