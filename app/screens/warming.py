"""What is loaded ahead, in threads, so that the first key of its kind need not wait for it."""

from __future__ import annotations


def warm() -> None:
    """Once the first frame is there: what the first colon and the first o would have to wait for."""
    import app.screens.command.bar
    import app.screens.tables.sort_dialog  # noqa: F401


def warm_watching() -> None:
    """What reads cluster files, talks to hosts and keeps what they tell: once what is known at a glance is painted."""
    import app.hosts.connection
    import app.model.cluster
    import app.operations.history
    import app.operations.journal  # noqa: F401


def warm_forms() -> None:
    """Once somebody types: the models behind forms and images, which the first r, e or I would have to wait for.

    Not before: they take 16 MiB, and who only looks has no use for them.
    """
    import app.model.cluster
    import app.operations.deploying.source
    import app.operations.images.listing
    import app.screens.editor
    import app.screens.images.forms
    import app.screens.run.screen  # noqa: F401
