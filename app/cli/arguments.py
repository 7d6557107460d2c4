"""Flags made from a request model: its members in kebab-case, with the model's own help texts, types and choices.

As with ``aws ecs``: lists take several values; objects are JSON, ``file://PATH`` or the shorthand ``name=…,value=…``;
``--cli-input-json`` gives all members at once, and flags go over it.
"""

from __future__ import annotations

import argparse
import difflib
import re
import sys
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, NoReturn, Union, get_args, get_origin

from pydantic import BaseModel

from app.cli.sources import read_json
from app.model.errors import MoorageError, UsageError
from app.model.member_tree import Member, as_wanted, model_tree
from app.model.requests import R, Request, parse_request

Kind = Literal["text", "number", "switch", "list", "objects", "object"]
OUTPUTS = ("json", "table", "text")
_INPUT = "cli_input_json"
_POSITIONAL = "bare"
_CAPITALS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
"""Where a word begins: enableECSManagedTags is --enable-ecs-managed-tags."""


@dataclass(frozen=True, slots=True)
class Flag:
    """One member of a request. ``member`` is ECS's name of it, ``flag`` as it is typed."""

    member: str
    flag: str
    kind: Kind
    help: str
    required: bool
    choices: tuple[str, ...] = ()

    @property
    def dest(self) -> str:
        return f"member_{self.member}"


class Parser(argparse.ArgumentParser):
    """Wrong usage is an exception like any other, and no option may be cut short: what works must go on working."""

    def __init__(self, verb: str, summary: str) -> None:
        super().__init__(
            prog=f"moorage {verb}",
            description=summary,
            allow_abbrev=False,
            formatter_class=lambda prog: argparse.HelpFormatter(prog, max_help_position=34, width=100),
        )
        self.verb = verb

    def error(self, message: str) -> NoReturn:
        words = message.removeprefix("argument ")
        raise UsageError(f"{words}; moorage {self.verb} --help tells all flags")

    def _print_message(self, message: str, file: Any = None) -> None:
        # argparse's own would swallow a closed pipe.
        (file or sys.stdout).write(message)


def flags_of(model: type[BaseModel]) -> list[Flag]:
    found = []
    for name, field in model.model_fields.items():
        member = field.alias or name
        kind, choices = _kind(field.annotation)
        flag = "--" + _CAPITALS.sub("-", member).lower()
        found.append(Flag(member, flag, kind, field.description or "", field.is_required(), choices))
    return found


def build_parser(verb: str, summary: str, model: type[Request] | None, positional: str) -> Parser:
    """A parser for a verb. ``positional``: the member that may also be given bare, "" for none."""
    parser = Parser(verb, summary)
    for flag in flags_of(model) if model else []:
        if flag.member == positional:
            many = flag.kind == "list"
            name = flag.flag.removeprefix("--").replace("-", "_").upper()
            parser.add_argument(
                _POSITIONAL, nargs="*" if many else "?", metavar=name, help=f"The same as {flag.flag} {name}."
            )
    if model is not None:
        add_flags(parser, model)
        parser.add_argument(
            "--cli-input-json",
            dest=_INPUT,
            metavar="JSON",
            help="All members at once: JSON, file://PATH, or - (stdin).",
        )
    parser.add_argument(
        "--output", choices=OUTPUTS, default="json", help="json (the default), table for people, or text with tabs."
    )
    parser.add_argument("--home", metavar="DIR", help="Keep everything below this folder.")
    return parser


def add_flags(parser: Parser, model: type[BaseModel]) -> None:
    """A flag for each member of the model."""
    for flag in flags_of(model):
        _add(parser, flag)


def parse(parser: Parser, arguments: Sequence[str]) -> argparse.Namespace:
    """As ``parse_args``, with bare arguments anywhere, and the nearest flag told for an unknown one."""
    options, unknown = parser.parse_known_intermixed_args(list(arguments))
    if unknown:
        known = [option for action in parser._actions for option in action.option_strings]
        first = next((text for text in unknown if text.startswith("-")), unknown[0])
        name = first.partition("=")[0]
        close = difflib.get_close_matches(name, known, n=1, cutoff=0.6) if name.startswith("-") else []
        kind = "flag" if name.startswith("-") else "argument"
        hint = f"; did you mean {close[0]}?" if close else f"; moorage {parser.verb} --help tells all flags"
        raise UsageError(f"unknown {kind} {name!r} for {parser.verb}{hint}")
    return options


