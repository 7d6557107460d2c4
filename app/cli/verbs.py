"""Every verb, by noun, with the module that has it. Imports nothing: the help and ``--version`` must cost nothing."""

from __future__ import annotations

from typing import NamedTuple


class Verb(NamedTuple):
    """``module`` is the one in ``app.cli`` whose COMMANDS has the verb."""

    name: str
    module: str
    summary: str


NOUNS = {
    "clusters": "Clusters",
    "instances": "Container instances",
    "contexts": "Docker contexts",
    "reaching": "Reaching hosts",
    "definitions": "Task definitions",
    "comparing": "Differences",
    "importing": "Import, and Compose as a front end",
    "deploying": "Deploy",
    "building": "Build",
    "images": "Images",
    "registries": "Registries",
    "planning": "Placement",
    "tasks": "Tasks",
    "logs": "Logs",
    "stats": "Stats",
    "executing": "Inside containers",
    "events": "Events",
    "audit": "Audit log",
    "agent": "Supervision",
    "demo": "Demo",
}

_ALL = (
    Verb("create-cluster", "clusters", "Make a cluster: a named pool of container instances."),
    Verb("update-cluster", "clusters", "Choose who places the tasks of a cluster, and what a change needs."),
    Verb("delete-cluster", "clusters", "Delete a cluster that has no container instances."),
    Verb("list-clusters", "clusters", "List all clusters."),
    Verb("describe-clusters", "clusters", "Show clusters with their counts of instances and tasks."),
    Verb("register-container-instance", "instances", "Add a Docker Engine to a cluster."),
    Verb("deregister-container-instance", "instances", "Take an instance out of a cluster."),
    Verb("update-container-instance", "instances", "Change what is kept for the host, or its TLS files."),
    Verb("update-container-instances-state", "instances", "Drain instances, or make them ACTIVE again."),
    Verb("list-container-instances", "instances", "List the instances of a cluster."),
    Verb("describe-container-instances", "instances", "Show instances with what is registered and what remains."),
    Verb("put-attributes", "instances", "Set attributes of instances, for placement."),
    Verb("delete-attributes", "instances", "Take attributes of instances away."),
    Verb("import-contexts", "contexts", "Make instances of the docker contexts on this machine."),
    Verb("doctor", "reaching", "Look whether hosts and this machine are fit, and tell what is to be done."),
    Verb("trust-host-key", "reaching", "Add the key of a host that is reached by SSH to your known_hosts."),
    Verb("register-task-definition", "definitions", "Store a task definition as the next revision of its family."),
    Verb("deregister-task-definition", "definitions", "Make a revision INACTIVE; what runs goes on."),
    Verb("describe-task-definition", "definitions", "Show a revision; a family alone is its latest ACTIVE one."),
    Verb("list-task-definitions", "definitions", "List revisions."),
    Verb("list-task-definition-families", "definitions", "List families."),
    Verb("export", "definitions", "Print a definition for aws, CloudFormation or Compose, or as it was registered."),
    Verb("diff", "comparing", "Show what is different between revisions, files, and what runs."),
    Verb("import", "importing", "Make definitions of Compose files, templates, JSON of ECS, or a container."),
    Verb("up", "importing", "Bring a Compose file up in a cluster: register what changed, run it."),
    Verb("down", "importing", "Stop the tasks that up has run."),
    Verb("deploy", "deploying", "From source to running tasks: build, push or copy, register, run, replace."),
    Verb("build", "building", "Build an image of a folder on an instance, with its steps as they go."),
    Verb("list-images", "images", "Show which images are where, their size, and the tasks that use them."),
    Verb("pull", "images", "Pull an image on instances of a cluster, on all at once."),
    Verb("push", "images", "Push an image to its registry, from an instance that has it."),
    Verb("copy-image", "images", "Copy an image from an instance to others, through no registry."),
    Verb("tag", "images", "Give an image another name, wherever it is."),
    Verb("remove-image", "images", "Take an image's name away; the image goes with its last one."),
    Verb("prune-images", "images", "Remove the images that nothing uses, once you have seen the list."),
    Verb("login", "registries", "Log in to a registry, so that private images can be pulled and pushed."),
    Verb("logout", "registries", "Forget the login into a registry."),
    Verb("plan", "planning", "Tell where run-task would go and why not elsewhere, and how many more fit."),
    Verb("run-task", "tasks", "Run tasks where the scheduler finds room; stays until they are RUNNING."),
    Verb("start-task", "tasks", "Start a task on each of the instances that you name."),
    Verb("stop-task", "tasks", "Stop a task; stays until it has stopped."),
    Verb("list-tasks", "tasks", "List the tasks of a cluster."),
    Verb("describe-tasks", "tasks", "Show tasks with their containers."),
    Verb("wait", "tasks", "Wait until tasks are what you say: wait tasks-running, wait tasks-stopped."),
    Verb("logs", "logs", "Show what containers wrote, of tasks or any others, merged by time."),
    Verb("stats", "stats", "Show what tasks use: CPU, memory, network, block I/O; live until ctrl-c."),
    Verb("execute-command", "executing", "Run a command in a container, by pipes or with your terminal."),
    Verb("attach", "executing", "Look at a container's main process, and type to it; ctrl-p ctrl-q leaves it."),
    Verb("events", "events", "Show what happened on hosts and what was done from here."),
    Verb("audit", "audit", "Show what was done from here: by whom, how it went, and the command again."),
    Verb("agent", "agent", "Watch clusters and do what is due on their tasks, without a screen."),
    Verb("demo", "demo", "Open the dashboard on a fleet that is simulated: no Docker is needed."),
)
VERBS = {verb.name: verb for verb in _ALL}

_USAGE = """usage: moorage [--home DIR] [--screen NAME]   the dashboard
       moorage [--home DIR] VERB [flags]      one command; moorage VERB --help tells its flags

  --screen     what the dashboard opens on: fleet, tasks, instances, definitions or events
  --home DIR   keep everything below this folder (default: MOORAGE_HOME, else the XDG folders)
  --version    tell the version
"""


def overview(version: str) -> str:
    """The text of ``--help``."""
    width = max(len(name) for name in VERBS) + 2
    blocks = [f"Moorage {version}: ECS clusters on the Docker hosts you already have.\n\n{_USAGE}"]
    for noun, title in NOUNS.items():
        lines = [f"  {verb.name:<{width}}{verb.summary}" for verb in _ALL if verb.module == noun]
        blocks.append("\n".join([title, *lines, ""]))
    return "\n".join(blocks)
