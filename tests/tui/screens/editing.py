"""The editor driven by keys: a dashboard with one open, and a person's hands on it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from textual.pilot import Pilot

from app.operations.definitions import register_task_definition
from app.operations.editing import EditStart, edit_revision
from app.operations.session import Session
from app.screens.dashboard import Dashboard
from app.screens.editor import EditorScreen
from tests.tui.screens.driving import until, until_shown

SIZES = [(120, 36), (80, 24)]
WEB = b"""{
    "family": "web",   "x-kept": {"a": 1.50},
    "containerDefinitions": [
        { "name": "web", "image": "nginx:1", "memory": 64, "environment": [
            { "name": "DB_PASSWORD", "value": "hunter2" } ] }
    ]
}
"""


class Editing:
    def __init__(self, app: Dashboard, pilot: Pilot[Any], editor: EditorScreen) -> None:
        self.app, self.pilot, self.editor = app, pilot, editor

    @property
    def text(self) -> str:
        return self.editor._text

    @property
    def document(self) -> Any:
        return json.loads(self.text)

    async def find(self, name: str) -> None:
        """/ NAME enter: the cursor is on the member of that name."""
        await self.pilot.press("slash", *name, "enter")
        await until(self.pilot, lambda: not self.editor.filter_text, "the search closed")
        await until(self.pilot, lambda: self.editor._form.path[-1:] == (name,), f"the cursor on {name}")

    async def type(self, text: str) -> None:
        names = {" ": "space", "_": "underscore", ".": "full_stop", "-": "minus", '"': "quotation_mark", ":": "colon"}
        await self.pilot.press(*(names.get(character, character) for character in text))


@asynccontextmanager
async def editing(
    session: Session, start: EditStart, size: tuple[int, int] = SIZES[0], **options: Any
) -> AsyncIterator[Editing]:
    app = Dashboard(session)
    async with app.run_test(size=size, notifications=True, **options) as pilot:
        await until_shown(pilot, r"moorage › fleet")
        editor = app.desk.doors.editor(start)
        assert isinstance(editor, EditorScreen)
        await app.push_screen(editor)
        await until_shown(pilot, r"moorage › definitions")
        yield Editing(app, pilot, editor)


def registered(session: Session, document: bytes = WEB) -> EditStart:
    stored = register_task_definition(session, document, "web.json").stored
    return edit_revision(stored)
