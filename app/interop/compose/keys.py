"""The keys of a Compose file: those that have a way into a task definition, and what is said of all others."""

from __future__ import annotations

from collections.abc import Mapping

TOP_LEVEL = frozenset(
    {"version", "name", "include", "services", "models", "networks", "volumes", "secrets", "configs", "jobs"}
)
NO_PLACE_AT_THE_TOP: Mapping[str, tuple[str, str]] = {
    "networks": ("a task has one network of its own", "services find each other along links and depends_on"),
    "secrets": ("ECS mounts no files of secrets", "reference them in secrets of the definition"),
    "configs": ("ECS mounts no files of configuration", "mount a folder of the instance"),
    "models": ("ECS has no models", "give their addresses as environment"),
    "jobs": ("jobs are not taken", "write them as services"),
}

TAKEN = frozenset(
    {
        "image", "build", "command", "entrypoint", "environment", "env_file", "ports", "links", "depends_on",
        "healthcheck", "volumes", "tmpfs", "volumes_from", "network_mode", "hostname", "dns", "dns_search",
        "extra_hosts", "user", "working_dir", "privileged", "read_only", "stdin_open", "tty", "init", "cap_add",
        "cap_drop", "devices", "shm_size", "sysctls", "ulimits", "security_opt", "pid", "ipc", "cpus", "cpu_shares",
        "mem_limit", "mem_reservation", "memswap_limit", "mem_swappiness", "deploy", "gpus", "logging", "labels",
        "label_file", "stop_grace_period", "restart", "platform", "profiles", "extends", "scale",
    }
)  # fmt: skip
"""Keys of a service with a way into a task definition, whole or in part; a part that is lost is told by its reader."""

_HOST = "set it up on the instance, if it is needed"
_DAEMON = "set it for the engine, if it is needed"
LOST: Mapping[str, tuple[str, str]] = {
    "annotations": ("ECS has no annotations", "use labels"),
    "attach": ("nothing is attached to", "moorage logs shows the output"),
    "blkio_config": ("ECS cannot limit block devices", _HOST),
    "cgroup": ("ECS cannot choose the cgroup namespace", _DAEMON),
    "cgroup_parent": ("ECS cannot choose the parent cgroup", _DAEMON),
    "configs": ("ECS mounts no files of configuration", "mount a folder of the instance"),
    "container_name": ("tasks name their containers themselves", "find it by its task"),
    "cpu_count": ("ECS has shares of CPUs alone", "use cpus"),
    "cpu_percent": ("ECS has shares of CPUs alone", "use cpus"),
    "cpu_period": ("ECS cannot set the scheduler's period", "use cpus"),
    "cpu_quota": ("ECS cannot set the scheduler's quota", "use cpus"),
    "cpu_rt_period": ("ECS cannot set the real-time scheduler", _DAEMON),
    "cpu_rt_runtime": ("ECS cannot set the real-time scheduler", _DAEMON),
    "cpuset": ("ECS cannot choose CPUs", "use cpus"),
    "credential_spec": ("there is no domain to join", "remove it"),
    "develop": ("nothing is watched or rebuilt", "use docker compose to develop"),
    "device_cgroup_rules": ("ECS has devices alone", "list the devices"),
    "dns_opt": ("ECS cannot set options of DNS", _DAEMON),
    "domainname": ("ECS has no domain name", "write it into hostname"),
    "expose": ("it publishes nothing", "containers of a task reach all of each other's ports"),
    "external_links": ("links reach containers of the same task alone", "publish the other's port"),
    "group_add": ("ECS cannot add groups", "write uid:gid into user"),
    "isolation": ("it is for Windows", "remove it"),
    "mac_address": ("ECS cannot choose the address", "remove it"),
    "models": ("ECS has no models", "give their addresses as environment"),
    "networks": ("a task has one network of its own", "services find each other along links and depends_on"),
    "oom_kill_disable": ("ECS cannot keep it from being killed", "give it more memory"),
    "oom_score_adj": ("ECS cannot set it", "give it more memory"),
    "pids_limit": ("ECS cannot limit processes so", "use ulimits with nproc"),
    "post_start": ("ECS has no hooks", "do it in the image's entry point"),
    "pre_start": ("ECS has no hooks", "make it a service that completes first"),
    "pre_stop": ("ECS has no hooks", "do it when the program gets SIGTERM"),
    "provider": ("ECS has no providers", "run it as a container"),
    "pull_policy": ("pulling is a setting of Moorage", "see image_pull_behavior in config.toml"),
    "pull_refresh_after": ("pulling is a setting of Moorage", "see image_pull_behavior in config.toml"),
    "runtime": ("ECS cannot choose the runtime", _DAEMON),
    "secrets": ("Compose mounts files; secrets of ECS are variables", "reference them in secrets of the definition"),
    "stop_signal": ("ECS sends SIGTERM, or what the image says", "write STOPSIGNAL into the image"),
    "storage_opt": ("ECS cannot set storage options", _DAEMON),
    "umask": ("ECS cannot set it", "set it in the image's entry point"),
    "use_api_socket": ("the engine's socket is not handed in", "mount it, if it is needed"),
    "userns_mode": ("ECS cannot choose the user namespace", _DAEMON),
    "uts": ("ECS cannot share the host's name", "use hostname"),
}
SERVICE = TAKEN | LOST.keys()
