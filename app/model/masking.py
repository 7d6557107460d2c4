"""What looks like a secret, and documents in which it is masked: for previews, differences and messages.

A guess, made on the side of care: by the name of a value (``DB_PASSWORD``, ``STRIPE_KEY``), or by its form (a key of
AWS, a private key, a URL with a password). ``TOKEN_TTL``, ``PASSWORD_FILE`` and the like name no secret, and neither
does a value such as ``true``. In texts, command lines above all, the values of such names are found too
(``--password x``, ``TOKEN='x'``, ``"token": "x"``); what follows a flag of one letter (``mysql -psecret``) is shown:
it may be anything. References to secrets (``valueFrom``, ARNs) are never masked: they say where one is, not what it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final

MASK: Final = "••••••••"

_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_SECRET_WORDS: Final = frozenset(
    {
        "password", "passwd", "passphrase", "passwords", "pwd", "pass", "secret", "secrets", "token", "tokens",
        "credential", "credentials", "apikey", "dsn", "auth", "authorization", "cookie", "salt", "pgpassword",
    }
)  # fmt: skip
# A key is a secret, whoever's it is (STRIPE_KEY, GPG_KEY), unless it is one of those that open nothing.
_OPEN_KEYS: Final = frozenset(
    {
        "public", "pub", "sort", "sorting", "partition", "primary", "foreign", "hash", "range", "row", "column",
        "object", "cache", "routing", "group", "index", "lookup", "map", "unique", "message", "record", "label", "tag",
        "annotation", "node", "shard", "order", "dedup", "event", "metric", "registry", "hot", "host", "config",
    }
)  # fmt: skip
# What these name last is about a secret, and not one itself.
_ABOUT: Final = frozenset(
    {
        "ttl", "timeout", "seconds", "minutes", "hours", "days", "expiry", "expires", "expiration", "length", "size",
        "count", "max", "min", "limit", "enabled", "disabled", "required", "file", "files", "path", "dir", "directory",
        "folder", "url", "uri", "endpoint", "host", "port", "name", "names", "id", "ids", "arn", "type", "mode",
        "method", "algorithm", "header", "policy", "rotation", "prefix", "suffix", "provider", "issuer", "audience",
        "field", "parameter", "version", "region", "store", "manager", "driver", "options", "backend", "realm",
        "source", "second", "minute", "hour", "day", "through", "stdin", "prompt", "env",
    }
)  # fmt: skip
_NO_SECRETS: Final = frozenset({"", "true", "false", "yes", "no", "on", "off", "none", "null", "0", "1"})
_FOLDERS: Final = frozenset({"PWD", "OLDPWD"})
_CONNECTION: Final = re.compile(r"connection_?string", re.IGNORECASE)
# Bounded, and linear in the text: each part excludes what begins the next. Of a private key the whole block is taken.
_FORMS: Final = re.compile(
    r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:(?!-----END)[\s\S])*(?:-----END [A-Z ]{0,60}-----)?"
    r"|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"
    r"|\bgh[pousr]_[A-Za-z0-9]{30,255}|\bgithub_pat_\w{20,255}|\bglpat-[\w-]{20,255}|\bxox[abeprs]-[\w-]{10,255}"
    r"|\b[sr]k[-_][\w-]{20,255}|\bAIza[\w-]{35}"
    r"|\beyJ[\w-]{8,4096}\.[\w-]{8,8192}\.[\w-]{0,1024}"
    r"|(?<=[Bb]earer )[\w.+/=~-]{8,8192}"
    r"|(?<=://)[^/\s:@]{0,256}:[^/\s]{1,256}(?=@)"
)
# name=value, name = value, "name": "value", name: value; but not image:tag, volume:/path, or what stands in an ARN.
_ASSIGNED: Final = re.compile(
    r"(?<![\w-])-{0,2}(?P<name>[A-Za-z_][\w-]{0,128})"
    r"(?:=|\s{1,4}=\s{0,4}|\\?['\"]\s{0,4}[:=]\s{0,4}|:(?=[\s'\"])\s{0,4})"
)
_FLAGGED: Final = re.compile(r"(?<![\w-])--(?P<name>[A-Za-z][\w-]{0,128})[ \t]{1,4}(?!-)")
_VALUE: Final = re.compile(
    r"(?P<quote>\\?['\"])(?P<quoted>(?:\\.|[^\\])+?)(?P=quote)"
    r"|(?P<plain>['\"]?(?:(?:[Bb]earer|[Bb]asic) )?[^\s'\";]+)",
    re.DOTALL,
)
_VARIABLE: Final = re.compile(r"\$(?:\w+|\{\w+\}|\(\w+\))")
_FLAG: Final = re.compile(r"--?(?P<name>[A-Za-z][\w-]{0,128})")
_LONGEST_LOOKED_AT: Final = 65_536
_REFERENCES: Final = frozenset({"valueFrom"})
_CALLED: Final = ("name", "key", "hostname", "namespace")


def looks_secret(name: str, value: str = "") -> bool:
    """Whether a value is to be masked, by what it is called or by how it looks. A trivial value never is."""
    return _names_secret(name, value) or _FORMS.search(value, 0, _LONGEST_LOOKED_AT) is not None


def _names_secret(name: str, value: str) -> bool:
    if value and value.strip().lower() in _NO_SECRETS:
        return False
    if value.isdecimal() and name.lower().endswith("tokens"):
        return False  # a number of them
    return _is_secret_name(name[:256])


@lru_cache(maxsize=1024)
def _is_secret_name(name: str) -> bool:
    words = [word.lower() for word in _WORDS.findall(name)]
    if not words or words[-1] in _ABOUT or name in _FOLDERS:
        return False
    if _CONNECTION.search(name) or not _SECRET_WORDS.isdisjoint(words):
        return True
    # PGPASSWORD, MYSECRET: run together with what stands before.
    if any(word.endswith(("password", "passwd", "secret", "token", "apikey")) for word in words):
        return True
    return len(words) > 1 and words[-1] in ("key", "keys") and words[-2] not in _OPEN_KEYS


class Masker:
    """Masks documents so that they can still be compared: one secret is one token, another another.

    Use one for all documents that are shown side by side.
    """

    def __init__(self) -> None:
        self._tokens: dict[str, str] = {}

    def masked(self, members: Any) -> Any:
        """A copy of any JSON value, as of a task definition, with what looks secret replaced; never an error."""
        return self._masked(members, "")

    def token(self, value: str) -> str:
        """What stands for a secret: ``••••••••`` for the first, ``••••••••#2`` for the next that is another."""
        return self._tokens.setdefault(value, MASK if not self._tokens else f"{MASK}#{len(self._tokens) + 1}")

    def text(self, text: str) -> str:
        """A text with the secrets in it replaced: ``--password=x``, ``TOKEN='x'``, a URL's password, a private key.

        What is too long to be looked at is replaced whole.
        """
        head, tail = text[:_LONGEST_LOOKED_AT], text[_LONGEST_LOOKED_AT:]
        if "=" in head or ":" in head:
            head = self._named(_ASSIGNED, head)
        if "--" in head:
            head = self._named(_FLAGGED, head)
        head = _FORMS.sub(lambda found: self.token(found[0]), head)
        return head + self.token(tail) if tail else head

    def _named(self, form: re.Pattern[str], text: str) -> str:
        kept, at = [], 0
        for found in form.finditer(text):
            # A value is looked for behind these names alone, and what is masked once is not looked at again: so each
            # character is read a few times at the most.
            if found.start() < at or not _is_secret_name(found["name"]):
                continue
            value = _VALUE.match(text, found.end())
            if value is None:
                continue
            group = "plain" if value["quoted"] is None else "quoted"
            if _names_secret(found["name"], value[group]) and not _VARIABLE.fullmatch(value[group]):
                kept += [text[at : value.start(group)], self.token(value[group])]
                at = value.end(group)
        return "".join((*kept, text[at:]))

    def _masked(self, value: Any, name: str) -> Any:
        if isinstance(value, str):
            return self.token(value) if _names_secret(name, value) else self.text(value)
        if isinstance(value, list):
            return self._list(value)
        if not isinstance(value, dict):
            return value
        called = self._called(value)
        return {
            key: item if key in _REFERENCES else self._masked(item, called if key == "value" and called else str(key))
            for key, item in value.items()
        }

    def _called(self, pair: Mapping[str, Any]) -> str:
        """What a pair such as ``{"name": …, "value": …}`` calls its value."""
        return next((pair[key] for key in _CALLED if isinstance(pair.get(key), str)), "")

    def _list(self, words: list[Any]) -> list[Any]:
        """Elements, and of a command line also the word behind ``--password``."""
        masked = [self._masked(word, "") for word in words]
        for index, (flag, word) in enumerate(pairwise(words)):
            match = _FLAG.fullmatch(flag) if isinstance(flag, str) else None
            if match and isinstance(word, str) and not word.startswith("-") and _names_secret(match["name"], word):
                masked[index + 1] = self.token(word)
        return masked
