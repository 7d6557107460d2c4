"""How far transfers, their layers and builds are → rows and lines. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.model.image_progress import LayerProgress, LayerState, TransferProgress, TransferState, TransferVerb
from app.screens import formats
from app.screens.images.works import Transfer, Work
from app.screens.rows import pick
from widgets.cells import Cell, Column, Row, Span, Tone, cell
from widgets.meter import bar

if TYPE_CHECKING:
    from app.model.build_progress import BuildProgress, BuildStep

TRANSFER_COLUMNS = (
    Column("instance", "INSTANCE", min_width=9, weight=2),
    Column("image", "IMAGE", min_width=14, weight=3, priority=2),
    Column("state", "STATE", width=15),
    Column("progress", "PROGRESS", min_width=33, weight=5),
    Column("layers", "LAYERS", width=8, align="right", priority=1),
    Column("rate", "SPEED", width=7, align="right"),
)
LAYER_COLUMNS = (
    Column("layer", "LAYER", width=12),
    Column("state", "STATE", width=15),
    Column("progress", "PROGRESS", min_width=32, weight=1),
)
STEP_COLUMNS = (
    Column("number", "STEP", width=7),
    Column("state", "STATE", width=10),
    Column("seconds", "TIME", width=6, align="right"),
    Column("words", "WHAT", min_width=20, weight=1),
)
WORK_COLUMNS = (
    Column("work", "WHAT", min_width=20, weight=3),
    Column("cluster", "CLUSTER", min_width=8, weight=1, priority=2),
    Column("state", "STATE", width=15),
    Column("progress", "PROGRESS", min_width=30, weight=4),
    Column("age", "TIME", width=5, align="right", priority=1),
)
BAR = 10
_GOING = {
    "pull": "pulling",
    "push": "pushing",
    "copy": "copying",
    "build": "building",
    "remove": "removing",
    "prune": "removing",
    "tag": "tagging",
    "deploy": "deploying",
}
_LAYER: dict[LayerState, tuple[str, Tone]] = {
    "waiting": ("· waiting", "muted"),
    "working": ("◌ on its way", "busy"),
    "extracting": ("◌ extracting", "busy"),
    "done": ("● done", "ok"),
    "exists": ("● there already", "muted"),
}
_STEP: dict[str, tuple[str, Tone]] = {
    "working": ("◌ working", "busy"),
    "cached": ("● cached", "muted"),
    "done": ("● done", "ok"),
    "failed": ("✕ failed", "bad"),
}
_SETTLED = ("done", "exists")
_SAID_ALREADY = frozenset(
    {"waiting", "downloading", "extracting", "pushing", "preparing", "pulling fs layer", "download complete"}
)
"""Words of an engine that say what the state beside them says."""


def state_cell(verb: TransferVerb, state: TransferState) -> Cell:
    """A glyph and a word."""
    if state == "working":
        return cell(f"◌ {_GOING[verb]}", "busy")
    words: dict[TransferState, tuple[str, Tone]] = {
        "waiting": ("· waiting", "muted"),
        "done": ("● done", "ok"),
        "present": ("● there already", "muted"),
        "failed": ("✕ failed", "bad"),
        "stopped": ("○ stopped", "warn"),
    }
    return cell(*words[state])


def bar_cell(done: int, total: int, width: int = BAR) -> Cell:
    """``▆▆▆▆▁▁ 62%  41M/66M``; without a whole only how much it is."""
    if total <= 0:
        return cell(formats.size(done), "muted") if done else ()
    share = min(done / total, 1.0)
    return (
        Span(bar(share, width), "bar-used"),
        Span(f" {int(share * 100):>3}%  ", "strong"),
        Span(f"{formats.size(min(done, total))}/{formats.size(total)}", "muted"),
    )


def transfer_key(row: TransferProgress) -> str:
    return f"{row.instance.name}/{row.image}"


def transfer_columns(rows: Sequence[TransferProgress]) -> tuple[Column, ...]:
    """Without the image where all are of one, and without layers and speed where there are none."""
    left_out = set()
    if len({row.image for row in rows}) < 2:
        left_out.add("image")
    if not any(row.layers for row in rows) and not any(row.verb in ("pull", "push") for row in rows):
        left_out.add("layers")
    if any(row.verb in ("tag", "remove", "prune") for row in rows):
        left_out.add("rate")
    return tuple(column for column in TRANSFER_COLUMNS if column.key not in left_out)


def transfer_row(row: TransferProgress, columns: Sequence[Column]) -> Row:
    settled = sum(layer.state in _SETTLED for layer in row.layers)
    cells: dict[str, Cell] = {
        "instance": cell(row.instance.name),
        "image": cell(row.image, "muted"),
        "state": state_cell(row.verb, row.state),
        "progress": _progress(row),
        "layers": cell(f"{settled} of {len(row.layers)}" if row.layers else "", "muted"),
        "rate": cell(f"{formats.size(int(row.rate))}/s" if row.rate >= 1 and not row.over else "", "muted"),
    }
    return Row(transfer_key(row), pick(columns, cells))


def _progress(row: TransferProgress) -> Cell:
    if row.over:
        # That it is about this image stands beside it, or in the header.
        return cell(row.detail.removeprefix(f"{row.image}: "), "bad" if row.state == "failed" else "muted")
    shown = bar_cell(row.done, row.total)
    if not shown:
        return cell(row.detail, "muted")
    left = (row.total - row.done) / row.rate if row.rate >= 1 and row.total > row.done else 0
    words = f"{int(left)}s" if left < 60 else seconds_words(left)
    return (*shown, Span(f"  {words} left", "muted")) if left >= 1 else shown


def layer_row(layer: LayerProgress, place: int) -> Row:
    words, tone = _LAYER[layer.state]
    moving = layer.state in ("working", "extracting")
    progress = bar_cell(layer.done, layer.total) if moving else ()
    if not progress and layer.total:
        progress = cell(formats.size(layer.total), "muted")
    said = layer.state in _SETTLED or layer.words.casefold() in _SAID_ALREADY or not layer.words
    more: Cell = () if said else (Span(f"  {layer.words}" if progress else layer.words, "muted"),)
    cells: dict[str, Cell] = {
        "layer": cell(layer.id, "accent" if moving else ""),
        "state": cell(words, tone),
        "progress": (*progress, *more),
    }
    return Row(f"{place}:{layer.id}", pick(LAYER_COLUMNS, cells))


# --- works ------------------------------------------------------------------------------------------------------------


def outcome_cell(work: Work) -> Cell:
    """Of the whole work."""
    if work.going:
        return cell("◌ stopping" if work.stop.is_set() else f"◌ {_GOING[work.verb]}", "busy")
    words: dict[str, tuple[str, Tone]] = {
        "done": ("● done", "ok"),
        "failed": ("✕ failed", "bad"),
        "stopped": ("○ stopped", "warn"),
    }
    return cell(*words[work.outcome])


def work_line(work: Work) -> Cell:
    """How far it is, in a line: a bar of all its instances together, or a build's step."""
    if isinstance(work, Transfer):
        rows = work.rows()
        if work.problem and not any(row.state == "failed" for row in rows):
            return cell(work.problem, "bad")
        return _transfer_line(rows)
    progress = getattr(work, "progress", None)
    if work.outcome == "failed":
        return cell(work.problem or (progress.detail if progress else ""), "bad")
    return build_line(progress) if progress is not None else ()


