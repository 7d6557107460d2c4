"""Verbs of task definitions."""

from __future__ import annotations

import sys
from typing import Annotated, Literal

from pydantic import Field

from app.cli.arguments import Parser, add_flags, given_members
from app.cli.command import Call, Command, answering
from app.cli.outcome import is_terminal, warn
from app.cli.sources import read_source
from app.model.errors import UsageError
from app.model.requests import (
    DeregisterTaskDefinitionRequest,
    DescribeTaskDefinitionRequest,
    ListTaskDefinitionFamiliesRequest,
    ListTaskDefinitionsRequest,
)
from app.model.safe_text import safe
from app.model.task_definition import TaskDefinition
from app.operations import definitions
from app.operations.documents import export_definition

_FLAGS = "flags"


class ExportRequest(DescribeTaskDefinitionRequest):
    """Our own verb: a definition as a document."""

    format: Annotated[
        Literal["ecs", "cloudformation", "compose", "stored"],
        Field(
            description="ecs: what aws ecs takes; cloudformation, compose: such a file; stored: what was registered."
        ),
    ] = "ecs"
    yaml: Annotated[bool, Field(description="The template as YAML.")] = False


def _document_flags(parser: Parser) -> None:
    parser.add_argument(
        "document",
        nargs="?",
        metavar="FILE",
        help="The document: a path, file://PATH, or - (stdin). JSON of ECS, or a CloudFormation template.",
    )
    parser.add_argument(
        "--cli-input-json", metavar="JSON", help="The same, as with aws: JSON, file://PATH, or - (stdin)."
    )
    parser.add_argument("--logical-id", metavar="ID", default="", help="Which task definition of a template.")
    parser.add_argument("--note", metavar="TEXT", default="", help="Why this revision, for people to read.")
    add_flags(parser, TaskDefinition)


def _register(call: Call) -> int:
    """A document alone is stored as it comes, byte for byte; what flags give goes over it, as with aws."""
    path, text = call.options.document, call.options.cli_input_json
    given = given_members(TaskDefinition, call.options)
    if (path is None and text is None and not given) or (path is not None and text is not None):
        raise UsageError("give one document: --cli-input-json file://PATH, or the path alone, or - for stdin")
    chosen = text if path is None else path
    document, source = None, _FLAGS
    if chosen is not None:
        document, source = read_source(chosen, "--cli-input-json", bare_is_json=path is None)
    registered = definitions.register_task_definition(
        call.session, document, source, given, call.options.logical_id, note=call.options.note
    )
    for finding in registered.warnings:
        warn(f"{source}: {finding}")
    call.show(registered.shape())
    return 0


def _export(call: Call) -> int:
    request: ExportRequest = call.request
    if request.yaml and request.format != "cloudformation":
        raise UsageError("--yaml goes with --format cloudformation")
    stored = definitions.find_definition(call.session, request.task_definition)
    document = export_definition(stored, call.session, request.format, as_yaml=request.yaml)
    if is_terminal(sys.stdout):
        sys.stdout.write(safe(document.decode("utf-8", "replace")))  # foreign text must not drive the terminal
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(document)
    return 0


COMMANDS = {
    "register-task-definition": Command(None, _register, add_flags=_document_flags),
    "deregister-task-definition": Command(
        DeregisterTaskDefinitionRequest, answering(definitions.deregister_task_definition), "taskDefinition"
    ),
    "describe-task-definition": Command(
        DescribeTaskDefinitionRequest, answering(definitions.describe_task_definition), "taskDefinition"
    ),
    "list-task-definitions": Command(
        ListTaskDefinitionsRequest, answering(definitions.list_task_definitions), "familyPrefix"
    ),
    "list-task-definition-families": Command(
        ListTaskDefinitionFamiliesRequest, answering(definitions.list_task_definition_families), "familyPrefix"
    ),
    "export": Command(ExportRequest, _export, "taskDefinition"),
}
