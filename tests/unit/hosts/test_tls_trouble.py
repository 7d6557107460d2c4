"""What is said when there is no TLS connection, for the words of every OpenSSL that we know of."""

from __future__ import annotations

import ssl

import pytest
import requests
import urllib3

from app.hosts.errors import HostError
from app.hosts.tcp.adapter import TcpAdapter
from app.hosts.tcp.trouble import causes, tls_trouble
from app.model.endpoint import Endpoint, TlsFiles

OURS = TlsFiles("/ca.pem", "/cert.pem", "/key.pem")
NONE = TlsFiles("/ca.pem")


def told(error: Exception, files: TlsFiles = OURS, *, heard: bool = False) -> str:
    return tls_trouble(error, files, "edge", heard=heard)


def refused(code: int, message: str = "why") -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = code, message
    return error


def broken(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, reason)
    error.reason = reason
    return error


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (9, "is not valid yet; compare the clocks"),
        (10, "has expired; it has to be renewed on the host"),
        (18, "is signed by itself and not by the CA in /ca.pem"),
        (19, "is not signed by the CA in /ca.pem; give the CA that did with --ca"),
        (20, "is not signed by the CA in /ca.pem; give the CA that did with --ca"),
        (62, "is not for 'edge'; reach it by a name that it has, or give --tls-name NAME"),
        (64, "is not for 'edge'; reach it by a name that it has, or give --tls-name NAME"),
        (66, "is refused: why"),
    ],
)
def test_their_certificate(code: int, words: str) -> None:
    assert words in told(refused(code))
    assert "\x1b" not in told(refused(66, "odd \x1b[31m"))


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("SSLV3_ALERT_BAD_CERTIFICATE", "does not take our certificate /cert.pem; one of the CA that it trusts"),
        ("SSLV3_ALERT_CERTIFICATE_EXPIRED", "does not take our certificate /cert.pem: it has expired"),
        ("SSLV3_ALERT_CERTIFICATE_REVOKED", "does not take our certificate /cert.pem: it has been revoked"),
        ("TLSV1_ALERT_UNKNOWN_CA", "does not take our certificate /cert.pem"),
        ("TLSV1_ALERT_PROTOCOL_VERSION", "it speaks no TLS 1.2 or later"),
        ("UNSUPPORTED_PROTOCOL", "it speaks no TLS 1.2 or later"),
        ("WRONG_VERSION_NUMBER", "it does not speak TLS on this port"),
        ("RECORD_LAYER_FAILURE", "it does not speak TLS on this port"),
        ("DECRYPTION_FAILED_OR_BAD_RECORD_MAC", "TLS failed: DECRYPTION_FAILED_OR_BAD_RECORD_MAC"),
    ],
)
def test_what_the_engine_says(reason: str, words: str) -> None:
    assert words in told(broken(reason))


def test_without_a_certificate_of_ours() -> None:
    for reason in ("TLSV13_ALERT_CERTIFICATE_REQUIRED", "SSLV3_ALERT_BAD_CERTIFICATE", "SSLV3_ALERT_HANDSHAKE_FAILURE"):
        assert told(broken(reason), NONE) == "the engine wants a certificate of ours; give --cert FILE and --key FILE"


def test_an_engine_that_hangs_up_at_the_first_word() -> None:
    cut = requests.ConnectionError(urllib3.exceptions.ProtocolError("aborted", ConnectionResetError(104, "reset")))
    assert "may not take our certificate /cert.pem" in told(cut)
    assert "give --cert and --key" in told(cut, NONE)
    assert "middle of the TLS handshake" in told(ssl.SSLEOFError(8, "EOF"))
    # Later that has nothing to do with who we are.
    assert told(cut, heard=True) == ""
    assert told(ssl.SSLEOFError(8, "EOF"), heard=True) == ""


@pytest.mark.parametrize(
    "error",
    [
        ConnectionRefusedError(111, "refused"),
        TimeoutError("timed out"),
        requests.ReadTimeout("slow"),
        requests.ConnectionError(urllib3.exceptions.NewConnectionError(None, "no route")),  # type: ignore[arg-type]
        ValueError("x"),
    ],
)
def test_what_has_nothing_to_do_with_tls(error: Exception) -> None:
    assert told(error) == ""


def test_an_error_inside_others_is_found() -> None:
    inner = broken("TLSV1_ALERT_UNKNOWN_CA")
    outer = requests.exceptions.SSLError(urllib3.exceptions.SSLError(inner))
    assert causes(outer)[-1] is inner
    assert "does not take our certificate" in told(outer)
    # One that leads to itself has an end.
    one, other = ValueError("one"), ValueError("other")
    one.__cause__, other.__cause__ = other, one
    assert causes(one) == [one, other]


def test_a_question_that_may_have_arrived_is_not_called_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not known to have been done has to be read back before it is tried again."""
    adapter = TcpAdapter(Endpoint("tcp://edge:2375"))
    monkeypatch.setattr(adapter, "_files", OURS)
    request = requests.Request("POST", "https://edge:2376/containers/create").prepare()
    raised: list[Exception] = [broken("TLSV1_ALERT_UNKNOWN_CA")]

    def send(*_: object, **__: object) -> None:
        raise raised[0]

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", send)

    def kind() -> str:
        with pytest.raises(HostError) as caught:
            adapter.send(request)
        return caught.value.kind

    assert kind() == "unreachable"
    adapter._heard = True
    assert kind() == "timeout"
    raised[0] = broken("DECRYPTION_FAILED_OR_BAD_RECORD_MAC")
    assert kind() == "timeout"
    raised[0] = requests.exceptions.SSLError(urllib3.exceptions.SSLError(refused(10)))
    assert kind() == "unreachable"
