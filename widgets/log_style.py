"""How a log looks: the component classes and default colours of ``LogView``, and what a line's parts are drawn with."""

from __future__ import annotations

from typing import Final

from rich.style import Style

from widgets.component_styles import ComponentStyles

SOURCE_COLOURS: Final = 8
AGO_WIDTH: Final = 4
LOG_CLASSES: Final[set[str]] = {
    "log-view--time",
    "log-view--match",
    "log-view--match-current",
    "log-view--empty",
    "log-view--stderr",
    "log-view--cursor",
    "log-view--chosen",
    *(f"log-view--note-{tone}" for tone in ("quiet", "good", "warn", "bad")),
    *(f"log-view--source-{index}" for index in range(SOURCE_COLOURS)),
    *(f"log-view--sgr-{index}" for index in range(8)),
}
LOG_CSS: Final = """
    LogView {
        width: 1fr; height: 1fr; background: $background; color: $foreground;
        overflow-x: auto; overflow-y: auto; scrollbar-gutter: stable;
        scrollbar-size-vertical: 1; scrollbar-size-horizontal: 0;
        & > .log-view--time { color: $text-muted; }
        & > .log-view--empty { color: $text-muted; }
        & > .log-view--stderr { color: $text-error; text-style: bold; }
        & > .log-view--note-quiet { color: $text-muted; }
        & > .log-view--note-good { color: $text-success; }
        & > .log-view--note-warn { color: $text-warning; }
        & > .log-view--note-bad { color: $text-error; }
        & > .log-view--cursor { background: $primary 35%; }
        & > .log-view--chosen { background: $primary 18%; }
        & > .log-view--match { background: $warning 35%; }
        & > .log-view--match-current { background: $warning; color: auto 95%; text-style: bold; }
        & > .log-view--source-0 { color: #5cc8b4; }
        & > .log-view--source-1 { color: #7db4f5; }
        & > .log-view--source-2 { color: #e0b04c; }
        & > .log-view--source-3 { color: #c39bf0; }
        & > .log-view--source-4 { color: #8fca6a; }
        & > .log-view--source-5 { color: #f09a7d; }
        & > .log-view--source-6 { color: #ee93c0; }
        & > .log-view--source-7 { color: #a9b8c8; }
        & > .log-view--sgr-0 { color: $text-muted; }
        & > .log-view--sgr-1 { color: $text-error; }
        & > .log-view--sgr-2 { color: $text-success; }
        & > .log-view--sgr-3 { color: $text-warning; }
        & > .log-view--sgr-4 { color: $text-secondary; }
        & > .log-view--sgr-5 { color: $text-accent; }
        & > .log-view--sgr-6 { color: $text-primary; }
        & > .log-view--sgr-7 { color: $foreground; }
        &:light > .log-view--source-0 { color: #00695a; }
        &:light > .log-view--source-1 { color: #1453a8; }
        &:light > .log-view--source-2 { color: #7a4f00; }
        &:light > .log-view--source-3 { color: #6b35b0; }
        &:light > .log-view--source-4 { color: #2f6412; }
        &:light > .log-view--source-5 { color: #9a3a12; }
        &:light > .log-view--source-6 { color: #9c2465; }
        &:light > .log-view--source-7 { color: #475866; }
        &:ansi > .log-view--cursor, &:ansi > .log-view--chosen { text-style: reverse; }
        &:ansi > .log-view--match, &:ansi > .log-view--match-current { text-style: reverse; }
    }
    """


def coloured(style: Style, styles: ComponentStyles) -> Style:
    """A parsed style on our ground: the sixteen basic colours are the theme's, so that they can be read on it."""
    base = styles.get()
    number = style.color.number if style.color is not None and style.bgcolor is None else None
    if number is None or number > 15:
        return base + style
    return base + style + Style(color=styles.get(f"sgr-{number % 8}").color)


def ago(seconds: float) -> str:
    """``4s``, ``12m``, ``3h``, ``2d``, in at most four cells."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds >= size:
            return f"{min(int(seconds / size), 999)}{unit}".rjust(AGO_WIDTH)
    return f"{max(int(seconds), 0)}s".rjust(AGO_WIDTH)