def read_request(model: type[R], options: argparse.Namespace, positional: str) -> R:
    """The request that the options describe. Raises UsageError for missing or clashing flags, else MoorageError."""
    members: dict[str, Any] = {}
    if getattr(options, _INPUT) is not None:
        given = read_json(getattr(options, _INPUT), "--cli-input-json", bare_is_json=True)
        if not isinstance(given, dict):
            raise MoorageError("--cli-input-json: not a JSON object", code="InvalidParameterException")
        members.update(given)
    flags = flags_of(model)
    for flag in flags:
        value = getattr(options, flag.dest)
        if flag.member == positional:
            value = _joined(flag, value, getattr(options, _POSITIONAL, None))
        if value is not None:
            members[flag.member] = _value(flag, value)
    missing = [flag.flag for flag in flags if flag.required and members.get(flag.member) is None]
    if missing:
        raise UsageError(f"required, and not given: {', '.join(missing)}")
    return parse_request(model, members)


def given_members(model: type[BaseModel], options: argparse.Namespace) -> dict[str, Any]:
    """The members that flags gave, by ECS's names. In shorthand, scalars become what the model wants.

    Raises UsageError for what is neither JSON nor shorthand, else DocumentError.
    """
    tree = model_tree(model)
    given = ((flag, getattr(options, flag.dest)) for flag in flags_of(model))
    return {flag.member: _value(flag, value, tree.below(flag.member)) for flag, value in given if value is not None}


def _joined(flag: Flag, value: Any, bare: Any) -> Any:
    if not bare:
        return value
    if value is not None:
        raise UsageError(f"{flag.flag} is given twice: by the flag, and as {bare!r} without one")
    return bare


def _kind(annotation: Any) -> tuple[Kind, tuple[str, ...]]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _kind(arguments[0])
    if origin in (Union, types.UnionType):
        return _kind(next(part for part in arguments if part is not types.NoneType))
    if origin is Literal:
        return "text", tuple(str(choice) for choice in arguments)
    if origin is list:
        item = arguments[0]
        return ("objects" if isinstance(item, type) and issubclass(item, BaseModel) else "list"), ()
    if annotation is bool:
        return "switch", ()
    if annotation is int:
        return "number", ()
    return ("object" if isinstance(annotation, type) and issubclass(annotation, BaseModel) else "text"), ()


def _add(parser: Parser, flag: Flag) -> None:
    help_text = flag.help.replace("%", "%%")
    if flag.kind == "switch":
        parser.add_argument(flag.flag, dest=flag.dest, action="store_const", const=True, help=help_text)
        opposite = f"--no-{flag.flag.removeprefix('--')}"
        parser.add_argument(opposite, dest=flag.dest, action="store_const", const=False, help=argparse.SUPPRESS)
        return
    name = flag.flag.rsplit("-", 1)[-1].upper()
    options: dict[str, Any] = {"dest": flag.dest, "help": help_text, "metavar": name}
    if flag.choices:
        options |= {"choices": flag.choices, "metavar": None}
    if flag.kind == "number":
        options["type"] = int
    if flag.kind in ("list", "objects"):
        options |= {"nargs": "+", "action": "extend", "metavar": re.sub("IES$", "Y", name).removesuffix("S")}
    parser.add_argument(flag.flag, **options)


def _value(flag: Flag, value: Any, wanted: Member | None = None) -> Any:
    if flag.kind == "object":
        if _PAIR.match(value) is None:
            return read_json(value, flag.flag, bare_is_json=True)
        return as_wanted(shorthand(value, flag.flag), wanted)
    if flag.kind not in ("list", "objects"):
        return value
    found: list[Any] = []
    for text in value:
        if text == "-" or text.startswith(("[", "file://")) or (flag.kind == "objects" and text.startswith("{")):
            given = read_json(text, flag.flag, bare_is_json=True)
            found += given if isinstance(given, list) else [given]
        elif flag.kind == "objects":
            found.append(as_wanted(shorthand(text, flag.flag), wanted.element if wanted else None))
        else:
            found.append(text)
    return found


_PAIR = re.compile(r"""(?P<key>[A-Za-z]+)=(?P<value>"(?:[^"\\]|\\.)*"|'[^']*'|(?:[^,\\]|\\.)*)(?:,|\Z)""", re.DOTALL)


def shorthand(text: str, flag: str) -> Mapping[str, str]:
    """``name=stack,value=prod`` → members. A value with a comma is quoted, or has ``\\,``. Raises UsageError."""
    members: dict[str, str] = {}
    position = 0
    while position < len(text) or not members:
        match = _PAIR.match(text, position)
        if match is None or match["key"] in members:
            raise UsageError(f"{flag}: {text!r} is neither JSON nor of the form name=NAME,value='a, b'")
        value = match["value"]
        if value[:1] == "'" and len(value) > 1:
            members[match["key"]] = value[1:-1]
        else:
            inner = value[1:-1] if value[:1] == '"' and len(value) > 1 else value
            # Any other backslash belongs to the value: an expression's pattern has many.
            members[match["key"]] = re.sub(r"""\\([,"\\])""", r"\1", inner)
        position = match.end()
    return members
