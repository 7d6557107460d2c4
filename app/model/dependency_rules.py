"""Rules of links, dependsOn and volumesFrom: whom a container needs (design: ECS semantics 2.3, 4.1 and 7.4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from app.model.container_definition import ContainerDefinition
from app.model.locations import ANY, ITSELF, Broken, Location, short
from app.model.task_definition import TaskDefinition, linked

_CONTAINERS = "containerDefinitions"
_NAMES: Location = (_CONTAINERS, ANY, "name")
_MOST_NAMES = 10

Graph = dict[str, set[str]]


def broken_dependencies(definition: TaskDefinition) -> Iterator[Broken]:
    by_name = {container.name: container for container in definition.container_definitions}
    there_are = _listed(by_name)
    for index, container in enumerate(definition.container_definitions):
        at: Location = (_CONTAINERS, index)
        yield from _links(definition, at, container, by_name, there_are)
        yield from _depends_on(at, container, by_name, there_are)
        yield from _volumes_from(at, container, by_name, there_are)
    yield from _cycles(definition)


def _listed(names: Mapping[str, object]) -> str:
    shown = ", ".join(short(name) for name in sorted(names)[:_MOST_NAMES])
    return f"there are: {shown}{', …' if len(names) > _MOST_NAMES else ''}"


def _links(
    definition: TaskDefinition,
    at: Location,
    container: ContainerDefinition,
    by_name: Mapping[str, ContainerDefinition],
    there_are: str,
) -> Iterator[Broken]:
    if container.links and definition.network_mode not in (None, "bridge"):
        here = (*at, "links")
        problem, remedy = "links need networkMode bridge", "remove them or change networkMode"
        yield Broken(here, problem, remedy, premises=((*at, "links", ITSELF), ("networkMode",)))
    aliases: dict[str, str] = {}
    for number, link in enumerate(container.links):
        target, alias = linked(link)
        here = (*at, "links", number)
        if ":" in alias:
            yield Broken(here, f"{short(link)!r} has more than one colon", 'write "name" or "name:alias"')
        elif target not in by_name:
            problem = f"links to {short(target)!r}, which does not exist"
            yield Broken(here, problem, there_are, premises=(here, _NAMES))
        elif aliases.setdefault(alias, target) != target:
            yield Broken(here, f"{short(alias)!r} is another link's alias", "give each link its own alias")


def _depends_on(
    at: Location, container: ContainerDefinition, by_name: Mapping[str, ContainerDefinition], there_are: str
) -> Iterator[Broken]:
    for number, dependency in enumerate(container.depends_on):
        here = (*at, "dependsOn", number)
        target = by_name.get(dependency.container_name)
        if target is None:
            problem = f"Cannot depend on container + '{short(dependency.container_name)}' because it does not exist"
            yield Broken(here, problem, there_are, premises=(here, _NAMES))
        elif dependency.condition in ("SUCCESS", "COMPLETE") and target.essential:
            yield Broken(
                here,
                "A dependency container with SUCCESS or COMPLETE condition cannot be an essential container",
                f"set essential to false on {short(target.name)!r}",
                premises=(here, _NAMES, (_CONTAINERS, ANY, "essential")),
            )
        elif dependency.condition == "HEALTHY" and not target.health_checked:
            yield Broken(
                here,
                "A dependency container with HEALTHY condition must have health check configured",
                f"add a healthCheck to {short(target.name)!r}",
                premises=(here, _NAMES, (_CONTAINERS, ANY, "healthCheck")),
            )


def _volumes_from(
    at: Location, container: ContainerDefinition, by_name: Mapping[str, ContainerDefinition], there_are: str
) -> Iterator[Broken]:
    for number, source in enumerate(container.volumes_from):
        here = (*at, "volumesFrom", number, "sourceContainer")
        if source.source_container == container.name:
            yield Broken(here, "is the container itself", "name another container", premises=(here, _NAMES))
        elif source.source_container not in by_name:
            problem = f"{short(source.source_container)!r} does not exist"
            yield Broken(here, problem, there_are, premises=(here, _NAMES))


def _cycles(definition: TaskDefinition) -> Iterator[Broken]:
    """The engine stage alone refuses a circle that volumesFrom closes, so a document may have it (golden case 6)."""
    containers = definition.container_definitions
    links: Graph = {container.name: {linked(link)[0] for link in container.links} for container in containers}
    waits = {
        container.name: links[container.name] | {dependency.container_name for dependency in container.depends_on}
        for container in containers
    }
    everything = {
        container.name: waits[container.name]
        | {source.source_container for source in container.volumes_from} - {container.name}
        for container in containers
    }
    at, premises = (_CONTAINERS,), (_NAMES, *((_CONTAINERS, ANY, member) for member in ("links", "dependsOn")))
    for graph, problem in (
        (links, "Container links should not have a cycle"),
        (waits, "Container dependencies should not have a cycle"),
    ):
        if (cycle := find_cycle(graph)) is not None:
            yield Broken(at, problem, _shown(cycle), premises=premises)
            return
    if (cycle := find_cycle(everything)) is not None:
        problem = "with volumesFrom, the dependencies have a cycle; a task will stop with TaskDependencyError"
        yield Broken(at, problem, _shown(cycle), "warning")


def _shown(cycle: list[str]) -> str:
    names = [short(name) for name in cycle]
    return " → ".join(names if len(names) <= _MOST_NAMES else [*names[:_MOST_NAMES], "…", names[-1]])


def find_cycle(graph: Mapping[str, set[str]]) -> list[str] | None:
    """A path of names that ends where it began, or None. Names without an entry have no dependencies."""
    done: set[str] = set()
    for start in sorted(graph):
        path: dict[str, Iterator[str]] = {}
        name: str | None = start if start not in done else None
        while name is not None:
            targets = path.setdefault(name, iter(sorted(graph.get(name, ()))))
            target = next((target for target in targets if target not in done), None)
            if target is None:
                done.add(name)
                path.popitem()
                name = next(reversed(path), None)
            elif target in path:
                names = list(path)
                return [*names[names.index(target) :], target]
            else:
                name = target
    return None
