"""The files of TLS → what a connection needs of them: nobody else is trusted, and no name goes unchecked."""

from __future__ import annotations

import os
import ssl
import stat
from typing import Final, NoReturn

from app.hosts.errors import HostError
from app.model.endpoint import TlsFiles

_MOST_BYTES: Final = 1 << 20
"""Of a file. All CAs of a browser have a quarter of that."""

Stamp = tuple[tuple[int, int, int], ...]


def tls_context(files: TlsFiles) -> ssl.SSLContext:
    """Raises HostError (unreachable) that names the file and the remedy."""
    ca = _whole("CA", files.ca)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # it verifies, names too
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # As Docker's own command has it: what is in the file is trusted, a root or not.
    context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    try:
        context.load_verify_locations(cafile=ca)
    except OSError as error:
        raise _unreadable(f"the CA file {files.ca}", "certificate", error) from None
    if files.cert:
        _take_ours(context, files)
    return context


def stamp(files: TlsFiles) -> Stamp:
    """Changes when one of them does: certificates that live for a day are renewed while the program runs."""
    return tuple(map(_stamp, (files.ca, files.cert, files.key)))


def _stamp(path: str) -> tuple[int, int, int]:
    try:
        found = os.stat(os.path.expanduser(path))
    except (OSError, ValueError):
        return (0, 0, 0)
    return found.st_mtime_ns, found.st_size, found.st_ino


def _take_ours(context: ssl.SSLContext, files: TlsFiles) -> None:
    def passphrase() -> NoReturn:
        # OpenSSL would ask on the terminal, in the middle of a screen.
        raise _refused(
            f"the key {files.key} has a passphrase, which nobody could be asked for; "
            f"take it off: openssl pkey -in {files.key} -out NEW"
        )

    cert, key = _whole("certificate", files.cert), _whole("key", files.key)
    _check_owner(files.key, key)
    try:
        context.load_cert_chain(cert, key, passphrase)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise _refused(f"the key {files.key} is not that of the certificate {files.cert}") from None
        what = f"the certificate {files.cert} or the key {files.key}"
        raise _unreadable(what, "certificate and key", error) from None
    except OSError as error:
        raise _unreadable(f"the certificate {files.cert}", "certificate", error) from None


def _check_owner(told: str, path: str) -> None:
    found = os.stat(path)
    if found.st_uid != os.geteuid():
        raise _refused(f"the key {told} belongs to another user, who could use it as well; take a copy of your own")
    mode = stat.S_IMODE(found.st_mode)
    if mode & 0o077:
        raise _refused(f"the key {told} can be read by others (mode {mode:04o}); chmod 600 {told}")


def _whole(what: str, path: str) -> str:
    """A path with its ``~`` expanded, of a file of a likely size: a pipe would keep us waiting."""
    whole = os.path.expanduser(path)
    try:
        found = os.stat(whole)
    except (OSError, ValueError) as error:
        why = os.strerror(error.errno or 0) if isinstance(error, OSError) else "it is no path"
        raise _refused(f"the {what} file {path} cannot be read: {why}") from None
    if not stat.S_ISREG(found.st_mode):
        raise _refused(f"the {what} file {path} is not a regular file")
    if found.st_size > _MOST_BYTES:
        raise _refused(f"the {what} file {path} has more than {_MOST_BYTES:,} bytes, and so is none")
    return whole


def _unreadable(what: str, held: str, error: OSError) -> HostError:
    if isinstance(error, ssl.SSLError):
        return _refused(f"{what} holds no {held} that can be read; PEM is needed (-----BEGIN …)")
    return _refused(f"{what} cannot be read: {os.strerror(error.errno or 0)}")


def _refused(why: str) -> HostError:
    return HostError(f"no TLS: {why}", "unreachable")
