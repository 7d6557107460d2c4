"""docs/compatibility.md is fresh and has every member."""

from __future__ import annotations

from app.model.honour import honours
from app.model.task_definition import TaskDefinition
from docs.make_compatibility import CONTAINERS, TARGET, VOLUMES, page


def test_compatibility_is_up_to_date() -> None:
    assert TARGET.read_text(encoding="utf-8") == page(), "run: python -m docs.make_compatibility"


def test_every_member_is_there_with_its_level() -> None:
    lines = TARGET.read_text(encoding="utf-8").splitlines()
    for honour in honours(TaskDefinition):
        name = honour.path.removeprefix(CONTAINERS).removeprefix(VOLUMES)
        assert any(line.startswith(f"| `{name}` | {honour.level} |") for line in lines), honour.path
