"""Verbs that take documents of other tools: import, up, down."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any

from app.cli.arguments import Parser
from app.cli.command import Call, Command
from app.cli.outcome import FAILED, complain, telling_what_exists, warn
from app.cli.progress import ProgressPrinter
from app.cli.sources import read_source
from app.cli.tasks import left_behind, left_stopping, tell_reasons
from app.model.dialects import registerable
from app.model.errors import Finding, MoorageError, UsageError
from app.operations import compose_folder, compose_up
from app.operations.compose_folder import ComposeFolder
from app.operations.documents import Incoming, as_document
from app.operations.importing import Imported, ImportOptions, check_all, read_definitions, register_imported
from app.operations.task_shape import task_shape


def _import_flags(parser: Parser) -> None:
    parser.add_argument(
        "documents",
        nargs="*",
        metavar="FILE",
        help="Documents: Compose files, CloudFormation templates, JSON of ECS; a path, file://PATH, or - (stdin).",
    )
    parser.add_argument("--container", metavar="ID", help="A container on an instance instead, by id or name.")
    parser.add_argument("--cluster", metavar="CLUSTER", default="", help="The container's cluster.")
    parser.add_argument("--container-instance", metavar="NAME", default="", help="The container's instance.")
    parser.add_argument("--family", metavar="NAME", default="", help="Family, instead of the document's own.")
    parser.add_argument("--split", action="store_true", help="A definition for each service of a Compose file.")
    _project_flags(parser)
    parser.add_argument("--logical-id", metavar="ID", default="", help="Which task definition of a template.")
    parser.add_argument("--dry-run", action="store_true", help="Print what would be registered, for aws ecs to take.")


def _project_flags(parser: Parser) -> None:
    parser.add_argument(
        "--profile",
        action="append",
        default=[],
        metavar="NAME",
        help="Take the services of this profile too; may be given several times.",
    )
    parser.add_argument("-p", "--project-name", metavar="NAME", default="", help="Project, instead of the file's own.")


def _import(call: Call) -> int:
    options = call.options
    if bool(options.documents) == (options.container is not None):
        raise UsageError("give documents, or --container ID")
    if options.container is None and (options.cluster or options.container_instance):
        raise UsageError("--cluster and --container-instance go with --container")
    imported = _of_container(call) if options.container is not None else _of_documents(options)
    for one in imported:
        _tell(one.source, one.losses)
    if options.dry_run:
        check_all(imported)
        call.show(_one_or_all([registerable(one.members) for one in imported]))
        return 0
    registered = register_imported(call.session, imported)
    for one, stored in zip(imported, registered, strict=True):
        _tell(one.source, stored.warnings)
    call.show(_one_or_all([stored.shape() for stored in registered]))
    return 0


def _one_or_all(shapes: list[dict[str, Any]]) -> dict[str, Any]:
    """One definition is printed as register-task-definition does it; several stand in a list."""
    if len(shapes) == 1:
        return shapes[0]
    return {"taskDefinitions": [shape.get("taskDefinition", shape) for shape in shapes]}


def _tell(source: str, findings: Sequence[Finding]) -> None:
    for finding in findings:
        warn(f"{source}: {finding}")


def _import_options(options: argparse.Namespace) -> ImportOptions:
    return ImportOptions(
        getattr(options, "split", False),
        getattr(options, "family", ""),
        tuple(options.profile),
        options.project_name,
        getattr(options, "logical_id", ""),
    )


def _of_documents(options: argparse.Namespace) -> list[Imported]:
    if options.documents.count("-") > 1:
        raise UsageError("stdin can be read once")
    return [one for name in options.documents for one in _read(name, _import_options(options))]


def _read(name: str, options: ImportOptions) -> list[Imported]:
    data, source = read_source(name, "FILE", bare_is_json=False)
    return read_definitions(data, source, neighbours=_folder(source), options=options)


def _folder(source: str) -> ComposeFolder:
    """Where a Compose file's neighbours are: beside it, or here for one that comes from elsewhere."""
    return ComposeFolder(os.path.dirname(source) or ".")


def _of_container(call: Call) -> list[Imported]:
    from app.operations.container_import import members_of_container

    options = call.options
    if options.split or options.profile or options.project_name or options.logical_id:
        raise UsageError("--split, --profile, --project-name and --logical-id are for documents")
    cluster = call.session.cluster_name(options.cluster)
    members, losses = members_of_container(call.session, cluster, options.container_instance, options.container)
    members = {**members, **({"family": options.family} if options.family else {})}
    source = f"container {options.container}"
    return [Imported(str(members.get("family", "")), members, losses, source, Incoming(as_document(members)))]


def _file_flags(parser: Parser) -> None:
    parser.add_argument(
        "-f",
        "--file",
        action="append",
        default=[],
        metavar="FILE",
        help=f"The Compose file (default: {', '.join(compose_folder.DEFAULT_FILES[:2])} …).",
    )
    parser.add_argument("--cluster", metavar="CLUSTER", default="", help="Cluster (default: that of config.toml).")


def _one_file(options: argparse.Namespace) -> str:
    """ "" for none. Raises UsageError for several: they are not merged."""
    if len(options.file) > 1:
        raise UsageError("give one file with -f: several are not merged; use extends")
    return options.file[0] if options.file else ""


def _up_flags(parser: Parser) -> None:
    _file_flags(parser)
    _project_flags(parser)
    parser.add_argument(
        "-d", "--detach", action="store_true", help="Taken for Compose's sake: up returns once the tasks are RUNNING."
    )


def _up(call: Call) -> int:
    name = _one_file(call.options) or _default_file()
    (imported,) = _compose_only(_read(name, _import_options(call.options)), name)
    cluster = call.session.cluster_name(call.options.cluster)
    _tell(imported.source, imported.losses)
    progress = ProgressPrinter(sys.stderr)
    with telling_what_exists(lambda: left_behind(progress, cluster)):
        up = compose_up.bring_up(call.session, imported, cluster, progress.tell, complain)
    progress.close()
    _tell(imported.source, up.warnings)
    call.show(up.launched.shape())
    if not up.launched.succeeded:
        tell_reasons(up.launched)
        return FAILED
    return 0


def _default_file() -> str:
    name = compose_up.default_file()
    for other in compose_up.OVERRIDES:
        if os.path.lexists(other):
            warn(f"{other}: is not merged; write it into {name}, or use extends")
    return name


def _compose_only(imported: list[Imported], name: str) -> list[Imported]:
    if len(imported) != 1 or not imported[0].project:
        raise MoorageError(f"{name}: is no Compose file; moorage import takes it")
    return imported


def _down_flags(parser: Parser) -> None:
    _file_flags(parser)
    parser.add_argument("-p", "--project-name", metavar="NAME", default="", help="Project; then no file is needed.")


def _down(call: Call) -> int:
    options = call.options
    project = options.project_name
    if not project or options.file:
        data, source = read_source(_one_file(options) or compose_up.default_file(), "FILE", bare_is_json=False)
        project = compose_up.project_of(data, source, _folder(source), ImportOptions(project_name=project))
    progress = ProgressPrinter(sys.stderr)
    with telling_what_exists(lambda: left_stopping(progress)):
        stopped, fleet = compose_up.take_down(call.session, project, options.cluster, progress.tell, complain)
    progress.close()
    tasks = [task_shape(task, fleet.instances[task.instance].instance.id) for task in stopped]
    call.show({"tasks": tasks})
    return 0


COMMANDS = {
    "import": Command(None, _import, add_flags=_import_flags),
    "up": Command(None, _up, add_flags=_up_flags),
    "down": Command(None, _down, add_flags=_down_flags),
}
