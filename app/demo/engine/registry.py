"""The registries that simulated engines pull from and push to: all hosts of a fleet share one ``Registry``."""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Mapping

from app.demo.engine.images import Image, canonical, host_of, path_of, repository
from app.demo.engine.layers import Layer
from app.demo.engine.refused import Refused

DOCKER_HUB = "docker.io"
_HUB_KEYS = frozenset({"", DOCKER_HUB, "https://index.docker.io/v1/", "index.docker.io"})


class Registry:
    """Docker Hub, which only those can push to who have a password there, and others.

    Args:
        images: by reference; what a registry that is none of ``hosts`` holds can only be pulled.
        hosts: registries that take pushes, and that know what they have and what not.
        passwords: by host, of those that let nobody in without; by user.
    """

    def __init__(
        self,
        images: Mapping[str, Image] | None = None,
        *,
        hosts: Collection[str] = (),
        passwords: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        self._images: dict[str, Image] = {}
        self._layers: dict[str, set[str]] = {}
        self.passwords = passwords or {}
        self.hosts = frozenset({*hosts, *self.passwords})
        for name, image in (images or {}).items():
            self.put(name, image)

    def put(self, name: str, image: Image) -> None:
        """It has that name from now on, and the digest for ever."""
        self._images[canonical(name)] = image
        self._images[f"{repository(name)}@{image.manifest_digest}"] = image
        self._layers.setdefault(host_of(name), set()).update(layer.diff_id for layer in image.layers)

    def find(self, name: str) -> Image | None:
        return self._images.get(canonical(name))

    def has_layer(self, host: str, layer: Layer) -> bool:
        return layer.diff_id in self._layers.get(host, ())

    # --- who may ---------------------------------------------------------------------------------------------------

    def pulled(self, name: str, authorization: str) -> Image | None:
        """What a pull finds; None: it is at a registry of which only the images are known, and not among them.

        ``authorization``: the header X-Registry-Auth. Raises Refused in Docker's words.
        """
        host, image = host_of(name), self.find(name)
        if host not in self.hosts:
            return image
        words = self._refusal(host, authorization)
        if words:
            place = f"http://{host}/v2/{path_of(name)}/manifests/{_asked(name)}"
            raise Refused(500, f'Head "{place}": {words}')
        if image is None:
            raise Refused(404, f"manifest for {canonical(name)} not found: manifest unknown: manifest unknown")
        return image

    def push_refused(self, name: str, authorization: str) -> str:
        """Why it may not be pushed, in Docker's words; "" when it may."""
        host = host_of(name)
        if host in self.hosts:
            return self._refusal(host, authorization)
        if host == DOCKER_HUB:
            return "denied: requested access to the resource is denied"
        return _no_such(host)

    def login(self, server: str, user: str, password: str) -> None:
        """Raises Refused."""
        host = DOCKER_HUB if server in _HUB_KEYS else server.removeprefix("https://").removeprefix("http://").strip("/")
        if host not in self.hosts and host != DOCKER_HUB:
            raise Refused(500, _no_such(host))
        if host == DOCKER_HUB and DOCKER_HUB not in self.passwords:
            raise Refused(401, 'Get "https://registry-1.docker.io/v2/": unauthorized: incorrect username or password')
        if not self._known(host, user, password):
            # As Docker says it of a registry that asks for a password itself.
            raise Refused(500, f"login attempt to http://{host}/v2/ failed with status: 401 Unauthorized")

    def _refusal(self, host: str, authorization: str) -> str:
        if host not in self.passwords:
            return ""
        user, password = _credential(authorization)
        if not user:
            return "no basic auth credentials"
        return "" if self._known(host, user, password) else "unauthorized: authentication required"

    def _known(self, host: str, user: str, password: str) -> bool:
        wanted = self.passwords.get(host)
        return wanted is None or (user in wanted and wanted[user] == password)


def _credential(authorization: str) -> tuple[str, str]:
    """User and password of a header; "" for none, and for one that cannot be read, as Docker takes it."""
    try:
        told = json.loads(base64.urlsafe_b64decode(authorization + "=" * (-len(authorization) % 4)))
        return str(told.get("username") or ""), str(told.get("password") or "")
    except (ValueError, AttributeError):
        return "", ""


def _asked(name: str) -> str:
    whole = canonical(name)
    return whole.partition("@")[2] if "@" in whole else whole.rpartition(":")[2]


def _no_such(host: str) -> str:
    return f'Get "https://{host}/v2/": dial tcp: lookup {host.partition(":")[0]}: no such host'
