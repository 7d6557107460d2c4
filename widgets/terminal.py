"""What an app asks of its terminal beyond what Textual has a public way for: the mouse on and off, the clipboard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textual.app import App

LONGEST_COPY = 74_000
"""Bytes: as base64 inside one sequence some terminals take no more than 100,000 characters."""


def set_mouse(app: App[Any], on: bool) -> bool:
    """Listen to the mouse, or leave it to the terminal, which then selects text with it. False: it cannot be changed.

    ``_driver`` and its methods are private in Textual 8.2.8: there is no public way while an app runs. A test in a
    real pty watches over it.
    """
    driver = app._driver
    enable, disable = (getattr(driver, f"_{name}_mouse_support", None) for name in ("enable", "disable"))
    if driver is None or enable is None or disable is None:
        return False
    if on:
        driver._mouse = True
        enable()
    else:
        disable()
        # After the shell or a suspension the driver asks this whether to listen again.
        driver._mouse = False
    return True


def no_clipboard(environ: Mapping[str, str]) -> str:
    """Why this terminal certainly has no clipboard, "" when it may have one."""
    term = environ.get("TERM", "")
    if term in ("linux", "dumb", ""):
        return f"a terminal of the kind {term or 'unknown'} has no clipboard"
    return ""


def doubtful_clipboard(environ: Mapping[str, str], size: int = 0) -> str:
    """Why what was copied may not be in the clipboard, with the remedy; "" when nothing speaks against it."""
    if size > LONGEST_COPY:
        return f"{size:,} bytes are more than some terminals take"
    if environ.get("TMUX"):
        return "tmux passes it on only with: set -g set-clipboard on"
    if environ.get("STY"):
        return "GNU screen may not pass it on to its terminal"
    if environ.get("TERM_PROGRAM") == "Apple_Terminal":
        return "not every version of Terminal takes a clipboard from programs"
    if environ.get("VTE_VERSION"):
        return "not every version of this terminal takes a clipboard from programs"
    return ""
