"""What is loaded ahead, in threads, so that the first key of its kind need not wait for it."""

from __future__ import annotations

import asyncio
from importlib import import_module


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


_LEADS_TO = {
    **dict.fromkeys(("app.go('definitions')", "jump_definition"), "app.screens.definitions"),
    **dict.fromkeys(("edit", "new_definition"), "app.screens.editor"),
    **dict.fromkeys(("pull_image", "build_image", "copy_image", "push_image", "tag_image"), "app.screens.images.forms"),
    "run": "app.screens.run.screen",
    "deploy": "app.operations.deeds",
    "add_contexts": "app.screens.contexts_dialog",
}
"""Of the actions whose screens or dialogs are made of those models."""


class Loader:
    """Loads what the first key of its kind leads to, where nobody has yet: all but that key goes on meanwhile."""

    def __init__(self) -> None:
        self._loaded: set[str] = set()

    async def load_for(self, action: str) -> None:
        """Return once the action's modules can be used."""
        # Not by sys.modules: what another thread is just loading is there already.
        if (module := _LEADS_TO.get(action, "")) and module not in self._loaded:
            await asyncio.to_thread(import_module, module)
            self._loaded.add(module)
