"""Ways out of a container, as members of the body of a create call: the verdict has to know every one of them."""

from __future__ import annotations

from typing import Any, NamedTuple

Json = dict[str, Any]


class Escape(NamedTuple):
    """``body``: members beside an image. ``unknown``: refused because nobody can tell what it gives."""

    name: str
    body: Json
    unknown: bool = False


def host(**members: Any) -> Json:
    return {"HostConfig": members}


def _bind(source: str) -> Json:
    return host(Binds=[f"{source}:/mnt"])


def _mount(**members: Any) -> Json:
    return host(Mounts=[{"Target": "/mnt", **members}])


def _volume(driver: str, **options: str) -> Json:
    return _mount(Type="volume", Source="v", VolumeOptions={"DriverConfig": {"Name": driver, "Options": options}})


ESCAPES = (
    # Files of the host by Binds
    Escape("the root of the host", _bind("/")),
    Escape("its settings, read-only", host(Binds=["/etc:/mnt:ro"])),
    Escape("the socket", _bind("/var/run/docker.sock")),
    Escape("the socket where it really is", _bind("/run/docker.sock")),
    Escape("the socket with more slashes", _bind("//var///run//docker.sock")),
    Escape("the socket by dots", _bind("/tmp/../var/run/./docker.sock")),
    Escape("the socket read-only, which is none", host(Binds=["/var/run/docker.sock:/s:ro"])),
    Escape("the folder of the socket", _bind("/var/run")),
    Escape("the folder above", _bind("/run/")),
    Escape("the socket through a process", _bind("/proc/1/root/run/docker.sock")),
    Escape("the socket through a process twice", _bind("/proc/1/root/proc/self/root/var/run/docker.sock")),
    Escape("the socket of containerd", _bind("/run/containerd/containerd.sock")),
    Escape("the socket of a user's engine", _bind("/run/user/1000/docker.sock")),
    Escape("the data of the engine", _bind("/var/lib/docker")),
    Escape("devices as files", _bind("/dev")),
    Escape("the kernel's settings", _bind("/proc/sys")),
    Escape("cgroups", _bind("/sys/fs/cgroup")),
    Escape("mounts that come back", host(Binds=["/mnt:/mnt:rshared"])),
    Escape("a bind as a text", host(Binds="/:/mnt")),
    Escape("a relative path", _bind("../../etc"), unknown=True),
    Escape("more colons than there are", host(Binds=["/a:/b:/c:rw"]), unknown=True),
    # ... by Mounts
    Escape("a mount of a folder", _mount(Type="bind", Source="/etc")),
    Escape("a mount of the socket", _mount(Type="bind", Source="/var/run/../run/docker.sock", ReadOnly=True)),
    Escape("a mount that comes back", _mount(Type="bind", Source="/a", BindOptions={"Propagation": "shared"})),
    Escape("a volume that is a bind", _volume("local", type="none", o="bind", device="/etc")),
    Escape("a volume that is a bind, without the driver's name", _volume("", type="none", o="bind", device="/")),
    Escape("a volume that is a bind and calls itself tmpfs", _volume("local", type="tmpfs", o="bind", device="/etc")),
    Escape("a volume that is an overlay", _volume("local", type="overlay", o="lowerdir=/,upperdir=/a,workdir=/b")),
    Escape("a volume that is a disk", _volume("local", type="ext4", device="/dev/sda1")),
    Escape("a volume of another machine", _volume("local", type="nfs", o="addr=10.0.0.1", device=":/export")),
    Escape("a volume of a plug-in", _volume("sshfs", sshcmd="root@host:/")),
    Escape("a volume's driver spelled otherwise",
           _mount(Type="volume", VolumeOptions={"driverconfig": {"Options": {"o": "bind"}}}), unknown=True),
    Escape("a mount of an image's files", _mount(Type="image", Source="secrets:latest")),
    Escape("a volume of the cluster", _mount(Type="cluster", Source="v")),
    Escape("a pipe of the host", _mount(Type="npipe", Source="//./pipe/docker_engine"), unknown=True),
    Escape("a mount without a type", _mount(Source="/etc"), unknown=True),
    Escape("a volume whose name is a path", _mount(Type="volume", Source="/etc"), unknown=True),
    # ... by other members
    Escape("another driver for all volumes", host(VolumeDriver="sshfs")),
    Escape("volumes of another container", host(VolumesFrom=["postgres:rw"])),
    Escape("a tmpfs that is a bind", host(Tmpfs={"/mnt": "rw,bind"})),
    Escape("logs to a socket of the host",
           host(LogConfig={"Type": "fluentd", "Config": {"fluentd-address": "unix:///run/docker.sock"}})),
    Escape("logs through a plug-in", host(LogConfig={"Type": "somebody/logs"})),
    # Privileges
    Escape("privileged", host(Privileged=True)),
    Escape("privileged as a number", host(Privileged=1)),
    Escape("privileged, spelled otherwise", host(privileged=True), unknown=True),
    Escape("a HostConfig beside the HostConfig",
           {"HostConfig": {}, "hostconfig": {"Privileged": True}}, unknown=True),
    Escape("all capabilities", host(CapAdd=["ALL"])),
    Escape("CAP_SYS_ADMIN", host(CapAdd=["CAP_SYS_ADMIN"])),
    Escape("a capability in small letters", host(CapAdd=["sys_ptrace"])),
    Escape("a capability as a text", host(CapAdd="SYS_MODULE")),
    Escape("capabilities by their older name", host(Capabilities=["CAP_BPF"])),
    Escape("no seccomp", host(SecurityOpt=["seccomp=unconfined"])),
    Escape("no AppArmor, in the older form", host(SecurityOpt=["apparmor:unconfined"])),
    Escape("no SELinux", host(SecurityOpt=["label=disable"])),
    Escape("SELinux's way around", host(SecurityOpt=["label=type:spc_t"])),
    Escape("system paths open", host(SecurityOpt=["systempaths=unconfined"])),
    Escape("a seccomp profile of one's own", host(SecurityOpt=['seccomp={"defaultAction":"SCMP_ACT_ALLOW"}'])),
    Escape("no path masked", host(MaskedPaths=[])),
    Escape("no path read-only", host(ReadonlyPaths=[])),
    Escape("no path masked, spelled otherwise", host(maskedPaths=[]), unknown=True),
    Escape("one path not masked", host(MaskedPaths=["/proc/acpi", "/proc/keys"])),
    # Devices
    Escape("a disk", host(Devices=[{"PathOnHost": "/dev/sda", "PathInContainer": "/dev/x"}])),
    Escape("devices by rule", host(DeviceCgroupRules=["b *:* rwm"])),
    Escape("devices by CDI", host(DeviceRequests=[{"Driver": "cdi", "DeviceIDs": ["vendor.com/all=1"]}])),
    Escape("a device of another kind", host(DeviceRequests=[{"Capabilities": [["tpu"]]}])),
    # Namespaces and cgroups
    Escape("the host's network", host(NetworkMode="host")),
    Escape("another container's network", host(NetworkMode="container:vault")),
    Escape("a network of somebody's", host(NetworkMode="payroll")),
    Escape("a second network", {"NetworkingConfig": {"EndpointsConfig": {"payroll": {}}}}),
    Escape("the host's network as a second one", {"NetworkingConfig": {"EndpointsConfig": {"host": {}}}}),
    Escape("the host's processes", host(PidMode="host")),
    Escape("another container's processes", host(PidMode="container:vault")),
    Escape("the host's shared memory", host(IpcMode="host")),
    Escape("the host's names", host(UTSMode="host")),
    Escape("the host's users", host(UsernsMode="host")),
    Escape("the host's cgroups", host(CgroupnsMode="host")),
    Escape("a cgroup of another's", host(CgroupParent="/system.slice")),
    Escape("another container's cgroup", host(Cgroup="container:vault")),
    Escape("links, which copy the other's environment", host(Links=["vault:v"])),
    Escape("more groups", host(GroupAdd=["docker"])),
    # The kernel, the runtime, the host's health
    Escape("a program that the kernel starts", host(Sysctls={"kernel.core_pattern": "|/bin/sh"})),
    Escape("another runtime", host(Runtime="sysbox-runc")),
    Escape("another isolation", host(Isolation="process")),
    Escape("notes for the runtime", host(Annotations={"run.oci.keep_original_groups": "1"})),
    Escape("others are killed first", host(OomScoreAdj=-1000)),
    Escape("never killed", host(OomKillDisable=True)),
    Escape("the CPU in real time", host(CpuRealtimeRuntime=950_000)),
    # What nobody knows yet
    Escape("a member of tomorrow", host(HostSockets=["docker"]), unknown=True),
    Escape("a member of tomorrow beside it", {"HostAccess": True}, unknown=True),
    Escape("an option of tomorrow", _mount(Type="volume", Source="v", VolumeOptions={"HostPath": "/"}), unknown=True),
)  # fmt: skip