def _transfer_line(rows: Sequence[TransferProgress]) -> Cell:
    over = sum(row.over for row in rows)
    failed = [row for row in rows if row.state == "failed"]
    spans: list[Span] = []
    total = sum(row.total for row in rows if not row.over)
    if total:
        done = sum(min(row.done, row.total) for row in rows if not row.over)
        spans += [*bar_cell(done, total), Span("  ")]
    if rows:
        spans.append(Span(f"{over} of {len(rows)}", "muted"))
    if failed:
        spans.append(Span(f"  {failed[0].instance.name}: {failed[0].detail}", "bad"))
    return tuple(spans)


def rate_of(rows: Sequence[TransferProgress]) -> float:
    """Bytes a second of all together."""
    return sum(row.rate for row in rows if not row.over)


def work_row(work: Work, now: float) -> Row:
    cells: dict[str, Cell] = {
        "work": cell(work.what, "" if work.going else "muted"),
        "cluster": cell(work.cluster, "muted"),
        "state": outcome_cell(work),
        "progress": work_line(work),
        "age": cell(seconds_words(work.seconds(now)), "muted"),
    }
    return Row(str(work.number), pick(WORK_COLUMNS, cells))


# --- builds -----------------------------------------------------------------------------------------------------------


def seconds_words(seconds: float) -> str:
    """``0.4s 12s 3m5s``."""
    if seconds < 10:
        return f"{seconds:.1f}s"
    if seconds < 60:
        return f"{int(seconds)}s"
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m{rest}s" if minutes < 60 else f"{minutes // 60}h{minutes % 60}m"


def build_line(progress: BuildProgress) -> Cell:
    """What is going on: the context that is sent, or the step."""
    if progress.state == "sending":
        return (Span("sending  ", "busy"), *bar_cell(progress.sent, progress.total))
    if not progress.steps:
        return cell(progress.detail, "muted")
    last = progress.steps[-1]
    return (Span(f"step {last.number} of {last.of}  ", "strong"), Span(last.words, "muted"))


def context_line(progress: BuildProgress | None) -> Cell:
    """The folder on its way to the engine."""
    if progress is None:
        return cell("reading the folder…", "muted")
    name = Span("Context  ", "muted")
    if progress.state == "sending":
        return (name, *(bar_cell(progress.sent, progress.total, 24) or cell("reading the folder…", "muted")))
    sent = progress.sent or progress.total
    return (name, Span("● sent", "ok"), Span(f"  {formats.size(sent)}" if sent else "", "muted"))


def step_row(step: BuildStep) -> Row:
    words, tone = _STEP[step.state]
    cells: dict[str, Cell] = {
        "number": cell(f"{step.number}/{step.of}", "muted"),
        "state": cell(words, tone),
        "seconds": cell(seconds_words(step.seconds) if step.state != "cached" else "", "muted"),
        "words": cell(step.words, "bad" if step.state == "failed" else "strong" if step.state == "working" else ""),
    }
    return Row(str(step.number), pick(STEP_COLUMNS, cells))
