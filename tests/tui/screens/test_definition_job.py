"""A definition made, run, changed and run again by keys alone, on a real engine: from an empty home."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from textual import events
from textual.pilot import Pilot

from app.operations.session import Session
from app.screens.dashboard import Dashboard
from app.screens.editor import EditorScreen
from tests.engine_bed.waiting import wait_until
from tests.tui.screens.driving import SIZE, home_at, until, until_gone, until_shown

if TYPE_CHECKING:
    from tests.engine_bed import Daemon

SERVE = "trap 'exit 0' TERM; echo $GREETING >/data/index.html; httpd -p 80 -h /data; while :; do sleep 0.2; done"
READY = "trap 'exit 0' TERM; sleep 1; touch /tmp/ready; while :; do sleep 0.2; done"
NAMES = {
    " ": "space", "-": "minus", "_": "underscore", ".": "full_stop", ":": "colon", ";": "semicolon", "/": "slash",
    "'": "apostrophe", '"': "quotation_mark", "$": "dollar_sign", ">": "greater_than_sign", "[": "left_square_bracket",
    "]": "right_square_bracket",
}  # fmt: skip


class Keys:
    """A person at the editor: names of members, and what is typed there."""

    def __init__(self, pilot: Pilot[Any]) -> None:
        self._pilot = pilot

    @property
    def editor(self) -> EditorScreen:
        screen = self._pilot.app.screen
        assert isinstance(screen, EditorScreen)
        return screen

    async def press(self, *keys: str) -> None:
        await self._pilot.press(*keys)

    async def type(self, text: str, *then: str) -> None:
        await self._pilot.press(*(NAMES.get(character, character) for character in text), *then)

    async def paste(self, text: str, *then: str) -> None:
        assert self._pilot.app.focused is not None
        self._pilot.app.focused.post_message(events.Paste(text))
        await self._pilot.pause()
        await self._pilot.press(*then)

    async def find(self, name: str) -> None:
        await self.press("slash")
        await self.type(name, "enter")
        editor = self.editor
        await until(self._pilot, lambda: not editor.filter_text, "the search closed")
        await self._pilot.pause()

    async def put(self, name: str, text: str) -> None:
        """A member of where the cursor is gets a text."""
        await self.find(name)
        await self.press("enter")
        await self.type(text, "enter")

    async def add(self, name: str, *texts: str) -> None:
        """Elements are added to a list, one after the other."""
        await self.find(name)
        await self.press("a")
        for text in texts:
            await (self.paste if len(text) > 20 else self.type)(text, "enter")
        await self.press("escape")


async def a_definition_of_two_containers(keys: Keys) -> None:
    await keys.put("family", "shop")
    await keys.find("containerDefinitions")
    await keys.press("a")
    await keys.type("web", "enter")
    await keys.put("image", "busybox")
    await keys.put("memory", "32")
    await keys.add("command", "sh", "-c", SERVE)
    await keys.find("portMappings")
    await keys.press("a")
    await keys.type("80", "enter")
    await keys.find("environment")
    await keys.press("a")
    await keys.type("GREETING", "enter")
    await keys.type("hello", "enter", "escape")
    await keys.put("stopTimeout", "2")

    await keys.find("containerDefinitions")
    await keys.press("a")
    await keys.type("db", "enter")
    await keys.put("image", "busybox")
    await keys.put("memory", "16")
    await keys.add("command", "sh", "-c", READY)
    await keys.put("stopTimeout", "2")
    await keys.find("healthCheck")
    await keys.press("enter", "j", "a")
    await keys.type("CMD-SHELL", "enter")
    await keys.type("test -e /tmp/ready", "enter", "escape")
    await keys.put("interval", "5")

    await keys.find("volumes")
    await keys.press("a")
    await keys.type("data", "enter")
    await keys.find("web")
    await keys.find("mountPoints")
    await keys.press("a", "enter")  # the one volume that there is
    await keys.put("containerPath", "/data")
    await keys.find("dependsOn")
    await keys.press("a", "enter", "end", "enter")  # db, HEALTHY
    await keys.find("links")
    await keys.press("a", "end", "enter")
    await keys.type("db:database", "enter", "escape")


@pytest.mark.parametrize("size", [SIZE, (80, 24)], ids=["120x36", "80x24"])
async def test_a_definition_is_made_run_changed_and_run_again_by_keys_alone(
    engine: Daemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    monkeypatch.setenv("DOCKER_HOST", engine.endpoint)
    session = Session(home_at(tmp_path))
    app = Dashboard(session)
    async with app.run_test(size=size, notifications=True) as pilot:
        keys = Keys(pilot)
        await until_shown(pilot, r"A Docker Engine answers at")
        await keys.press("enter")
        await until_shown(pilot, r"default +1 +● 1")
        await keys.press("4", "n")
        await until_shown(pilot, r"from scratch")
        await keys.press("enter")
        await until_shown(pilot, r"definitions › new")

        await a_definition_of_two_containers(keys)
        await until_shown(pilot, r"✓ ready to register|▲")
        await keys.press("ctrl+s")
        await until_shown(pilot, r"becomes shop:1")
        await keys.press("i")
        await keys.type("the first", "enter")
        await until_shown(pilot, r"definitions › shop:1")
        await _run(pilot, keys, "shop:1", engine, "hello")

        await keys.press("4", "e")
        await until_shown(pilot, r"shop › 1 → draft")
        await keys.find("GREETING")
        await keys.press("right", "enter", "ctrl+u")
        await keys.type("world", "enter", "ctrl+d")
        await until_shown(pilot, r'\+ +"value": "world"')
        await keys.press("escape", "ctrl+s")
        await until_shown(pilot, r"becomes shop:2")
        await keys.press("ctrl+s")
        await until_shown(pilot, r"definitions › shop:2")
        await _run(pilot, keys, "shop:2", engine, "world")

    first, second = (json.loads(session.definitions.read("shop", number).document) for number in (1, 2))
    assert first == WANTED
    second["containerDefinitions"][0]["environment"][0]["value"] = "hello"
    assert second == first
    assert session.definitions.read("shop", 1).note == "the first"


async def _run(pilot: Pilot[Any], keys: Keys, definition: str, engine: Daemon, greeting: str) -> None:
    await keys.press("r")
    await until_shown(pilot, r"fits 1 of 1")
    await keys.press("ctrl+r")
    await until_shown(pilot, rf"Run {definition}\?")
    await keys.press("y")
    shown = await until_shown(pilot, r"● RUNNING +.*:(\d+)→80", within=60)
    port = int(re.search(r":(\d+)→80", shown[0])[1])  # type: ignore[index]
    wait_until(lambda: engine.http_get(port).text.strip() == greeting, ignoring=(OSError,))
    await until_gone(pilot, r"1 launched", within=30)
    await keys.press("escape")
    await until_shown(pilot, rf"definitions › {definition}")


WANTED = {
    "family": "shop",
    "containerDefinitions": [
        {
            "name": "web",
            "image": "busybox",
            "memory": 32,
            "links": ["db:database"],
            "portMappings": [{"containerPort": 80}],
            "command": ["sh", "-c", SERVE],
            "environment": [{"name": "GREETING", "value": "hello"}],
            "mountPoints": [{"sourceVolume": "data", "containerPath": "/data"}],
            "dependsOn": [{"containerName": "db", "condition": "HEALTHY"}],
            "stopTimeout": 2,
        },
        {
            "name": "db",
            "image": "busybox",
            "memory": 16,
            "command": ["sh", "-c", READY],
            "stopTimeout": 2,
            "healthCheck": {"command": ["CMD-SHELL", "test -e /tmp/ready"], "interval": 5},
        },
    ],
    "volumes": [{"name": "data"}],
}
