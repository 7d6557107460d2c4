"""What is known of a terminal's clipboard."""

from __future__ import annotations

import pytest

from widgets.terminal import LONGEST_COPY, doubtful_clipboard, no_clipboard


@pytest.mark.parametrize(
    ("environ", "none", "doubt"),
    [
        ({"TERM": "xterm-256color"}, "", ""),
        ({"TERM": "xterm-kitty"}, "", ""),
        ({"TERM": "linux"}, "of the kind linux has no clipboard", ""),
        ({}, "of the kind unknown has no clipboard", ""),
        ({"TERM": "tmux-256color", "TMUX": "/tmp/tmux"}, "", "set -g set-clipboard on"),
        ({"TERM": "screen", "STY": "1.pts"}, "", "screen may not pass it on"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal"}, "", "Terminal"),
        ({"TERM": "xterm-256color", "VTE_VERSION": "6003"}, "", "this terminal"),
    ],
)
def test_what_cannot_be_copied_is_known_and_what_may_not_is_told(
    environ: dict[str, str], none: str, doubt: str
) -> None:
    assert none in no_clipboard(environ)
    assert bool(none) == bool(no_clipboard(environ))
    assert doubt in doubtful_clipboard(environ)
    assert bool(doubt) == bool(doubtful_clipboard(environ))


def test_a_long_text_is_doubtful() -> None:
    assert "more than some terminals take" in doubtful_clipboard({"TERM": "xterm"}, LONGEST_COPY + 1)
