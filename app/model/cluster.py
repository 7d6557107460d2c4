"""The cluster file: a named pool of container instances, in ``clusters/NAME.toml`` (ECS semantics 1.1, 1.2)."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from app.model.drain import LONGEST_REASON
from app.model.endpoint import NO_FILES, Endpoint, TlsFiles
from app.model.errors import DocumentError, Finding
from app.model.names import (
    ATTRIBUTE_NAME,
    CLUSTER_NAME_PATTERN,
    INSTANCE_ID_PATTERN,
    INSTANCE_NAME_PATTERN,
    SCHEDULER_NAME_PATTERN,
)
from app.model.policy import DEFAULT_DANGEROUS, DEFAULT_POLICY, Dangerous, Policy

MAX_ATTRIBUTE_VALUE = 128
MAX_CUSTOM_ATTRIBUTES = 10
BUILT_IN_ATTRIBUTE_PREFIX = "ecs."
MAX_RESERVED_PORTS = 100
RESERVED_PORTS = (22, 2375, 2376)
"""SSH, and the Docker API without and with TLS, as the ECS agent has them. Its own three ports are nobody's here."""
_LEFT_OUT = ("ca", "cert", "key", "tls_name", "attributes", "drain_recorded", "drain_reason", "reserved_ports_udp")
"""Members of an instance that are not in the file while they are empty."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

Location = tuple[int | str, ...]
"""A member of the file, as pydantic has it: ``("instance", 1, "endpoint")``."""


class InstanceEntry(BaseModel):
    """One Docker Engine of a cluster. Frozen; members of a newer program are kept."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True, hide_input_in_errors=True)

    name: str = Field(
        pattern=INSTANCE_NAME_PATTERN,
        description="1 to 63 letters, digits, dots, - and _, beginning with a letter or a digit",
    )
    id: str = Field(
        pattern=INSTANCE_ID_PATTERN,
        description="32 lower-case hex digits; register-container-instance makes one",
    )
    endpoint: str = Field(
        min_length=1,
        max_length=2048,
        description="how to reach the engine, as in unix:///var/run/docker.sock; at most 2048 characters",
    )
    ca: str = Field(
        default="", max_length=4096, description="for TLS: the file of the CA that signed the engine's certificate"
    )
    cert: str = Field(default="", max_length=4096, description="for TLS: the file of our certificate")
    key: str = Field(default="", max_length=4096, description="for TLS: the file of our certificate's key")
    tls_name: str = Field(
        default="",
        max_length=253,
        description="for TLS: the name in the engine's certificate, where it is not that of the endpoint",
    )
    status: Literal["ACTIVE", "DRAINING"] = Field(default="ACTIVE", description="ACTIVE or DRAINING")
    drain_recorded: bool = Field(
        default=False, description="true once its engine has the record that it is DRAINING; Moorage writes it"
    )
    drain_reason: str = Field(
        default="",
        max_length=LONGEST_REASON,
        description=f"why it is DRAINING, until its engine has that record; at most {LONGEST_REASON} characters",
    )
    registered_at: AwareDatetime = Field(
        description="a date and time with its zone and no quotes, as in 2025-01-31T09:30:00Z",
    )
    attributes: dict[str, str] = Field(
        default_factory=dict,
        description="name = value pairs for placement: names of 1 to 128 letters, digits, - _ . / \\ and values of"
        " at most 128 characters; at most 10 that do not begin with ecs.",
    )
    reserved_memory: int = Field(
        default=0, ge=0, le=2**31 - 1, description="MiB that are kept free for the host itself; 0 or more"
    )
    reserved_ports: list[Annotated[int, Field(ge=1, le=65535)]] = Field(
        default=list(RESERVED_PORTS),
        max_length=MAX_RESERVED_PORTS,
        description="tcp ports that no task may have on the host: at most 100 numbers from 1 to 65535, as in [22]",
    )
    reserved_ports_udp: list[Annotated[int, Field(ge=1, le=65535)]] = Field(
        default=[],
        max_length=MAX_RESERVED_PORTS,
        description="udp ports that no task may have on the host: at most 100 numbers from 1 to 65535",
    )
    insecure: bool = Field(default=False, description="true allows plain TCP without TLS to another machine")

    @field_validator("endpoint", "ca", "cert", "key", "tls_name")
    @classmethod
    def _one_line(cls, value: str) -> str:
        if _CONTROL.search(value):
            raise ValueError("holds a control character")
        return value

    @property
    def tls(self) -> TlsFiles | None:
        files = TlsFiles(self.ca, self.cert, self.key, self.tls_name)
        return files if files != NO_FILES else None

    @property
    def reached_by(self) -> Endpoint:
        return Endpoint(self.endpoint, self.tls, self.insecure)

    @field_validator("attributes")
    @classmethod
    def _ecs_limits(cls, value: dict[str, str]) -> dict[str, str]:
        for name, text in value.items():
            if problem := attribute_problem(name, text):
                raise ValueError(problem)
        custom = sum(not name.startswith(BUILT_IN_ATTRIBUTE_PREFIX) for name in value)
        if custom > MAX_CUSTOM_ATTRIBUTES:
            raise ValueError(f"has {custom} custom attributes; ECS allows {MAX_CUSTOM_ATTRIBUTES}")
        return value


