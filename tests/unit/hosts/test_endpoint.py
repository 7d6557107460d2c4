"""Endpoints: taken, or refused with the reason."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.hosts.endpoint import Endpoint, TlsFiles, checked, local_endpoint, parse_endpoint, ssh_target
from app.model.errors import MoorageError


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("unix:///var/run/docker.sock", "unix:///var/run/docker.sock"),
        ("/var/run/docker.sock", "unix:///var/run/docker.sock"),
        ("tcp://127.0.0.1:2375", "tcp://127.0.0.1:2375"),
        ("tcp://127.9.9.9:2375/", "tcp://127.9.9.9:2375"),
        ("tcp://localhost:2375", "tcp://localhost:2375"),
        ("tcp://[::1]:2375", "tcp://[::1]:2375"),
        ("ssh://host", "ssh://host"),
        ("ssh://host/", "ssh://host"),
        ("ssh://host/var/run/docker.sock", "ssh://host"),
        (
            "ssh://me@edge-1.example:2222/run/user/1000/docker.sock",
            "ssh://me@edge-1.example:2222/run/user/1000/docker.sock",
        ),
        ("ssh://me@[fe80::1]:22", "ssh://me@[fe80::1]:22"),
    ],
)
def test_taken(text: str, url: str) -> None:
    endpoint = parse_endpoint(text)
    assert endpoint.url == url
    assert endpoint.is_unix == url.startswith("unix:")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no scheme"),
        ("docker.sock", "no scheme"),
        ("unix://docker.sock", "absolute path"),
        ("unix:///" + "x" * 107, "107 bytes"),
        ("unix:///" + "ä" * 54, "107 bytes"),
        ("unix:///a\0b", "NUL"),
        ("unix:///\ud800", "cannot be written"),
        ("tcp://127.0.0.1", "tcp://HOST:PORT"),
        ("tcp://127.0.0.1:x", "Port could not"),
        ("tcp://127.0.0.1:99999", "out of range"),
        ("tcp://[::1", "IPv6"),
        ("tcp://me@127.0.0.1:1", "tcp://HOST:PORT"),
        ("tcp://127.0.0.1:1/path", "tcp://HOST:PORT"),
        ("tcp://192.168.0.1:2375", "plain TCP to another machine"),
        ("tcp://127.0.0.1.evil.example:2375", "plain TCP to another machine"),
        ("tcp://2130706433:2375", "plain TCP to another machine"),
        ("tcp://192.168.0.1:2375", "--ca, --cert and --key for TLS, or reach it by ssh://192.168.0.1"),
        ("tcp://127.0.0.1:1?x", "tcp://HOST:PORT"),
        ("tcp://127.0.0.1:0", "tcp://HOST:PORT"),
        ("https://127.0.0.1:1", "tcp://HOST:PORT, with --ca"),
        ("ssh://", "USER@HOST"),
        ("ssh://-oProxyCommand=x", "begin with no -"),
        ("ssh://-l@host", "begin with no -"),
        ("ssh://a;b", "letters, digits"),
        ("ssh://$(x)", "letters, digits"),
        ("ssh://a\nb", "letters, digits"),
        ("ssh://host\n", "letters, digits"),
        ("ssh://me:secret@host", "letters, digits"),
        ("ssh://höst", "letters, digits"),
        ("ssh://%h", "letters, digits"),
        ("ssh://host:0", "1 to 65535"),
        ("ssh://host:65536", "1 to 65535"),
        ("ssh://host:22:22", "letters, digits"),
        ("ssh://host/run/a:b", "letters, digits"),
        ("ssh://host/run/%d", "letters, digits"),
        ("ssh://host/run/${HOME}", "letters, digits"),
        ("ssh://host/a b", "letters, digits"),
        ("ssh://host?x", "letters, digits"),
        ("ssh://[1::2::3]", "no IPv6 address"),
        ("ssh://host/" + "x" * 107, "107 bytes"),
        ("SSH://host", "unknown scheme"),
        ("fd://3", "unknown scheme"),
    ],
)
def test_refused(text: str, why: str) -> None:
    with pytest.raises(MoorageError, match=why) as caught:
        parse_endpoint(text)
    assert caught.value.code == "InvalidParameterException"


CA, CERT, KEY = "/tls/ca.pem", "~/tls/cert.pem", "/tls/key.pem"


@pytest.mark.parametrize("files", [TlsFiles(CA), TlsFiles(CA, CERT, KEY), TlsFiles(CA, CERT, KEY, "edge-1")])
def test_tls_to_another_machine(files: TlsFiles) -> None:
    endpoint = parse_endpoint("tcp://Edge-1.example:2376/", files)
    assert endpoint == Endpoint("tcp://edge-1.example:2376", files)
    assert not endpoint.is_exposed


@pytest.mark.parametrize(
    ("text", "files", "why"),
    [
        ("tcp://edge:2376", TlsFiles(""), "give --ca FILE"),
        ("tcp://edge:2376", TlsFiles("", CERT, KEY), "give --ca FILE"),
        ("tcp://edge:2376", TlsFiles(CA, CERT), "give --key FILE"),
        ("tcp://edge:2376", TlsFiles(CA, "", KEY), "give --cert FILE"),
        ("tcp://edge:2376", TlsFiles("ca.pem"), "whole path, as in /etc/docker/ca.pem"),
        ("tcp://edge:2376", TlsFiles(CA, CERT, "./key.pem"), "whole path, as in /etc/docker/key.pem"),
        ("tcp://edge:2376", TlsFiles(CA, name="a b"), "no name of a host"),
        ("unix:///var/run/docker.sock", TlsFiles(CA), "takes no TLS files"),
        ("ssh://edge", TlsFiles(CA), "takes no TLS files"),
    ],
)
def test_files_that_are_refused(text: str, files: TlsFiles, why: str) -> None:
    with pytest.raises(MoorageError, match=why):
        parse_endpoint(text, files)


def test_plain_tcp_to_another_machine_is_a_decision() -> None:
    endpoint = parse_endpoint("tcp://192.168.0.1:2375", insecure=True)
    assert endpoint == Endpoint("tcp://192.168.0.1:2375", None, True)
    assert endpoint.is_exposed
    with pytest.raises(MoorageError, match="insecure at once"):
        parse_endpoint("tcp://192.168.0.1:2375", TlsFiles(CA), insecure=True)


@pytest.mark.parametrize("text", ["unix:///run/docker.sock", "tcp://127.0.0.1:2375", "ssh://edge"])
def test_it_means_nothing_elsewhere(text: str) -> None:
    assert parse_endpoint(text, insecure=True) == Endpoint(text)


def test_where_a_tunnel_leads_to() -> None:
    assert ssh_target(parse_endpoint("ssh://edge")) == ("", "edge", 0, "/var/run/docker.sock")
    assert ssh_target(parse_endpoint("ssh://me@[::1]:2222/run/d.sock")) == ("me", "::1", 2222, "/run/d.sock")
    with pytest.raises(MoorageError):
        ssh_target(parse_endpoint("unix:///run/docker.sock"))


ALPHABET = st.sampled_from([*"unixtcpsh:/@[]127.0.0.1:?#%", "\ud800", "\x1b", "ä"])


@given(
    st.text()
    | st.text(ALPHABET)
    | st.text(ALPHABET).map("tcp://127.0.0.1".__add__)
    | st.text(ALPHABET).map("ssh://x".__add__)
)
def test_any_text_is_taken_or_refused(text: str) -> None:
    try:
        endpoint = parse_endpoint(text)
    except MoorageError as error:
        assert error.message.startswith("endpoint ")
    else:
        assert endpoint.url.startswith(("unix:///", "tcp://", "ssh://"))
        assert checked(endpoint) == endpoint


def test_the_local_engine(tmp_path: Path) -> None:
    assert local_endpoint({}) == Endpoint("unix:///var/run/docker.sock")
    assert local_endpoint({"DOCKER_HOST": "tcp://127.0.0.1:1"}) == Endpoint("tcp://127.0.0.1:1")
    for name in ("ca", "cert", "key"):
        (tmp_path / f"{name}.pem").touch()
    files = TlsFiles(f"{tmp_path}/ca.pem", f"{tmp_path}/cert.pem", f"{tmp_path}/key.pem")
    environ = {"DOCKER_HOST": "tcp://edge:2376", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(tmp_path)}
    assert local_endpoint(environ) == Endpoint("tcp://edge:2376", files)
    assert local_endpoint({**environ, "DOCKER_HOST": "unix:///run/d.sock"}) == Endpoint("unix:///run/d.sock")
    # Docker does not verify then.
    assert local_endpoint({**environ, "DOCKER_TLS_VERIFY": "", "DOCKER_TLS": "1"}) == Endpoint("tcp://edge:2376", files)
    # Nor does it speak TLS: to another machine that is refused here.
    assert local_endpoint({**environ, "DOCKER_TLS_VERIFY": ""}) == Endpoint("tcp://edge:2376")


def test_certificates_of_our_own_where_there_are_any(tmp_path: Path) -> None:
    environ = {"DOCKER_HOST": "tcp://edge:2376", "DOCKER_TLS_VERIFY": "1", "DOCKER_CONFIG": str(tmp_path)}
    assert local_endpoint(environ).tls == TlsFiles(f"{tmp_path}/ca.pem")
    del environ["DOCKER_CONFIG"]
    assert (local_endpoint(environ).tls or TlsFiles("")).ca == "~/.docker/ca.pem"
    relative = local_endpoint({**environ, "DOCKER_CERT_PATH": "certs"}).tls
    assert relative == TlsFiles(os.path.abspath("certs/ca.pem"))
