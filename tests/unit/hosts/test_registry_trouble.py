"""What Docker says of registries, as it says it, and what is told of that."""

from __future__ import annotations

import pytest

from app.hosts.images.registry_trouble import Cause, cause_of, login_trouble, registry_trouble

NAME = "registry.lan:5000/team/web"
IMAGE = f"{NAME}:7"
URL = "https://registry.lan:5000/v2/"
MANIFEST = f"{URL}team/web/manifests/7"


@pytest.mark.parametrize(
    ("words", "cause", "remedy"),
    [
        (f'Head "{MANIFEST}": no basic auth credentials', "login", "moorage login registry.lan:5000"),
        ("no basic auth credentials", "login", "moorage login registry.lan:5000"),
        ("unauthorized: authentication required", "login", "moorage login registry.lan:5000"),
        ("denied: requested access to the resource is denied", "login", "moorage login"),
        (f"pull access denied for {NAME}, repository does not exist or may require 'docker login': denied: x", "login",
         "moorage login registry.lan:5000"),
        ("denied: Your authorization token has expired. Reauthenticate and try again.", "login", "moorage login"),
        (f'failed to resolve reference "{IMAGE}": unexpected status from HEAD: 401 Unauthorized', "login", "login"),
        ("error parsing HTTP 403 response body: unexpected end of JSON input", "login", "moorage login"),
        (f"manifest for {IMAGE} not found: manifest unknown: manifest unknown", "missing", "push it"),
        (f'failed to resolve reference "{IMAGE}": {IMAGE}: not found', "missing", "check the name"),
        ("repository name not known to registry", "missing", "check the name"),
        (
            "toomanyrequests: You have reached your pull rate limit. You may increase the limit by authenticating",
            "busy",
            "wait",
        ),
        (f'Get "{URL}": dial tcp 10.0.0.1:5000: connect: connection refused', "down", "see whether it runs"),
        (f'Get "{URL}": EOF', "down", "see whether it runs"),
        (f'Get "{URL}": dial tcp: lookup registry.lan on 10.0.0.2:53: no such host', "name", "DNS"),
        (f'Get "{URL}": dial tcp: lookup registry.lan: Temporary failure in name resolution', "name", "DNS"),
        (f'Get "{URL}": dial tcp: lookup a.lan on 10.0.0.2:53: dial udp: network is unreachable', "name", "DNS"),
        (f'Get "{URL}": tls: first record does not look like a TLS handshake', "plain-http", "insecure-registries"),
        (f'Get "{URL}": dial tcp 10.0.0.1:5000: i/o timeout', "slow", "see whether it runs"),
        (f'Get "{URL}": net/http: request canceled (Client.Timeout exceeded while awaiting headers)', "slow", "runs"),
        (f'Get "{URL}": http: server gave HTTP response to HTTPS client', "plain-http", '["registry.lan:5000"]'),
        (
            f'Get "{URL}": x509: certificate signed by unknown authority',
            "certificate",
            "/etc/docker/certs.d/registry.lan:5000/ca.crt",
        ),
        (f'Get "{URL}": tls: failed to verify certificate: x509: certificate has expired', "certificate", "put its CA"),
        ("write /var/lib/docker/tmp/GetImageBlob1: no space left on device", "disk", "prune-images"),
        ("no matching manifest for linux/arm64/v8 in the manifest list entries", "platform", "--platform"),
    ],
)  # fmt: skip
def test_what_a_pull_is_told(words: str, cause: Cause, remedy: str) -> None:
    trouble = registry_trouble(IMAGE, words)
    assert trouble is not None
    assert trouble.cause == cause
    assert trouble.line.startswith(f"{IMAGE}: ")
    assert remedy in trouble.line.rpartition("; ")[2]
    assert words[:60] in trouble.line, "Docker's own words stay"
    assert "\n" not in trouble.line


def test_who_was_shown_is_named() -> None:
    trouble = registry_trouble(IMAGE, "unauthorized: authentication required", "me")
    assert trouble is not None
    assert "registry.lan:5000 does not let me pull this" in trouble.line


def test_docker_hub_needs_no_name() -> None:
    trouble = registry_trouble("nginx:1", "toomanyrequests: slow down")
    assert trouble is not None
    assert trouble.line == (
        "nginx:1: Docker Hub was asked too often (toomanyrequests: slow down); wait, or be somebody who may ask more:"
        " moorage login"
    )


def test_a_push() -> None:
    trouble = registry_trouble(IMAGE, f"An image does not exist locally with the tag: {NAME}", verb="push")
    assert trouble is not None
    assert "no image of this name on the host" in trouble.line
    assert registry_trouble(IMAGE, "unknown: no space left on device", verb="push") is None, "whose disk, nobody knows"


@pytest.mark.parametrize(
    "words",
    [
        "received unexpected HTTP status: 500 Internal Server Error",
        "filesystem layer verification failed for digest sha256:00",
        "mkdir /var/lib/docker/overlay2: permission denied",
        "",
    ],
)
def test_what_nobody_here_knows_is_left_as_it_is(words: str) -> None:
    assert registry_trouble(IMAGE, words) is None


def test_the_name_of_an_image_is_no_cause() -> None:
    image = "unauthorized.lan/denied/forbidden:1"
    words = "manifest for unauthorized.lan/denied/forbidden:1 not found: manifest unknown"
    trouble = registry_trouble(image, words)
    assert trouble is not None
    assert trouble.cause == "missing"


@pytest.mark.parametrize("image", ["r.lan/e:1", "e", "no/on"])
def test_a_short_name_takes_nothing_out_of_the_words(image: str) -> None:
    trouble = registry_trouble(image, 'Get "https://r.lan/v2/": dial tcp 10.0.0.1:443: connect: connection refused')
    assert trouble is not None
    assert trouble.cause == "down"


def test_hostile_words_drive_no_terminal_and_have_an_end() -> None:
    trouble = registry_trouble(IMAGE, "denied: \x1b[2J\u202e\n" + "x" * 100_000)
    assert trouble is not None
    assert "\x1b" not in trouble.line
    assert "\u202e" not in trouble.line
    assert "\n" not in trouble.line
    assert len(trouble.line) < 1000


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (f"login attempt to {URL} failed with status: 401 Unauthorized", "does not take this username and password"),
        (f'Get "{URL}": unauthorized: incorrect username or password', "does not take this username and password"),
        (f'Get "{URL}": dial tcp 10.0.0.1:5000: connect: connection refused', "does not answer"),
        (f'Get "{URL}": dial tcp: lookup registry.lan: no such host', "cannot find registry.lan:5000"),
        (f'Get "{URL}": http: server gave HTTP response to HTTPS client', "speaks no TLS"),
        (f"login attempt to {URL} failed with status: 404 Not Found", "does not answer as a registry"),
        ("something new", "does not answer as a registry (something new)"),
    ],
)
def test_what_a_login_is_told(words: str, told: str) -> None:
    assert told in login_trouble("registry.lan:5000", words)


def test_a_login_into_docker_hub_needs_no_name() -> None:
    told = login_trouble("docker.io", "toomanyrequests: slow down")
    assert told.startswith("Docker Hub was asked too often")
    assert told.endswith(": moorage login")


def test_causes_are_found_in_linear_time() -> None:
    assert cause_of("manifest for " * 50_000) is None
    assert cause_of("lookup " * 100_000) is None
