"""The Run form's lines, their offers, and what edits make of the choice; without any widget."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.model.definition_document import definition_from
from app.placement.evaluation import InstanceFacts
from app.screens.run.choice import RunChoice
from app.screens.run.form import MOST, RunForm, RunWorld
from tests.unit.screens.test_run_choice import WEB
from widgets.cells import cell_text

SECRET = {"name": "DB_PASSWORD", "value": "hunter2"}
FACTS = (
    InstanceFacts("edge-1", attributes={"ecs.os-type": "linux", "zone": "a", "ecs.capability.x": ""}),
    InstanceFacts("edge-2", attributes={"ecs.os-type": "linux", "zone": "b", "gpu": "1"}),
)


def form(**changes: Any) -> RunForm:
    members = {**WEB, "placementConstraints": [{"type": "memberOf", "expression": "attribute:zone exists"}]}
    document = definition_from(members, "test")
    document.definition.container_definitions[0].environment.append(
        type(document.definition.container_definitions[0].environment[0])(**SECRET)
    )
    world = RunWorld(("web:8", "web:7"), ("prod", "edge"), ("built-in", "swarm"), document, FACTS, "built-in", "ops")
    return RunForm(RunChoice("web:8", "prod", **changes), lambda _: world)


def shown(made: RunForm) -> dict[str, str]:
    return {
        line.key: "  ".join(part for part in (cell_text(line.value), cell_text(line.note)) if part)
        for line in made.lines
    }


def offered(made: RunForm, key: str) -> list[str]:
    return [offer.text for offer in made.offers(key).offers]


# --- what is shown ----------------------------------------------------------------------------------------------------


def test_every_line_says_what_it_is_and_what_would_be_without() -> None:
    assert shown(form()) == {
        "definition": "web:8",
        "cluster": "prod",
        "count": "1",
        "reserves": "256u CPU  640M  tcp 8080",
        "strategy:+": "+ add  without one by chance",
        "constraint:+": "+ add  the definition has 1 of its own",
        "override:+": "+ add",
        "scheduler": "built-in  the cluster's own",
        "group": "family:web",
        "started_by": "ops",
        "images": "-",
        "run": "▶ Run web:8 × 1 on prod",
    }


def test_an_expression_says_on_how_many_it_holds_and_an_attribute_how_many_have_it() -> None:
    made = form(
        strategies=("spread attribute:gpu", "spread attribute:zone"),
        constraints=("memberOf attribute:gpu exists", "memberOf attribute:zone == c", "memberOf attribute:"),
    )
    lines = shown(made)
    assert lines["strategy:0"] == "spread attribute:gpu  on 1 of 2"
    assert lines["strategy:1"] == "spread attribute:zone"
    assert lines["constraint:0"] == "memberOf attribute:gpu exists  on 1 of 2"
    assert lines["constraint:1"] == "memberOf attribute:zone == c  on 0 of 2"
    assert lines["constraint:2"] == "memberOf attribute:"
    assert next(line for line in made.lines if line.key == "constraint:2").error_at == 19


def test_a_definition_says_when_there_is_a_later_one() -> None:
    made = form()
    made.take("definition", "web:7")
    assert shown(made)["definition"] == "web:7  latest is 8"


def test_secrets_are_masked_until_they_are_revealed() -> None:
    made = form(overrides=("web environment DB_PASSWORD=swordfish",))
    assert shown(made)["override:0"] == "web environment DB_PASSWORD=••••••••"
    assert "hunter2" not in repr(made.offers("override:+"))
    assert made.masked_overrides() == ["web environment DB_PASSWORD=••••••••"]
    made.revealed = True
    assert shown(made)["override:0"] == "web environment DB_PASSWORD=swordfish"
    assert "hunter2" in repr(made.offers("override:+"))
    assert made.text("override:0") == "web environment DB_PASSWORD=swordfish"


def test_marked_instances_grey_what_start_task_does_not_take_and_nothing_is_lost() -> None:
    made = form(strategies=("random",), count="3")
    made.restore(replace(made.choice, instances=("edge-1", "edge-2")))
    lines = shown(made)
    assert lines["count"] == "2  one on edge-1, edge-2"
    assert lines["strategy:+"] == "start-task takes none; 1 kept for run-task"
    assert lines["scheduler"] == "start-task asks none"
    assert lines["run"] == "▶ Run web:8 × 2 on edge-1, edge-2"
    assert made.add("strategy:+") is None
    made.restore(replace(made.choice, instances=()))
    assert shown(made)["strategy:0"] == "random"
    assert made.choice.count == "3"


# --- edits ------------------------------------------------------------------------------------------------------------


def test_lines_of_a_list_are_added_moved_and_removed() -> None:
    made = form()
    assert made.add("strategy:+") == "strategy:0"
    made.set("strategy:0", "rand")
    assert "'random', 'spread' or 'binpack'" in made.reading.wrong["strategy:0"].text
    assert made.take("strategy:0", " random ") == "strategy:0"
    key = made.add("strategy:0")
    assert key is not None
    assert made.take(key, "binpack cpu") == "strategy:1"
    assert made.move("strategy:1", -1) == "strategy:0"
    assert made.choice.strategies == ("binpack cpu", "random")
    assert made.move("strategy:0", -1) == "strategy:0"
    assert made.remove("strategy:0") == "strategy:0"
    assert made.remove("strategy:0") == "strategy:+"
    assert not made.choice.strategies
    assert made.remove("strategy:+") is None
    assert made.remove("count") is None


def test_a_chain_is_taken_as_its_lines_and_an_expression_alone_is_a_member_of() -> None:
    made = form()
    made.add("strategy:+")
    assert made.take("strategy:0", "spread attribute:zone, then binpack memory") == "strategy:1"
    assert made.choice.strategies == ("spread attribute:zone", "binpack memory")
    made.add("constraint:+")
    made.take("constraint:0", "attribute:zone == a")
    assert made.choice.constraints == ("memberOf attribute:zone == a",)


def test_a_line_that_is_left_empty_is_gone() -> None:
    made = form()
    made.add("override:+")
    assert made.take("override:0", "  ") == "override:+"
    assert made.choice.overrides == ()


@pytest.mark.parametrize("section", ["strategy", "constraint"])
def test_no_more_than_ecs_takes(section: str) -> None:
    made = form()
    for _ in range(MOST[section]):
        assert made.add(f"{section}:+") is not None
    assert made.add(f"{section}:0") is None
    assert f"{section}:+" not in shown(made)


def test_another_cluster_forgets_the_marks() -> None:
    made = form(instances=("edge-1",))
    made.take("cluster", "prod")
    assert made.choice.instances == ("edge-1",)
    made.take("cluster", "edge")
    assert not made.choice.instances


# --- offers -----------------------------------------------------------------------------------------------------------


def test_strategies_are_offered_for_the_attributes_that_tell_instances_apart() -> None:
    found = offered(form(), "strategy:+")
    assert "spread attribute:zone" in found
    assert "spread attribute:gpu" in found
    assert not any("os-type" in text or "capability" in text for text in found)
    assert "spread attribute:zone, then binpack memory" in found
    made = form(strategies=("random", ""))
    assert not any(", then " in text for text in offered(made, "strategy:1"))


def test_constraints_are_offered_with_how_many_they_select() -> None:
    made = form(constraints=("distinctInstance", ""))
    offers = {offer.text: offer.note for offer in made.offers("constraint:1").offers}
    assert offers["memberOf attribute:zone == a"] == "1 of 2"
    assert offers["memberOf attribute:gpu !exists"] == "1 of 2"
    assert "distinctInstance" not in offers
    assert "memberOf attribute:zone exists" not in offers


def test_overrides_are_offered_for_each_container_with_what_is_there_now() -> None:
    offers = {offer.text: offer.note for offer in form().offers("override:+").offers}
    assert offers["web environment LOG_LEVEL="] == "now info"
    assert offers["web memory "] == "now 512M"
    assert offers["db command "] == "of the image"
    assert "task memory " in offers
    assert all(not offer.whole for offer in form().offers("override:+").offers)


@pytest.mark.parametrize(("key", "names"), [("definition", ["web:8", "web:7"]), ("scheduler", ["built-in", "swarm"])])
def test_what_is_chosen_is_offered(key: str, names: list[str]) -> None:
    assert offered(form(), key) == names


def test_every_line_has_a_help() -> None:
    made = form(strategies=("random",))
    assert all(made.help(line.key) for line in made.lines)


def test_a_line_that_may_be_cut_is_told_in_full_with_its_secret_masked() -> None:
    long = "memberOf attribute:zone == a or attribute:zone == b"
    made = form(
        constraints=(long,),
        overrides=("web environment DB_PASSWORD=swordfish", "web command echo a very long line of words"),
    )
    assert made.help("constraint:0") == long
    assert made.help("override:1") == "web command echo a very long line of words"
    assert "swordfish" not in made.help("override:0")


def test_the_names_of_attributes_end_what_is_typed() -> None:
    words = form().offers("constraint:+").words
    assert words.index("attribute:zone") < words.index("attribute:ecs.os-type")
    assert not any("capability" in word for word in words)
