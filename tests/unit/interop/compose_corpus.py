"""One small service a case: what it becomes, what of it is told as lost, and what Compose would ask of Docker.

Every case says its memory, so that only its own row of the mapping shows (design: ECS semantics 6).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

MIB = 2**20
SECOND = 10**9
FOLDER = "/srv/shop"


@dataclass(frozen=True)
class Case:
    """``service``: YAML below the service ``web``; ``rest``: YAML at the top. Expected are ``container`` and ``task``
    beyond what every case has, the paths of the ``losses``, and for an engine the members of ``config`` and ``host``.
    """

    name: str
    service: str
    container: dict[str, Any] = field(default_factory=dict)
    task: dict[str, Any] = field(default_factory=dict)
    losses: tuple[str, ...] = ()
    rest: str = ""
    config: dict[str, Any] = field(default_factory=dict)
    host: dict[str, Any] = field(default_factory=dict)

    @property
    def sized(self) -> bool:
        return "mem_" in self.service or "memory:" in self.service

    @property
    def text(self) -> str:
        body = "".join(f"    {line}\n" for line in self.service.strip().splitlines())
        plain = "" if "image:" in self.service or "build:" in self.service else "    image: busybox:latest\n"
        sized = "" if self.sized else "    mem_limit: 32m\n"
        return f"name: shop\nservices:\n  web:\n{plain}{sized}{body}{self.rest}"


def shared(name: str, **members: Any) -> dict[str, Any]:
    return {"name": name, "dockerVolumeConfiguration": {"scope": "shared", "autoprovision": True, **members}}


def mount(volume: str, path: str, **members: Any) -> dict[str, Any]:
    return {"sourceVolume": volume, "containerPath": path, **members}


def linux(**members: Any) -> dict[str, Any]:
    return {"linuxParameters": members}


CHECK = {"command": ["CMD-SHELL", "true"], "interval": 30, "timeout": 30, "retries": 3}
ALWAYS = {"enabled": True, "restartAttemptPeriod": 60}

CASES = [
    Case("plain", "image: busybox:latest"),
    Case("container_name", "container_name: my.web", losses=("services.web.container_name",)),
    Case("build alone", "build: .", {"image": "shop-web"}, losses=("services.web.build",)),
    Case("build and image", "build: {context: .}\nimage: a/b:1", {"image": "a/b:1"}, losses=("services.web.build",)),
    Case("pull_policy", "pull_policy: always", losses=("services.web.pull_policy",)),
    Case(
        "platform",
        "platform: linux/arm64/v8",
        task={"runtimePlatform": {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"}},
    ),
    Case("platform of others", "platform: windows/amd64", losses=("services.web.platform",)),
    Case(
        "command as text",
        """command: sh -c "echo 'a b' $$HOME" """,
        {"command": ["sh", "-c", "echo 'a b' $HOME"]},
        config={"Cmd": ["sh", "-c", "echo 'a b' $HOME"]},
    ),
    Case(
        "command and entrypoint",
        "entrypoint: [sh, -c]\ncommand: ['sleep 5']",
        {"entryPoint": ["sh", "-c"], "command": ["sleep 5"]},
        config={"Entrypoint": ["sh", "-c"], "Cmd": ["sleep 5"]},
    ),
    Case("command of nothing", "command: []", losses=("services.web.command",)),
    Case(
        "environment as mapping",
        "environment: {A: yes, B: 1, C: true, D: 1.50, E: '', F: 0755, G: 12:30}",
        {
            "environment": [
                {"name": name, "value": value}
                for name, value in {
                    "A": "yes",
                    "B": "1",
                    "C": "true",
                    "D": "1.5",
                    "E": "",
                    "F": "0755",
                    "G": "12:30",
                }.items()
            ]
        },
        config={"Env": ["A=yes", "B=1", "C=true", "D=1.5", "E=", "F=0755", "G=12:30"]},
    ),
    Case(
        "environment as list",
        "environment: [A=1=2, B=, HOST, NOBODY]",
        {
            "environment": [
                {"name": "A", "value": "1=2"},
                {"name": "B", "value": ""},
                {"name": "HOST", "value": "from the host"},
            ]
        },
        losses=("services.web.environment[2]", "services.web.environment[3]"),
        config={"Env": ["A=1=2", "B=", "HOST=from the host"]},
    ),
    Case(
        "ports",
        "ports: ['8080:80', '53:53/udp', 90, '3000-3001', '4000-4001:5000-5001']",
        {
            "portMappings": [
                {"containerPort": 80, "hostPort": 8080},
                {"containerPort": 53, "hostPort": 53, "protocol": "udp"},
                {"containerPort": 90},
                {"containerPort": 3000},
                {"containerPort": 3001},
                {"containerPort": 5000, "hostPort": 4000},
                {"containerPort": 5001, "hostPort": 4001},
            ]
        },
        config={
            "ExposedPorts": {
                f"{port}": {} for port in ("80/tcp", "53/udp", "90/tcp", "3000/tcp", "3001/tcp", "5000/tcp", "5001/tcp")
            }
        },
    ),
    Case("ports like a time", "ports: [22:22]", {"portMappings": [{"containerPort": 22, "hostPort": 22}]}),
    Case(
        "ports in the long form",
        "ports: [{target: 80, published: '8080', protocol: tcp, mode: host, name: web, app_protocol: http}]",
        {"portMappings": [{"containerPort": 80, "hostPort": 8080, "name": "web", "appProtocol": "http"}]},
        losses=("services.web.ports[0].mode",),
    ),
    Case(
        "ports on one address",
        "ports: ['127.0.0.1:8080:80', '[::1]:81:81', {target: 82, published: 82, host_ip: 10.0.0.1}, '0.0.0.0:83:83']",
        {
            "portMappings": [
                {"containerPort": 80, "hostPort": 8080},
                {"containerPort": 81, "hostPort": 81},
                {"containerPort": 82, "hostPort": 82},
                {"containerPort": 83, "hostPort": 83},
            ]
        },
        losses=("services.web.ports[0]", "services.web.ports[1]", "services.web.ports[2]"),
    ),
    Case(
        "a port from a range of the host",
        "ports: ['8000-9000:80']",
        {"portMappings": [{"containerPort": 80}]},
        losses=("services.web.ports[0]",),
    ),
    Case("expose", "expose: [80]", losses=("services.web.expose",)),
    Case(
        "healthcheck as text",
        "healthcheck: {test: 'true'}",
        {"healthCheck": CHECK},
        config={
            "Healthcheck": {
                "Test": ["CMD-SHELL", "true"],
                "Interval": 30 * SECOND,
                "Timeout": 30 * SECOND,
                "Retries": 3,
            }
        },
    ),
    Case(
        "healthcheck with times",
        "healthcheck: {test: [CMD, x, y], interval: 1m30s, timeout: 1500ms, retries: 5, start_period: 1m}",
        {"healthCheck": {"command": ["CMD", "x", "y"], "interval": 90, "timeout": 2, "retries": 5, "startPeriod": 60}},
        losses=("services.web.healthcheck.timeout",),
        config={
            "Healthcheck": {
                "Test": ["CMD", "x", "y"],
                "Interval": 90 * SECOND,
                "Timeout": 2 * SECOND,
                "Retries": 5,
                "StartPeriod": 60 * SECOND,
            }
        },
    ),
    Case(
        "healthcheck beyond ECS",
        "healthcheck: {test: 'true', interval: 1s, timeout: 2m, retries: 20, start_period: 10m, start_interval: 1s}",
        {"healthCheck": {**CHECK, "interval": 5, "timeout": 60, "retries": 10, "startPeriod": 300}},
        losses=tuple(
            f"services.web.healthcheck.{key}"
            for key in ("interval", "timeout", "retries", "start_period", "start_interval")
        ),
    ),
    Case("healthcheck disabled", "healthcheck: {disable: true}"),
    Case("healthcheck NONE", "healthcheck: {test: [NONE]}"),
    Case("healthcheck of the image", "healthcheck: {interval: 10s}", losses=("services.web.healthcheck",)),
    Case(
        "bind mounts",
        "volumes: [/h:/c:ro, './src:/src', '../up:/up', '~/x:/x:z']",
        {
            "mountPoints": [
                mount("h", "/c", readOnly=True),
                mount("srv-shop-src", "/src"),
                mount("srv-up", "/up"),
                mount("home-me-x", "/x"),
            ]
        },
        {
            "volumes": [
                {"name": "h", "host": {"sourcePath": "/h"}},
                {"name": "srv-shop-src", "host": {"sourcePath": "/srv/shop/src"}},
                {"name": "srv-up", "host": {"sourcePath": "/srv/up"}},
                {"name": "home-me-x", "host": {"sourcePath": "/home/me/x"}},
            ]
        },
        losses=("services.web.volumes[3]",),
        host={"Binds": ["/h:/c:ro", "/srv/shop/src:/src", "/srv/up:/up", "/home/me/x:/x"]},
    ),
    Case(
        "bind mount in the long form",
        "volumes: [{type: bind, source: ./a, target: /a, read_only: true, bind: {propagation: rshared}}]",
        {"mountPoints": [mount("srv-shop-a", "/a", readOnly=True)]},
        {"volumes": [{"name": "srv-shop-a", "host": {"sourcePath": "/srv/shop/a"}}]},
        losses=("services.web.volumes[0].bind.propagation",),
        host={"Binds": ["/srv/shop/a:/a:ro"]},
    ),
    Case(
        "a named volume",
        "volumes: ['data:/data:ro']",
        {"mountPoints": [mount("shop_data", "/data", readOnly=True)]},
        {"volumes": [shared("shop_data")]},
        rest="volumes: {data: {}}\n",
        host={"Binds": ["shop_data:/data:ro"]},
    ),
    Case(
        "named volumes",
        "volumes: [data:/data, {type: volume, source: own, target: /own}, old:/old:ro]",
        {"mountPoints": [mount("shop_data", "/data"), mount("mine", "/own"), mount("legacy", "/old", readOnly=True)]},
        {
            "volumes": [
                shared("shop_data", driver="local", driverOpts={"type": "tmpfs", "device": "x"}, labels={"a": "1"}),
                shared("mine"),
                shared("legacy", autoprovision=False),
            ]
        },
        rest=(
            "volumes:\n  data: {driver: local, driver_opts: {type: tmpfs, device: x}, labels: [a=1]}\n"
            "  own: {name: mine}\n  old: {external: true, name: legacy}\n  unused:\n"
        ),
    ),
    Case(
        "anonymous volume", "volumes: [/a]", {"mountPoints": [mount("web-a", "/a")]}, {"volumes": [{"name": "web-a"}]}
    ),
    Case(
        "tmpfs",
        "tmpfs: ['/run:size=64m,mode=1777', /tmp]",
        linux(
            tmpfs=[
                {"containerPath": "/run", "size": 64, "mountOptions": ["mode=1777"]},
                {"containerPath": "/tmp", "size": 64},
            ]
        ),
        losses=("services.web.tmpfs[1]",),
    ),
    Case(
        "tmpfs with sizes",
        "tmpfs: /run:size=16m,noexec",
        linux(tmpfs=[{"containerPath": "/run", "size": 16, "mountOptions": ["noexec"]}]),
        host={"Tmpfs": {"/run": "noexec,size=16m"}},
    ),
    Case(
        "tmpfs as a volume",
        "volumes: [{type: tmpfs, target: /t, tmpfs: {size: 10485760, mode: 0700}}]",
        linux(tmpfs=[{"containerPath": "/t", "size": 10, "mountOptions": ["mode=0700"]}]),
    ),
    Case("other mounts", "volumes: [{type: image, source: x, target: /y}]", losses=("services.web.volumes[0]",)),
    Case("network_mode host", "network_mode: host", task={"networkMode": "host"}, host={"NetworkMode": "host"}),
    Case("network_mode none", "network_mode: none", task={"networkMode": "none"}, host={"NetworkMode": "none"}),
    Case("network_mode bridge", "network_mode: bridge", task={"networkMode": "bridge"}),
    Case(
        "ports in network_mode host",
        "network_mode: host\nports: ['8080:80', '81:81']",
        {"portMappings": [{"containerPort": 80}, {"containerPort": 81}]},
        {"networkMode": "host"},
        losses=("services.web.ports",),
    ),
    Case(
        "networks",
        "networks: {a: {aliases: [x]}}",
        losses=("services.web.networks", "networks"),
        rest="networks: {a: {}}\n",
    ),
    Case(
        "addresses",
        "hostname: h\ndns: 10.0.0.1\ndns_search: [x.y]\nextra_hosts: ['a:10.0.0.2', 'b=::1']",
        {
            "hostname": "h",
            "dnsServers": ["10.0.0.1"],
            "dnsSearchDomains": ["x.y"],
            "extraHosts": [{"hostname": "a", "ipAddress": "10.0.0.2"}, {"hostname": "b", "ipAddress": "::1"}],
        },
        config={"Hostname": "h"},
        host={"Dns": ["10.0.0.1"], "DnsSearch": ["x.y"], "ExtraHosts": ["a:10.0.0.2", "b:::1"]},
    ),
    Case(
        "extra_hosts as mapping",
        "extra_hosts: {a: 10.0.0.2, b: ['[::1]', 10.0.0.3]}",
        {
            "extraHosts": [
                {"hostname": "a", "ipAddress": "10.0.0.2"},
                {"hostname": "b", "ipAddress": "::1"},
                {"hostname": "b", "ipAddress": "10.0.0.3"},
            ]
        },
    ),
    Case(
        "domainname and mac_address",
        "domainname: d\nmac_address: 02:42:ac:11:65:43",
        losses=("services.web.domainname", "services.web.mac_address"),
    ),
    Case(
        "who and where",
        "user: '1000:1000'\nworking_dir: /tmp\nread_only: true\nstdin_open: true\ntty: 'true'\ninit: true",
        {
            "user": "1000:1000",
            "workingDirectory": "/tmp",
            "readonlyRootFilesystem": True,
            "interactive": True,
            "pseudoTerminal": True,
            **linux(initProcessEnabled=True),
        },
        config={"User": "1000:1000", "WorkingDir": "/tmp", "OpenStdin": True, "Tty": True},
        host={"ReadonlyRootfs": True, "Init": True},
    ),
    Case("privileged", "privileged: true", {"privileged": True}, host={"Privileged": True}),
    Case(
        "capabilities",
        "cap_add: [NET_ADMIN, CAP_SYS_TIME, ALL]\ncap_drop: [chown]",
        linux(capabilities={"add": ["NET_ADMIN", "SYS_TIME", "ALL"], "drop": ["CHOWN"]}),
        host={"CapAdd": ["NET_ADMIN", "SYS_TIME", "ALL"], "CapDrop": ["CHOWN"]},
    ),
    Case(
        "devices",
        "devices: [/dev/null:/dev/x:rw, {source: /dev/zero, permissions: r}, 'vendor.com/gpu=0']",
        linux(
            devices=[
                {"hostPath": "/dev/null", "containerPath": "/dev/x", "permissions": ["read", "write"]},
                {"hostPath": "/dev/zero", "permissions": ["read"]},
            ]
        ),
        losses=("services.web.devices[2]",),
        host={
            "Devices": [
                {"PathOnHost": "/dev/null", "PathInContainer": "/dev/x", "CgroupPermissions": "rw"},
                {"PathOnHost": "/dev/zero", "PathInContainer": "/dev/zero", "CgroupPermissions": "r"},
            ]
        },
    ),
    Case("shm_size", "shm_size: 128m", linux(sharedMemorySize=128), host={"ShmSize": 128 * MIB}),
    Case("shm_size of parts", "shm_size: 1000000", linux(sharedMemorySize=1), losses=("services.web.shm_size",)),
    Case(
        "sysctls",
        "sysctls: {net.core.somaxconn: 1024, kernel.shmmax: 1000000, vm.max_map_count: 1}",
        {
            "systemControls": [
                {"namespace": "net.core.somaxconn", "value": "1024"},
                {"namespace": "kernel.shmmax", "value": "1000000"},
            ]
        },
        losses=("services.web.sysctls.vm.max_map_count",),
        host={"Sysctls": {"net.core.somaxconn": "1024", "kernel.shmmax": "1000000"}},
    ),
    Case(
        "ulimits",
        "ulimits: {nproc: 65535, nofile: {soft: 100, hard: '200'}, memlock: -1}",
        {
            "ulimits": [
                {"name": "nproc", "softLimit": 65535, "hardLimit": 65535},
                {"name": "nofile", "softLimit": 100, "hardLimit": 200},
                {"name": "memlock", "softLimit": -1, "hardLimit": -1},
            ]
        },
        host={
            "Ulimits": [
                {"Name": "nproc", "Soft": 65535, "Hard": 65535},
                {"Name": "nofile", "Soft": 100, "Hard": 200},
                {"Name": "memlock", "Soft": -1, "Hard": -1},
            ]
        },
    ),
    Case(
        "security_opt",
        "security_opt: ['no-new-privileges:true', 'label:disable', 'seccomp:unconfined', 'no-new-privileges:false']",
        {"dockerSecurityOptions": ["no-new-privileges", "label:disable"]},
        losses=("services.web.security_opt[2]",),
        host={"SecurityOpt": ["no-new-privileges", "label=disable"]},
    ),
    Case("pid host", "pid: host", task={"pidMode": "host"}, host={"PidMode": "host"}),
    Case("ipc host", "ipc: host", task={"ipcMode": "host"}, host={"IpcMode": "host"}),
    Case(
        "sysctls that are the instance's",
        "ipc: host\nnetwork_mode: host\nsysctls: [net.core.somaxconn=1, kernel.msgmax=2]",
        task={"networkMode": "host", "ipcMode": "host"},
        losses=("services.web.sysctls[0]", "services.web.sysctls[1]"),
    ),
    Case("ipc shareable", "ipc: shareable", task={"ipcMode": "task"}),
    Case("pid of a container", "pid: 'container:x'", losses=("services.web.pid",)),
    Case("cpu_shares", "cpu_shares: 512", {"cpu": 512}, host={"CpuShares": 512}),
    Case("cpus", "cpus: 0.5", {"cpu": 512}, losses=("services.web.cpus",)),
    Case(
        "deploy limits",
        "deploy: {resources: {limits: {cpus: '2', memory: 50M, pids: 5}, reservations: {cpus: 1, memory: 20m}}}",
        {"cpu": 2048, "memory": 50, "memoryReservation": 20},
        losses=("services.web.deploy.resources.limits.cpus", "services.web.deploy.resources.limits.pids"),
        host={"Memory": 50 * MIB, "MemoryReservation": 20 * MIB},
    ),
    Case(
        "memory",
        "mem_limit: 0.5g\nmem_reservation: 65536kb",
        {"memory": 512, "memoryReservation": 64},
        host={"Memory": 512 * MIB, "MemoryReservation": 64 * MIB},
    ),
    Case("memory in bytes", "mem_limit: 10000000", {"memory": 10}, losses=("services.web.mem_limit",)),
    Case("memory below Docker's minimum", "mem_limit: 1m", {"memory": 6}, losses=("services.web.mem_limit",)),
    Case(
        "swap",
        "mem_limit: 64m\nmemswap_limit: 96m",
        {"memory": 64, **linux(maxSwap=32)},
        host={"Memory": 64 * MIB, "MemorySwap": 96 * MIB},
    ),
    Case(
        "no swap",
        "mem_limit: 64m\nmemswap_limit: 64m",
        {"memory": 64, **linux(maxSwap=0)},
        host={"Memory": 64 * MIB, "MemorySwap": 64 * MIB},
    ),
    Case(
        "swap without limit",
        "mem_limit: 64m\nmemswap_limit: -1",
        {"memory": 64},
        losses=("services.web.memswap_limit",),
    ),
    Case(
        "swappiness",
        "mem_limit: 64m\nmem_swappiness: 0",
        {"memory": 64, **linux(maxSwap=64, swappiness=0)},
        host={"Memory": 64 * MIB, "MemorySwap": 128 * MIB, "MemorySwappiness": 0},
    ),
    Case(
        "GPUs",
        "deploy: {resources: {reservations: {devices: [{driver: nvidia, count: 2, capabilities: [gpu]}]}}}",
        {"resourceRequirements": [{"type": "GPU", "value": "2"}]},
    ),
    Case(
        "GPUs by id",
        "gpus: [{device_ids: ['0', '3']}]",
        {"resourceRequirements": [{"type": "GPU", "value": "2"}]},
        losses=("services.web.gpus[0].device_ids",),
    ),
    Case("all GPUs", "gpus: all", losses=("services.web.gpus",)),
    Case(
        "logging",
        "logging: {driver: json-file, options: {max-size: 10m, max-file: 3}}",
        {
            "logConfiguration": {
                "logDriver": "json-file",
                "options": {"mode": "blocking", "max-size": "10m", "max-file": "3"},
            }
        },
        host={"LogConfig": {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3", "mode": "blocking"}}},
    ),
    Case("logging to nowhere", "logging: {driver: none}", losses=("services.web.logging.driver",)),
    Case(
        "labels",
        "labels: {a: b, c: , d: 1}",
        {"dockerLabels": {"a": "b", "c": "", "d": "1"}},
        config={"Labels": {"a": "b", "c": "", "d": "1"}},
    ),
    Case("labels as list", "labels: [a=b=c, d]", {"dockerLabels": {"a": "b=c", "d": ""}}),
    Case("stop_grace_period", "stop_grace_period: 1m30s", {"stopTimeout": 90}, config={"StopTimeout": 90}),
    Case(
        "stop_grace_period of nothing",
        "stop_grace_period: 500ms\nstop_signal: SIGINT",
        {"stopTimeout": 2},
        losses=("services.web.stop_grace_period", "services.web.stop_grace_period", "services.web.stop_signal"),
    ),
    Case("restart no", "restart: no"),
    Case("restart always", "restart: always", {"restartPolicy": ALWAYS}, losses=("services.web.restart",)),
    Case(
        "restart on-failure",
        "restart: on-failure:3",
        {"restartPolicy": {**ALWAYS, "ignoredExitCodes": [0]}},
        losses=("services.web.restart", "services.web.restart"),
    ),
    Case(
        "restart by deploy",
        "restart: no\ndeploy: {restart_policy: {condition: any, max_attempts: 3}}",
        {"restartPolicy": ALWAYS},
        losses=("services.web.deploy.restart_policy", "services.web.deploy.restart_policy.max_attempts"),
    ),
    Case(
        "deploy for Swarm",
        "deploy: {mode: replicated, replicas: 3, update_config: {}, placement: {constraints: [x]}, labels: {a: b}}",
        losses=tuple(
            f"services.web.deploy.{key}" for key in ("mode", "replicas", "update_config", "placement", "labels")
        ),
    ),
    Case("scale", "scale: 2", losses=("services.web.scale",)),
    Case(
        "secrets and configs",
        "secrets: [s]\nconfigs: [c]",
        losses=("services.web.secrets", "services.web.configs", "secrets", "configs"),
        rest="secrets: {s: {file: ./s}}\nconfigs: {c: {file: ./c}}\n",
    ),
    Case(
        "what has no place",
        "cgroup_parent: x\nuserns_mode: host\ngroup_add: [a]\nruntime: runc\noom_kill_disable: true\noom_score_adj: 1\n"
        "develop: {watch: []}\nexternal_links: [x]\npids_limit: 5\ncpuset: '0'\nuts: host",
        losses=tuple(
            f"services.web.{key}"
            for key in (
                "cgroup_parent",
                "userns_mode",
                "group_add",
                "runtime",
                "oom_kill_disable",
                "oom_score_adj",
                "develop",
                "external_links",
                "pids_limit",
                "cpuset",
                "uts",
            )
        ),
    ),
    Case("extensions", "x-any: {a: [1]}\nprofiles: []", rest="x-other: 1\n"),
]
