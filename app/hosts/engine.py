"""The port: everything that Moorage asks of a Docker Engine, as plain calls with deadlines.

Low-level API calls only: the high-level client inspects each container of a list. Every write goes through one gate.
Answers are Docker's own JSON; ``app.hosts.reading`` turns it into the model.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from app.hosts.clock import clock_offset
from app.hosts.endpoint import Endpoint
from app.hosts.errors import CALL_TIMEOUT, HostError, checked, translated
from app.hosts.json_stream import JsonStream
from app.hosts.ledger import Ledger
from app.hosts.pipeline import Pipeline
from app.hosts.policy.rule import ReadOnlyError, Rule, RuleNow
from app.hosts.registries import Registries
from app.hosts.stream import Stream
from app.hosts.way import Way
from app.hosts.wire import Wire

if TYPE_CHECKING:
    from pathlib import Path

    # Only when something is made: the tables of what is known take their time, and the first frame makes nothing.
    from app.hosts.policy.verdict import Verdict
    from app.model.registry import Credential, CredentialFor

Json = dict[str, Any]

CONTAINER_EVENTS = (
    "create", "start", "die", "stop", "kill", "oom", "pause", "unpause", "restart", "rename", "update", "destroy",
    "health_status",
)  # fmt: skip
_PODMAN_WORDS = ("died", "remove")
"""In a filter podman knows ``die`` and ``destroy`` by these alone; it tells of them as ``die`` and ``remove``."""
PULL_SILENCE = 90.0
"""Seconds without a word after which a pull is given up."""
START_TIMEOUT = 180.0
LOAD_TIMEOUT = 30.0
LONGEST_LOAD = 600.0
"""Seconds that an engine may talk about an image that it was given; LOAD_TIMEOUT is for its silence."""
CREATE_TIMEOUT = 240.0


class Engine:
    """One Docker Engine. Connects at the first call and again after a failure; safe to share between threads.

    Every method raises HostError; ``kind`` "timeout" means that the outcome of a write is unknown.
    ``rule``: what its clusters allow, asked before each write; without it everything is allowed.
    ``sockets``: the folder for the socket of its tunnel, where it is reached by SSH.
    ``credentials``: what the registries are shown that it pulls from and pushes to, asked for at each.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        timeout: float = CALL_TIMEOUT,
        read_only: bool = False,
        rule: RuleNow | None = None,
        sockets: Path | None = None,
        credentials: CredentialFor | None = None,
    ) -> None:
        self.endpoint = endpoint
        self._timeout = timeout
        self._read_only = read_only
        self._rule: RuleNow = rule or (lambda: Rule(dangerous="allow"))
        self.registries = Registries(credentials)
        self._clock_offset: timedelta | None = None
        self.ledger = Ledger()
        """What it was asked, and what came of it."""
        self._way = Way(endpoint, timeout, self.ledger, sockets)

    @property
    def timeout(self) -> float:
        """Seconds that an ordinary call may take."""
        return self._timeout

    def api(self) -> Any:
        return self._way.api()

    def close(self) -> None:
        """Let go of the connections; they are made again when they are needed."""
        self._way.rest()

    def end(self) -> None:
        """Let go of its tunnel too, if it has one: nobody asks it any more, as far as is known."""
        self._way.end()

    def _write(self, what: str) -> Any:
        """The one gate for all writes."""
        of_cluster = self._rule().read_only
        if self._read_only or of_cluster:
            raise ReadOnlyError(what, of_cluster)
        return self.api()

    def gate(self, what: str) -> Any:
        """The session, for a write that another module of this room does. Raises ReadOnlyError."""
        return self._write(what)

    def check(self, verdict: Verdict, *, accepted: bool) -> None:
        """Return if what has this verdict may be made here; raises PolicyError. ``accepted``: somebody has said yes."""
        from app.hosts.policy.verdict import allowed

        allowed(verdict, self._rule(), accepted=accepted)

    def registry_auth(self, registry: str) -> dict[str, str]:
        """The header of a pull or a push that says who asks, or nothing. ``registry``: as for ``Registries``."""
        return self.registries.headers(registry)

    # --- reading ---------------------------------------------------------------------------------------------------

    def ping(self) -> None:
        with translated("ping"):
            self.api().ping()

    def info(self) -> Json:
        with translated("info"):
            return _members(self.api().info())

    def version(self) -> Json:
        with translated("version"):
            return _members(self.api().version())

    def containers(self, *labels: str, container_id: str = "") -> list[Json]:
        filters: dict[str, Any] = {"label": list(labels)} if labels else {}
        if container_id:
            filters["id"] = container_id
        with translated("listing containers"):
            return _entries(self.api().containers(all=True, filters=filters or None))

    def inspect(self, container: str) -> Json:
        with translated("inspecting a container"):
            return _members(self.api().inspect_container(container))

    def volumes(self, label: str = "", *, name: str = "") -> list[Json]:
        """Those with the label, or with ``name`` in their names."""
        filters = {"name": name} if name else {"label": label}
        with translated("listing volumes"):
            return _entries(_members(self.api().volumes(filters=filters)).get("Volumes") or [])

    def volume(self, name: str) -> Json:
        with translated("inspecting a volume"):
            return _members(self.api().inspect_volume(name))

    def image(self, reference: str) -> Json:
        with translated("inspecting an image"):
            return _members(self.api().inspect_image(reference))

    def networks(self, label: str = "", *, name: str = "") -> list[Json]:
        """Those with the label, or with ``name`` in their names."""
        with translated("listing networks"):
            return _entries(self.api().networks(filters={"name": name} if name else {"label": label}))

    def nodes(self) -> list[Json]:
        """Nodes of the swarm that this engine manages. failed: it manages none."""
        with translated("listing nodes"):
            return _entries(self.api().nodes())

    def services(self, label: str) -> list[Json]:
        with translated("listing services"):
            return _entries(self.api().services(filters={"label": label}))

    def service(self, service: str) -> Json:
        with translated("inspecting a service"):
            return _members(self.api().inspect_service(service))

    def service_tasks(self, service: str) -> list[Json]:
        """What Swarm runs for a service, and what it ran before."""
        with translated("listing tasks of a service"):
            return _entries(self.api().tasks(filters={"service": service}))

    def events(self) -> Stream:
        """Container and volume events from now on. No exec and top events: health checks make floods of them."""
        from docker import types, utils

        filters = {"type": ["container", "volume"], "event": [*CONTAINER_EVENTS, *_PODMAN_WORDS]}
        with translated("subscribing to events"):
            api = self.api()
            params = {"filters": utils.convert_filters(filters)}
            # docker-py's own events() waits without end for the answer: here only the events themselves may take time.
            response = api._get(api._url("/events"), params=params, stream=True, timeout=self._timeout)
            api._disable_socket_timeout(api._get_raw_response_socket(response))
            source = JsonStream(response)
            return Stream(types.CancellableStream(iter(source), response), source, self.ledger)

    def stats_wire(self) -> Wire:
        """A connection on which to ask for ``stats_path``; whoever opens it closes it."""
        from app.hosts.connection import open_connection

        return Wire(open_connection(self.api(), self._timeout), self._timeout, self.ledger)

    def pipeline(self) -> Pipeline:
        """A connection for many questions such as ``inspect_path``; whoever opens it closes it. Raises HostError."""
        from app.hosts.connection import open_connection

        return Pipeline(open_connection(self.api(), self._timeout), self._timeout, self.ledger)

    def inspect_path(self, container: str) -> str:
        return f"/v{self.api()._version}/containers/{quote(container, safe='')}/json"

    def stats_path(self, container: str) -> str:
        """One answer about what a container uses now. Docker 20.10 waits for its next second with it."""
        return f"/v{self.api()._version}/containers/{quote(container, safe='')}/stats?stream=0&one-shot=1"

    # --- writing ---------------------------------------------------------------------------------------------------

    def create_container(self, name: str, body: Mapping[str, Any], *, accepted: bool = False) -> str:
        """Create from the exact API body; returns the id. conflict: the name is taken.

        ``accepted``: somebody who knows what it reaches beyond its own walls has said yes. Raises PolicyError.
        """
        from app.hosts.policy.verdict import judge

        api = self._write("create")
        self.check(judge(body), accepted=accepted)
        with translated("create"):
            url = api._url("/containers/create")
            response = api._post_json(url, data=dict(body), params={"name": name}, timeout=CREATE_TIMEOUT)
            return str(_members(api._result(response, True)).get("Id"))

    def start(self, container: str) -> None:
        api = self._write("start")
        with translated("start"):
            response = api._post(api._url("/containers/{0}/start", container), timeout=START_TIMEOUT)
            api._raise_for_status(response)

    def stop(self, container: str, timeout: int) -> None:
        """SIGTERM, and SIGKILL after ``timeout`` seconds; returns when it has stopped. Stopped already: no error."""
        api = self._write("stop")
        with translated("stop"):
            url = api._url("/containers/{0}/stop", container)
            api._raise_for_status(api._post(url, params={"t": timeout}, timeout=timeout + 15))

    def remove_container(self, container: str) -> None:
        """Kill and remove, with its anonymous volumes; gone already: no error."""
        api = self._write("remove")
        with translated("remove"):
            url = api._url("/containers/{0}", container)
            response = api._delete(url, params={"force": True, "v": True}, timeout=60)
            if response.status_code not in (404, 409):  # 409: its removal is under way
                api._raise_for_status(response)

    def create_volume(
        self,
        name: str,
        labels: Mapping[str, str],
        driver: str = "",
        opts: Json | None = None,
        *,
        accepted: bool = False,
    ) -> Json:
        """Create, or get the one that has the name; its labels tell which. conflict: it has another driver.

        ``accepted``: as for a container.
        """
        api = self._write("creating a volume")
        if driver or opts:
            from app.hosts.policy.verdict import judge_volume

            self.check(judge_volume(driver, opts), accepted=accepted)
        body = {"Name": name, "Driver": driver or None, "DriverOpts": opts or {}, "Labels": dict(labels)}
        # A driver that is not there is looked for again and again, for longer than an ordinary call may take.
        timeout = CREATE_TIMEOUT if driver else self._timeout
        with translated("creating a volume"):
            response = api._post_json(api._url("/volumes/create"), data=body, timeout=timeout)
            return _members(api._result(response, True))

    def remove_volume(self, name: str) -> None:
        """Remove; gone already: no error."""
        api = self._write("removing a volume")
        with translated("removing a volume"):
            response = api._delete(api._url("/volumes/{0}", name))
            if response.status_code != 404:
                api._raise_for_status(response)

    def create_network(self, name: str, subnet: str, labels: Mapping[str, str]) -> str:
        """A bridge network with that subnet; returns its id. A subnet that overlaps another: refused (403)."""
        api = self._write("creating a network")
        body = {
            "Name": name,
            "CheckDuplicate": True,
            "Driver": "bridge",
            "Labels": dict(labels),
            "IPAM": {"Driver": "default", "Config": [{"Subnet": subnet}]},
        }
        with translated("creating a network"):
            response = api._post_json(api._url("/networks/create"), data=body, timeout=30)
            return str(_members(api._result(response, True)).get("Id"))

    def remove_network(self, network: str) -> None:
        api = self._write("removing a network")
        with translated("removing a network"):
            response = api._delete(api._url("/networks/{0}", network), timeout=30)
            if response.status_code != 404:
                api._raise_for_status(response)

    def pull(self, image: str, platform: str = "", credential: Credential | None = None) -> Iterator[Json]:
        """Progress frames of a pull. An error in the stream is raised as one; so is silence of PULL_SILENCE seconds.

        ``platform``: as in linux/arm64, "" for the engine's own. ``credential``: instead of the registry's usual one.
        """
        from docker import utils

        api = self._write("pull")
        headers = self.registries.headers_of(image, credential)
        with translated("pull"):
            repository, tag = utils.parse_repository_tag(image)
            params = {"fromImage": repository, "tag": tag or "latest"}
            if platform:
                params["platform"] = platform
            with self.registries.asking(image, platform, *headers.values()), translated("pull"):
                response = api._post(
                    api._url("/images/create"), params=params, headers=headers, stream=True, timeout=PULL_SILENCE
                )
                api._raise_for_status(response)
            with contextlib.closing(response):
                yield from checked(JsonStream(response))

    def import_image(self, archive: bytes, repository: str, tag: str, changes: Sequence[str]) -> None:
        """Make an image of a root file system's tar. ``changes``: lines of a Dockerfile. It takes over the name."""
        api = self._write("importing an image")
        # Both: podman 4 takes the tag from the one, and Docker from the other.
        params = {"fromSrc": "-", "repo": f"{repository}:{tag}", "tag": tag, "changes": list(changes)}
        with translated("importing an image"):
            url = api._url("/images/create")
            response = api._post(url, params=params, data=archive, stream=True, timeout=PULL_SILENCE)
            api._raise_for_status(response)
            with contextlib.closing(response):
                for _ in checked(JsonStream(response, LONGEST_LOAD)):
                    pass

    def load_image(self, archive: bytes) -> None:
        """Load images as ``docker save`` writes them: the same archive has the same id on every engine of a kind."""
        api = self._write("loading an image")
        with translated("loading an image"):
            url = api._url("/images/load")
            response = api._post(url, data=archive, params={"quiet": True}, stream=True, timeout=LOAD_TIMEOUT)
            api._raise_for_status(response)
            with contextlib.closing(response):
                for _ in checked(JsonStream(response, LONGEST_LOAD)):
                    pass

    def create_service(self, spec: Mapping[str, Any]) -> str:
        """Create from the exact API body; returns the id. conflict: the name is taken. No registry is asked."""
        api = self._write("creating a service")
        with translated("creating a service"):
            response = api._post_json(api._url("/services/create"), data=dict(spec))
            return str(_members(api._result(response, True)).get("ID"))

    def update_service(self, service: str, version: int, spec: Mapping[str, Any]) -> None:
        """Replace its spec; refused or failed if it is no longer at ``version``."""
        api = self._write("changing a service")
        with translated("changing a service"):
            url = api._url("/services/{0}/update", service)
            api._raise_for_status(api._post_json(url, data=dict(spec), params={"version": version}))

    def remove_service(self, service: str) -> None:
        """Remove, with what Swarm runs for it; gone already: no error."""
        api = self._write("removing a service")
        with translated("removing a service"):
            response = api._delete(api._url("/services/{0}", service))
            if response.status_code != 404:
                api._raise_for_status(response)

    # --- time ------------------------------------------------------------------------------------------------------

    def measure_clock(self, info: Json, asked: datetime | None = None) -> None:
        """Learn how far the host's clock is from ours, from an answer of ``info`` that has just come.

        ``asked``: when it was asked for; None: at once.
        """
        now = datetime.now(UTC)
        self._clock_offset = clock_offset(str(info.get("SystemTime", "")), asked or now, now)

    def now(self) -> datetime:
        """The host's time, in UTC: what is written on a host is told in its own time, so that all operators agree."""
        if self._clock_offset is None:
            asked = datetime.now(UTC)
            self.measure_clock(self.info(), asked)
        return datetime.now(UTC) + (self._clock_offset or timedelta(0))


def _members(answer: object) -> Json:
    """A JSON object; an engine that answers with anything else has failed."""
    if not isinstance(answer, dict):
        raise HostError(f"the answer cannot be read: an object was expected, not {type(answer).__name__}", "failed")
    return answer


def _entries(answer: object) -> list[Json]:
    """A JSON list of objects; an engine that answers with anything else has failed."""
    if not isinstance(answer, list):
        raise HostError(f"the answer cannot be read: a list was expected, not {type(answer).__name__}", "failed")
    return [_members(entry) for entry in answer]
