"""The intrinsic functions of CloudFormation that need nothing but the template; all others are refused by field.

Resolved are Ref to a parameter with a Default and to pseudo parameters, Fn::Sub of such names, and Fn::Join of plain
texts (design: ECS semantics 9). Pseudo parameters have the values that Moorage's own ARNs have.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from app.model.errors import Finding
from app.model.ids import ACCOUNT, REGION

SHORT_TAGS = {"!Ref": "Ref", "!Condition": "Condition"} | {
    f"!{name}": f"Fn::{name}"
    for name in (
        "And", "Base64", "Cidr", "Equals", "FindInMap", "GetAtt", "GetAZs", "If", "ImportValue", "Join", "Length",
        "Not", "Or", "Select", "Split", "Sub", "ToJsonString", "Transform",
    )
}  # fmt: skip
"""The tags by which YAML templates write them, for ``parse_yaml``."""

_PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackName": "moorage",
    "AWS::URLSuffix": "amazonaws.com",
}
_NO_VALUE = "AWS::NoValue"
_VARIABLE = re.compile(r"\$\{(!?)([^${}]*)\}")
_WRITE_IT = "write the value itself"


class _Absent:
    """What AWS::NoValue leaves, and a function that was refused."""


_ABSENT = _Absent()


def is_intrinsic(value: Any) -> bool:
    """Is it a function call: an object with the one key ``Ref`` or ``Fn::…``?"""
    if not isinstance(value, dict) or len(value) != 1:
        return False
    name = str(next(iter(value)))
    return name == "Ref" or name.startswith("Fn::")


class Resolver:
    """Resolves the functions in a template's values; what it cannot resolve is left out and told in ``findings``."""

    def __init__(self, template: Mapping[str, Any]) -> None:
        parameters = template.get("Parameters")
        self._parameters: Mapping[str, Any] = parameters if isinstance(parameters, dict) else {}
        self._refused: set[Finding] = set()
        self.findings: list[Finding] = []

    def resolve(self, value: Any, path: str) -> Any:
        """The value with its functions resolved; None for one that is absent."""
        result = self._resolved(value, path)
        return None if result is _ABSENT else result

    def _resolved(self, value: Any, path: str) -> Any:
        if is_intrinsic(value):
            ((name, argument),) = value.items()
            return self._call(name, argument, path)
        if isinstance(value, dict):
            return dict(self._present((key, self._resolved(item, f"{path}.{key}")) for key, item in value.items()))
        if isinstance(value, list):
            items = ((index, self._resolved(item, f"{path}[{index}]")) for index, item in enumerate(value))
            return [item for _, item in self._present(items)]
        if isinstance(value, str) and "{{resolve:" in value:
            return self._refuse(path, "a dynamic reference is not resolved here")
        return value

    @staticmethod
    def _present(items: Iterator[tuple[Any, Any]]) -> Iterator[tuple[Any, Any]]:
        return (item for item in items if item[1] is not _ABSENT)

    def _call(self, name: str, argument: Any, path: str) -> Any:
        if name == "Ref" and isinstance(argument, str):
            return self._reference(argument, path)
        if name == "Fn::Sub" and isinstance(argument, str):
            return self._substituted(argument, {}, path)
        match argument:
            case [str() as text, dict() as variables] if name == "Fn::Sub":
                return self._substituted(text, variables, path)
            case [str() as delimiter, items] if name == "Fn::Join":
                return self._joined(delimiter, items, path)
        return self._refuse(path, f"{name} is not resolved here")

    def _reference(self, name: str, path: str) -> Any:
        if name == _NO_VALUE:
            return _ABSENT
        if name in _PSEUDO:
            return _PSEUDO[name]
        parameter = self._parameters.get(name)
        if not isinstance(parameter, dict):
            return self._refuse(path, f"{name!r} is no parameter of the template")
        kind = str(parameter.get("Type", ""))
        if kind.startswith("AWS::SSM::"):
            return self._refuse(path, f"the parameter {name!r} is kept in SSM")
        if "Default" not in parameter:
            return self._refuse(
                path, f"the parameter {name!r} has no Default", "give it one, or write the value itself"
            )
        default = parameter["Default"]
        if isinstance(default, dict | list) or default is None:
            return self._refuse(path, f"the Default of the parameter {name!r} is no text or number")
        if isinstance(default, str) and (kind == "CommaDelimitedList" or kind.startswith("List<")):
            return [item.strip() for item in default.split(",")]
        return default

    def _substituted(self, text: str, variables: Mapping[str, Any], path: str) -> Any:
        parts: list[Any] = []
        end = 0
        for match in _VARIABLE.finditer(text):
            parts.append(text[end : match.start()])
            parts.append(self._variable(match, variables, path))
            end = match.end()
        return self._concatenated([*parts, text[end:]], "", path)

    def _variable(self, match: re.Match[str], variables: Mapping[str, Any], path: str) -> Any:
        name = match[2].strip()
        if match[1]:
            return f"${{{match[2]}}}"
        return self._resolved(variables[name], path) if name in variables else self._reference(name, path)

    def _joined(self, delimiter: str, items: Any, path: str) -> Any:
        resolved = self._resolved(items, path)
        if resolved is _ABSENT:
            return resolved
        if not isinstance(resolved, list):
            return self._refuse(path, "Fn::Join of something that is no list is not resolved here")
        return self._concatenated(resolved, delimiter, path)

    def _concatenated(self, parts: list[Any], delimiter: str, path: str) -> Any:
        if any(part is _ABSENT for part in parts):
            return _ABSENT
        if any(isinstance(part, dict | list) or part is None for part in parts):
            return self._refuse(path, "text is put together from something that is no text")
        return delimiter.join(str(part).lower() if isinstance(part, bool) else str(part) for part in parts)

    def _refuse(self, path: str, problem: str, remedy: str = _WRITE_IT) -> Any:
        finding = Finding(path, problem, remedy)
        if finding not in self._refused:
            self._refused.add(finding)
            self.findings.append(finding)
        return _ABSENT