class ClusterFile(BaseModel):
    """A whole cluster file. Frozen: ``with_instance`` returns a new one. Members of a newer program are kept."""

    model_config = ConfigDict(
        frozen=True,
        extra="allow",
        strict=True,
        hide_input_in_errors=True,
        validate_by_name=True,
        validate_by_alias=True,
    )

    name: str = Field(
        pattern=CLUSTER_NAME_PATTERN,
        description="1 to 255 letters, digits, - and _, beginning with a letter or a digit",
    )
    status: Literal["ACTIVE", "INACTIVE"] = Field(default="ACTIVE", description="ACTIVE or INACTIVE")
    scheduler: str = Field(
        default="",
        pattern=f"^$|{SCHEDULER_NAME_PATTERN}",
        description="who chooses instances for its tasks: 1 to 64 letters, digits, - and _; without it Moorage itself",
    )
    policy: Policy = Field(
        default=DEFAULT_POLICY,
        description='what a change needs: "free", "confirm", "type-name", or "read-only", which allows none',
    )
    dangerous: Dangerous = Field(
        default=DEFAULT_DANGEROUS,
        description='what becomes of containers that reach beyond their own walls: "allow", "confirm" or "deny"',
    )
    instances: list[InstanceEntry] = Field(
        default_factory=list,
        validation_alias="instance",
        serialization_alias="instance",
        description="one [[instance]] table each",
    )

    @model_validator(mode="after")
    def _unique_instances(self) -> Self:
        for member in ("name", "id"):
            seen: dict[str, int] = {}
            for index, instance in enumerate(self.instances):
                value = getattr(instance, member)
                if value in seen:
                    raise PydanticCustomError(
                        "duplicate",
                        "is the same as that of instance[{first}]",
                        {"first": seen[value], "at": (index, member)},
                    )
                seen[value] = index
        return self

    def find(self, name_or_id: str) -> InstanceEntry | None:
        """The instance of that name or id; a name goes first."""
        by_name = (entry for entry in self.instances if entry.name == name_or_id)
        by_id = (entry for entry in self.instances if entry.id == name_or_id)
        return next(by_name, None) or next(by_id, None)

    def with_instance(self, entry: InstanceEntry) -> ClusterFile:
        """With one more instance, or with this one in place of that of the same id."""
        others = [entry if other.id == entry.id else other for other in self.instances]
        return self.model_copy(update={"instances": others if entry in others else [*others, entry]})

    def without_instance(self, instance_id: str) -> ClusterFile:
        return self.model_copy(update={"instances": [entry for entry in self.instances if entry.id != instance_id]})

    def to_document(self) -> dict[str, Any]:
        """The members as the file has them: the key ``instance``, unknown members kept.

        What is empty is left out: ``instance = []`` would forbid a person to add an ``[[instance]]`` below it.
        """
        document = self.model_dump(by_alias=True)
        for entry in document["instance"]:
            for member in _LEFT_OUT:
                if not entry[member]:
                    del entry[member]
            if entry["reserved_ports"] == list(RESERVED_PORTS):
                del entry["reserved_ports"]
        for member, default in (
            ("scheduler", ""),
            ("policy", DEFAULT_POLICY),
            ("dangerous", DEFAULT_DANGEROUS),
            ("instance", []),
        ):
            if document[member] == default:
                del document[member]
        return document


