"""An event in words: what it is about, and what is to be said of it. Imports no model of documents."""

from __future__ import annotations

from app.model.event import Event


def subject_words(event: Event) -> str:
    """What it is about: ``web:7 3f9c21ab app``, or an unmanaged container's name."""
    words = [event.definition, event.task_id[:8], event.container]
    return " ".join(word for word in words if word)


def detail_words(event: Event) -> str:
    """``exit 137``, ``by ops: a new kernel``, ``×12``: all that is to be said beside what it is."""
    words = [f"exit {event.exit_code}" if event.exit_code is not None else "", event.detail]
    text = ": ".join(word for word in words if word)
    if event.by:
        text = f"by {event.by}: {text}" if text else f"by {event.by}"
    if event.count > 1:
        # A number of lost events is a number; of others one was kept, and this is how many came in its second.
        text = f"{event.count} {text}" if event.what == "lost" else f"×{event.count} {text}"
    return text.rstrip()
