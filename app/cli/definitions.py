"""Verbs of task definitions."""

from __future__ import annotations

from app.cli.arguments import Parser
from app.cli.command import Call, Command, answering
from app.cli.outcome import warn
from app.cli.sources import read_source
from app.model.errors import UsageError
from app.model.requests import (
    DeregisterTaskDefinitionRequest,
    DescribeTaskDefinitionRequest,
    ListTaskDefinitionFamiliesRequest,
    ListTaskDefinitionsRequest,
)
from app.operations import definitions


def _document_flags(parser: Parser) -> None:
    parser.add_argument("document", nargs="?", metavar="FILE", help="The document: a path, file://PATH, or - (stdin).")
    parser.add_argument(
        "--cli-input-json", metavar="JSON", help="The same, as with aws: JSON, file://PATH, or - (stdin)."
    )


def _register(call: Call) -> int:
    """The document is stored as it comes, byte for byte, so it is no request that could be put together from flags."""
    path, text = call.options.document, call.options.cli_input_json
    if (path is None) == (text is None):
        raise UsageError("give one document: --cli-input-json file://PATH, or the path alone, or - for stdin")
    chosen = text if path is None else path
    document, source = read_source(chosen, "--cli-input-json", bare_is_json=path is None)
    registered = definitions.register_task_definition(call.session, document, source)
    for finding in registered.warnings:
        warn(f"{source}: {finding}")
    call.show(registered.shape())
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
}