def attribute_problem(name: str, value: str) -> str:
    """What ECS would refuse of an attribute; "" for a good one."""
    if ATTRIBUTE_NAME.fullmatch(name) is None:
        return f"has an attribute with the name {name[:60]!r}"
    if len(value) > MAX_ATTRIBUTE_VALUE:
        return f"has an attribute {name!r} with {len(value)} characters"
    return f"has an attribute {name!r} with a control character" if _CONTROL.search(value) else ""


def cluster_from_document(
    values: Mapping[str, Any], source: str, place: Callable[[Location], str] | None = None
) -> ClusterFile:
    """The model of a parsed cluster file.

    Args:
        place: the line and column of a member, for the findings' text.

    Raises:
        DocumentError: every finding at once, ``path`` as in ``instance[1].endpoint``. The findings quote no values.
    """
    if "instances" in values:
        problem = _placed("unknown key", ("instances",), place)
        raise DocumentError(source, [Finding("instances", problem, "write [[instance]] for each instance")])
    try:
        return ClusterFile.model_validate(dict(values), by_alias=True, by_name=False)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
        raise DocumentError(source, [_finding(detail, place) for detail in details]) from None


def unknown_members(cluster: ClusterFile) -> list[Finding]:
    """A warning for every member that this program does not know: a newer program's, or a typing error."""
    findings = list(_unknown("", cluster))
    for index, entry in enumerate(cluster.instances):
        findings.extend(_unknown(f"instance[{index}].", entry))
    return findings


def _unknown(prefix: str, model: BaseModel) -> Iterator[Finding]:
    known = [field.serialization_alias or name for name, field in type(model).model_fields.items()]
    for name in model.model_extra or {}:
        close = difflib.get_close_matches(name, known, n=1)
        remedy = f"did you mean {close[0]!r}?" if close else "it is kept, and not used"
        yield Finding(f"{prefix}{name}", "unknown key", remedy, severity="warning")


_PROBLEMS = {
    "missing": "is missing",
    "extra_forbidden": "unknown key",
    "string_pattern_mismatch": "is not valid",
    "timezone_aware": "has no time zone",
    "string_too_short": "is empty",
    "string_too_long": "is too long",
}


def _finding(detail: ErrorDetails, place: Callable[[Location], str] | None) -> Finding:
    location, kind, message = detail["loc"], detail["type"], detail["msg"]
    if kind == "duplicate":
        location = ("instance", *detail["ctx"]["at"])
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).removeprefix(".")
    if kind in ("value_error", "duplicate"):
        problem = message.removeprefix("Value error, ")
    else:
        problem = _PROBLEMS.get(kind, f"is not valid: {message[:1].lower()}{message[1:]}")
    remedy = "names and ids are unique in a cluster" if kind == "duplicate" else _remedy(location)
    return Finding(path, _placed(problem, location, place), remedy)


def _placed(problem: str, location: Location, place: Callable[[Location], str] | None) -> str:
    return f"{place(location)}: {problem}" if place else problem


def _remedy(location: Location) -> str:
    model: type[BaseModel] = ClusterFile
    members = [str(part) for part in location if not isinstance(part, int)]
    if members[:1] == ["instance"] and len(members) > 1:
        model, members = InstanceEntry, members[1:]
    for name, field in model.model_fields.items():
        if members[:1] == [field.serialization_alias or name]:
            return field.description or ""
    return ""