ORDINARY: tuple[Escape, ...] = (
    Escape("nothing", {}),
    Escape("limits", host(Memory=2**24, NanoCpus=10**9, PidsLimit=100, Ulimits=[{"Name": "nofile", "Soft": 1}])),
    Escape("memory as a folder", host(Tmpfs={"/run": "rw,size=16m"})),
    Escape("memory as a mount", _mount(Type="tmpfs", TmpfsOptions={"SizeBytes": 2**20})),
    Escape("memory as a volume", _volume("local", type="tmpfs", device="tmpfs", o="size=16m,uid=1000")),
    Escape("a volume", host(Binds=["data:/data", "moorage-volume-0123456789ab-data:/d:ro"])),
    Escape("a volume without a name", {"Volumes": {"/data": {}}, **host(Binds=["/data"])}),
    Escape("a volume as a mount", _mount(Type="volume", Source="data", VolumeOptions={"NoCopy": True})),
    Escape("ports", {"ExposedPorts": {"80/tcp": {}}, **host(PortBindings={"80/tcp": [{"HostPort": "80"}]})}),
    Escape("less than others", host(CapDrop=["ALL"], ReadonlyRootfs=True, SecurityOpt=["no-new-privileges"])),
    Escape("a capability that all have", host(CapAdd=["NET_BIND_SERVICE", "CAP_CHOWN"])),
    Escape("its own namespaces", host(NetworkMode="none", IpcMode="private", PidMode="", CgroupnsMode="private")),
    Escape("a pause container's", host(NetworkMode="container:moorage-web-3-internal.pause-0123456789ab")),
    Escape("volumes of its task", host(VolumesFrom=["moorage-web-3-data-0123456789ab:ro"])),
    Escape("its task's network", host(NetworkMode="0123456789abcdef" * 4)),
    Escape("its own kernel settings", host(Sysctls={"net.core.somaxconn": "1024", "kernel.shmmax": "1"})),
    Escape("a GPU", host(DeviceRequests=[{"Driver": "", "Count": 1, "Capabilities": [["gpu"]]}])),
    Escape("logs", host(LogConfig={"Type": "awslogs", "Config": {"awslogs-group": "web", "tag": "x"}})),
    Escape("what an engine tells of everything", host(Runtime="runc", Isolation="", Cgroup="", OomScoreAdj=0,
           ConsoleSize=[0, 0], Devices=[], Links=None, SomethingNew=None, SomethingElse=False)),
)  # fmt: skip
