"""Whether a widget is still there."""

from __future__ import annotations

from textual.dom import DOMNode


def is_here(node: DOMNode) -> bool:
    """Is it on a screen, with its parts, and not being taken down? What comes late asks before it touches them.

    While a screen goes it is attached for a while yet, but what it consists of is not.
    """
    return node.is_attached and not node._pruning
