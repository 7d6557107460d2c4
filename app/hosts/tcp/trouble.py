"""Why there is no TLS connection, in a line that a person can act on."""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from typing import Final

import requests
import urllib3

from app.model.endpoint import TlsFiles
from app.model.safe_text import safe_line

_NOT_YET_VALID, _EXPIRED, _SELF_SIGNED = 9, 10, 18
_UNKNOWN_CA: Final = frozenset({2, 19, 20, 21, 27})
_OTHER_NAME: Final = frozenset({62, 64})
"""What X509_verify_cert says: see openssl-verification-options."""
_PLAIN: Final = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "RECORD_LAYER_FAILURE",
    "PACKET_LENGTH_TOO_LONG", "BAD_RECORD_TYPE"})  # fmt: skip
_OLD: Final = frozenset({"UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION"})
_ABOUT_OURS: Final = ("CERTIFICATE", "UNKNOWN_CA", "DECRYPT_ERROR", "ACCESS_DENIED", "HANDSHAKE_FAILURE")
"""Parts of the names of alerts by which an engine refuses our certificate, or that there is none."""


def causes(error: BaseException) -> list[BaseException]:
    """What led to an error, the error first; urllib3 keeps some of it in its errors' arguments only."""
    chain: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in chain:
        chain.append(cause)
        told = next((arg for arg in cause.args if isinstance(arg, BaseException)), None)
        cause = cause.__cause__ or cause.__context__ or told
    return chain


def tls_trouble(error: BaseException, files: TlsFiles, host: str, *, heard: bool) -> str:
    """The line; empty for an error that has nothing to do with TLS.

    Args:
        host: the name that the certificate should have.
        heard: whether the engine has answered on a connection of this kind before.
    """
    chain = causes(error)
    for link in chain:
        if isinstance(link, ssl.SSLCertVerificationError):
            return _of_theirs(link, files, host)
        if isinstance(link, ssl.SSLEOFError):
            return "it hung up in the middle of the TLS handshake" if not heard else ""
        if isinstance(link, ssl.SSLError) and link.reason:
            return _of_talk(link.reason, files)
    # An engine says that it wants another certificate after the handshake, and hangs up: what it says may be lost.
    return _hung_up(files) if not heard and _is_cut_off(chain) else ""


def is_handshake(error: BaseException) -> bool:
    """Did it come before anything could be asked? False when that is not sure."""
    return any(isinstance(link, ssl.SSLCertVerificationError) for link in causes(error))


def _of_theirs(error: ssl.SSLCertVerificationError, files: TlsFiles, host: str) -> str:
    code = error.verify_code
    if code == _EXPIRED:
        return "the engine's certificate, or that of its CA, has expired; it has to be renewed on the host"
    if code == _NOT_YET_VALID:
        return "the engine's certificate is not valid yet; compare the clocks here and on the host"
    if code == _SELF_SIGNED:
        return f"the engine's certificate is signed by itself and not by the CA in {files.ca}; give its own with --ca"
    if code in _UNKNOWN_CA:
        return f"the engine's certificate is not signed by the CA in {files.ca}; give the CA that did with --ca"
    if code in _OTHER_NAME:
        return f"the engine's certificate is not for {host!r}; reach it by a name that it has, or give --tls-name NAME"
    return f"the engine's certificate is refused: {safe_line(error.verify_message)}"


def _of_talk(reason: str, files: TlsFiles) -> str:
    if reason in _PLAIN:
        return "it does not speak TLS on this port; Docker usually does on 2376"
    if reason in _OLD:
        return "it speaks no TLS 1.2 or later; older ones are not taken"
    if "ALERT" in reason and any(part in reason for part in _ABOUT_OURS):
        if not files.cert:
            return "the engine wants a certificate of ours; give --cert FILE and --key FILE"
        why = ": it has expired" if "EXPIRED" in reason else ": it has been revoked" if "REVOKED" in reason else ""
        return (
            f"the engine does not take our certificate {files.cert}{why or '; one of the CA that it trusts is needed'}"
        )
    return f"TLS failed: {safe_line(reason)}"


def _hung_up(files: TlsFiles) -> str:
    if files.cert:
        return f"the engine hung up after the TLS handshake; it may not take our certificate {files.cert}"
    return "the engine hung up after the TLS handshake; it may want a certificate of ours: give --cert and --key"


def _is_cut_off(chain: Iterable[BaseException]) -> bool:
    links = list(chain)
    if any(isinstance(link, TimeoutError | ConnectionRefusedError | requests.Timeout) for link in links):
        return False
    if any(isinstance(link, urllib3.exceptions.NewConnectionError) for link in links):
        return False
    return any(isinstance(link, ConnectionError | urllib3.exceptions.ProtocolError) for link in links)
