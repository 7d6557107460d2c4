"""What ssh says, told in one line with the remedy; and what it is called with."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.hosts.endpoint import SshTarget
from app.hosts.ssh.command import tunnel_argv
from app.hosts.ssh.reason import is_login_refused, ssh_reason
from app.model.safe_text import safe_line

EDGE = SshTarget("ops", "edge", 0, "/var/run/docker.sock")


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (
            (
                "No ED25519 host key is known for edge and you have requested strict checking.\n"
                "Host key verification failed."
            ),
            "the host key of edge is not known here; moorage trust-host-key --endpoint ssh://ops@edge shows and adds",
        ),
        (
            (
                "No ED25519 host key is known for [jump]:2222 and you have requested strict checking.\n"
                "Host key verification failed.\nkex_exchange_identification: Connection closed by remote host\n"
                "Connection closed by UNKNOWN port 65535"
            ),
            "the host key of [jump]:2222 is not known here; moorage trust-host-key --endpoint ssh://jump:2222 shows",
        ),
        (
            (
                "Offending ED25519 key in /home/ops/.ssh/known_hosts:1\n"
                "Host key for edge has changed and you have requested strict checking.\nHost key verification failed."
            ),
            (
                "the host key of edge has CHANGED: somebody may stand in between; ask who runs it, and only if it is"
                " right: ssh-keygen -f /home/ops/.ssh/known_hosts -R edge, then moorage trust-host-key --endpoint ssh://ops@"
            ),
        ),
        ("ops@edge: Permission denied (publickey).", "SSH does not let us in: Permission denied (publickey); load"),
        (
            "Permissions 0644 for '/home/ops/.ssh/id' are too open.\nops@edge: Permission denied (publickey).",
            "the key /home/ops/.ssh/id can be read by others, so ssh does not use it; run chmod 600 on it",
        ),
        ("Received disconnect from ::1 port 22:2: Too many authentication failures", "edge was offered too many keys"),
        ("ssh: connect to host edge port 22: Connection refused", "edge refuses connections to its SSH port"),
        ("ssh: connect to host edge port 22: Connection timed out", "no answer from edge to SSH; is it up"),
        ("ssh: connect to host edge port 22: No route to host", "there is no way to edge: no route to host; check"),
        ("ssh: Could not resolve hostname edge: Name or service not known", "the name edge cannot be resolved"),
        ("Connection timed out during banner exchange", "edge takes connections, but its sshd does not answer"),
        ("kex_exchange_identification: Connection closed by remote host", "edge closed the connection before SSH"),
        ("Timeout, server edge not responding.", "SSH to edge went silent"),
        (
            "channel 1: open failed: connect failed: open failed",
            "SSH reaches edge, but not /var/run/docker.sock there: does Docker run, may ops use the socket",
        ),
        ("channel 1: open failed: administratively prohibited: open failed", "the sshd of edge does not forward"),
        (
            "bind [127.0.0.1]:8080: Address already in use\nCould not request local forwarding.",
            "ssh could not make a forwarding: bind [127.0.0.1]:8080: Address already in use; if ~/.ssh/config has a",
        ),
        (
            (
                "welcome to edge\n/home/ops/.ssh/config: line 3: Bad configuration option: foo\n"
                "/home/ops/.ssh/config: terminating, 1 bad configuration options"
            ),
            "ssh does not take its configuration: /home/ops/.ssh/config: line 3: Bad configuration option: foo",
        ),
        ("welcome\nsomething new\n", "ssh: something new"),
        ("", ""),
    ],
)
def test_what_ssh_says_is_told_with_the_remedy(written: str, told: str) -> None:
    assert ssh_reason(written.splitlines(), EDGE).startswith(told)


@given(st.lists(st.text(max_size=40), max_size=8))
def test_whatever_it_says_is_one_safe_line(lines: list[str]) -> None:
    told = ssh_reason(lines, EDGE)
    assert told == safe_line(told)
    assert len(told) < 1500


def test_a_banner_is_no_refusal() -> None:
    assert not is_login_refused(["Access is for staff. Permission denied to all others."])


def test_what_it_is_called_with_asks_nobody_and_trusts_nobody() -> None:
    argv = tunnel_argv(SshTarget("ops", "fe80::1", 2222, "/run/docker.sock"), "ab.sock")
    options = [argv[index + 1] for index, word in enumerate(argv) if word == "-o"]
    for option in (
        "BatchMode=yes", "StrictHostKeyChecking=yes", "ExitOnForwardFailure=yes", "StreamLocalBindMask=0177",
        "StreamLocalBindUnlink=yes", "ControlMaster=no", "ControlPath=none", "PermitLocalCommand=no",
    ):  # fmt: skip
        assert option in options
    assert argv[0].startswith("/")
    assert {"-nNT", "-a", "-x"} < set(argv)
    assert argv[argv.index("-L") + 1] == "./ab.sock:/run/docker.sock"
    assert argv[-6:] == ["-l", "ops", "-p", "2222", "--", "fe80::1"]


def test_what_is_pasted_does_nothing_else() -> None:
    """A host may write to stderr, by its banner, whatever it likes."""
    told = ssh_reason(["Host key for a';touch${IFS}x;' has changed and you have requested strict checking."], EDGE)
    words = shlex.split(told.partition("ssh-keygen ")[2].partition(", then")[0])
    assert words == ["-R", "a';touch${IFS}x;'"]
