"""Rules of one container definition (design: ECS semantics 2.2, 2.3 and 2.4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from app.model.container_definition import ContainerDefinition
from app.model.linux_rules import broken_on_linux
from app.model.locations import Broken, Location, short
from app.model.task_definition import TaskDefinition

# Docker's answer to these in a container that lives in another's network is 400.
_NOT_IN_AWSVPC = {
    "hostname": "hostname",
    "dns_servers": "dnsServers",
    "dns_search_domains": "dnsSearchDomains",
    "extra_hosts": "extraHosts",
    "disable_networking": "disableNetworking",
}
_DIGEST = "sha256:"
_HEX = frozenset("0123456789abcdef")


def broken_in_container(definition: TaskDefinition, index: int, container: ContainerDefinition) -> Iterator[Broken]:
    at: Location = ("containerDefinitions", index)
    yield from _image(at, container)
    yield from _environment(at, container)
    yield from _network(definition, at, container)
    yield from _health_check(at, container)
    yield from _logging(at, container)
    yield from _devices_by_count(at, container)
    yield from broken_on_linux(definition, at, container)


def repeated(names: Iterable[str]) -> set[str]:
    """The names that are there more than once."""
    return {name for name, count in Counter(names).items() if count > 1}


def _image(at: Location, container: ContainerDefinition) -> Iterator[Broken]:
    _, mark, digest = container.image.partition("@")
    hexadecimal = digest.removeprefix(_DIGEST)
    if mark and (len(digest) != len(_DIGEST) + 64 or len(hexadecimal) != 64 or not _HEX.issuperset(hexadecimal)):
        remedy = "write repository@sha256: and 64 hexadecimal digits, or a tag"
        yield Broken((*at, "image"), "Container.image contains invalid characters.", remedy)


def _environment(at: Location, container: ContainerDefinition) -> Iterator[Broken]:
    seen: set[str] = set()
    for number, pair in enumerate(container.environment):
        if pair.name in seen:
            yield Broken((*at, "environment", number, "name"), f"{short(pair.name)!r} is set twice", "keep one of them")
        seen.add(pair.name)
    for number, secret in enumerate(container.secrets):
        if secret.name in seen:
            here = (*at, "secrets", number, "name")
            yield Broken(here, f"{short(secret.name)!r} is set twice", "keep it in environment or in secrets, once")
        seen.add(secret.name)
    for number, file in enumerate(container.environment_files):
        if not (file.value.startswith("arn:") and file.value.endswith(".env")):
            here = (*at, "environmentFiles", number, "value")
            yield Broken(here, "is no ARN of an .env file in S3", 'write it as "arn:aws:s3:::bucket/name.env"')


def _network(definition: TaskDefinition, at: Location, container: ContainerDefinition) -> Iterator[Broken]:
    if definition.network_mode == "awsvpc":
        for name, member in _NOT_IN_AWSVPC.items():
            if getattr(container, name):
                here = (*at, member)
                yield Broken(here, "cannot be with networkMode awsvpc", "remove it", premises=(here, ("networkMode",)))
    if container.disable_networking and container.port_mappings:
        yield Broken((*at, "portMappings"), "disableNetworking leaves them without effect", "remove one", "warning")


def _health_check(at: Location, container: ContainerDefinition) -> Iterator[Broken]:
    if container.health_check is None:
        return
    here = (*at, "healthCheck", "command")
    form, *words = container.health_check.command
    if form in ("CMD", "CMD-SHELL") and not words:
        yield Broken(here, f"{form} has no command", f'write ["{form}", …]')
    elif form == "CMD-SHELL" and len(words) > 1:
        yield Broken(here, "CMD-SHELL runs one line; the rest are its arguments", "write one string", "warning")
    elif form not in ("CMD", "CMD-SHELL", "NONE"):
        yield Broken(here, "does not say CMD or CMD-SHELL", "it is run as CMD", "warning")


def _logging(at: Location, container: ContainerDefinition) -> Iterator[Broken]:
    logging = container.log_configuration
    if logging is None:
        return
    here: Location = (*at, "logConfiguration")
    given = logging.options.keys() | {secret.name for secret in logging.secret_options}
    missing = [name for name in ("awslogs-group", "awslogs-region") if name not in given]
    if logging.log_driver == "awslogs" and missing:
        premises = tuple((*here, member) for member in ("logDriver", "options", "secretOptions"))
        problem = f"awslogs needs {' and '.join(missing)}"
        yield Broken((*here, "options"), problem, f"add {'it' if len(missing) == 1 else 'them'}", premises=premises)
    twice = repeated([*logging.options, *(secret.name for secret in logging.secret_options)])
    for number, secret in enumerate(logging.secret_options):
        if secret.name in twice:
            place = (*here, "secretOptions", number, "name")
            yield Broken(place, f"{short(secret.name)!r} is set twice", "keep one of them")


def _devices_by_count(at: Location, container: ContainerDefinition) -> Iterator[Broken]:
    for number, requirement in enumerate(container.resource_requirements):
        value = requirement.value or ""
        counted = value.isascii() and value.isdigit() and int(value[:9]) >= 1 and len(value) <= 9
        if requirement.type == "GPU" and not counted and requirement.sharing_strategy is None:
            here = (*at, "resourceRequirements", number)
            premises = tuple((*here, member) for member in ("type", "value", "sharingStrategy"))
            yield Broken((*here, "value"), "is no number of GPUs", 'write how many, as "1"', premises=premises)
    types = [requirement.type for requirement in container.resource_requirements]
    if types.count("GPU") > 1:
        yield Broken((*at, "resourceRequirements"), "GPU is asked for twice", "write the number once")
