"""What a service asks of the kernel, of security and of logging → linuxParameters and their neighbours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, get_args

from app.interop.compose import values
from app.interop.compose.notes import Notes
from app.model.container_members import LogDriver, Ulimit
from app.model.linux_rules import in_a_container
from app.model.locations import Location

_CAPABILITY = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_ULIMITS = frozenset(get_args(Ulimit.model_fields["name"].annotation))
_PERMISSIONS = {"r": "read", "w": "write", "m": "mknod"}
_DRIVERS = frozenset(get_args(LogDriver)) - {"awsfirelens", "logentries"}


def capabilities(service: Mapping[str, Any], at: Location, notes: Notes) -> dict[str, list[str]]:
    found = {}
    for key, member in (("cap_add", "add"), ("cap_drop", "drop")):
        names = []
        for index, name in enumerate(values.texts(service.get(key), (*at, key), notes)):
            plain = name.upper().removeprefix("CAP_")
            if _CAPABILITY.fullmatch(plain):
                names.append(plain)
            else:
                notes.error((*at, key, index), "is no capability", "write it as NET_ADMIN")
        if names:
            found[member] = names
    return found


def devices(value: Any, at: Location, notes: Notes) -> list[dict[str, Any]]:
    found = []
    for index, item in enumerate(values.items(value, at, notes)):
        here = (*at, index)
        if isinstance(item, dict):
            given = notes.fields(item, here, ("source", "target", "permissions"))
            parts = [values.as_text(given.get(name)) or "" for name in ("source", "target", "permissions")]
        else:
            parts = [*(values.as_text(item) or "").split(":"), "", ""][:3]
        source, target, permissions = parts
        if not source.startswith("/"):
            notes.lose(here, "ECS hands in devices by their path alone", "it is left out: write /dev/…")
        elif (target and not target.startswith("/")) or not set(permissions) <= set(_PERMISSIONS):
            notes.error(here, "is no device", 'write "/dev/x:/dev/y:rwm"')
        else:
            found.append(
                {
                    "hostPath": source,
                    **({"containerPath": target} if target else {}),
                    **({"permissions": [_PERMISSIONS[one] for one in permissions]} if permissions else {}),
                }
            )
    return found


def ulimits(value: Any, at: Location, notes: Notes) -> list[dict[str, Any]]:
    found = []
    for name, item in (notes.fields(value, at, _ULIMITS) if value is not None else {}).items():
        here = (*at, name)
        given = notes.fields(item, here, ("soft", "hard")) if isinstance(item, dict) else {"soft": item, "hard": item}
        if len(given) != 2:
            notes.error(here, "wants both soft and hard", "write soft: and hard:, or one number")
            continue
        soft, hard = (values.whole(given[kind], here, notes) for kind in ("soft", "hard"))
        if soft is not None and hard is not None:
            found.append({"name": name, "softLimit": max(soft, -1), "hardLimit": max(hard, -1)})
    return found


def system_controls(
    value: Any, at: Location, notes: Notes, network: str | None, ipc: str | None
) -> list[dict[str, str]]:
    found = []
    for name, (item, here) in values.located_pairs(value, at, notes).items():
        if not item:
            notes.error(here, "has no value", "write one")
        elif not in_a_container(name):
            notes.lose(here, "ECS sets net.…, fs.mqueue.… and kernel.shm… alone", "set it on the instance")
        elif not in_a_container(name, network or "", ipc or ""):
            notes.lose(here, "the service shares that of the instance", "set it on the instance")
        else:
            found.append({"namespace": name, "value": item})
    return found


def security_options(value: Any, at: Location, notes: Notes) -> list[str]:
    found = []
    for index, option in enumerate(values.texts(value, at, notes)):
        name, _, given = option.replace("=", ":", 1).partition(":")
        if name == "no-new-privileges":
            if given.lower() in ("", "true"):
                found.append(name)
        elif name in ("apparmor", "label", "credentialspec") and given:
            found.append(f"{name}:{given}")
        else:
            remedy = "it is left out: no-new-privileges, apparmor:… and label:… are taken"
            notes.lose((*at, index), "ECS has no such security option", remedy)
    return found


def log_configuration(value: Any, at: Location, notes: Notes) -> dict[str, Any] | None:
    """Compose's loggers block; ECS's do not unless they are told."""
    if value is None:
        return None
    given = notes.fields(value, at, ("driver", "options"))
    options = values.pairs(given.get("options"), (*at, "options"), notes)
    driver = given.get("driver")
    if driver is None:
        if options:
            notes.lose(at, "ECS has no options without a driver", "it is json-file: write driver")
        driver = "json-file" if options else None
    if driver is None:
        return None
    if not isinstance(driver, str) or driver not in _DRIVERS:
        notes.lose(
            (*at, "driver"), "ECS has no such log driver", f"the engine's own is used; ECS has {_known_drivers()}"
        )
        return None
    return {
        "logDriver": driver,
        "options": {"mode": "blocking", **{name: item or "" for name, item in options.items()}},
    }


def _known_drivers() -> str:
    return ", ".join(sorted(_DRIVERS))


def extra_hosts(value: Any, at: Location, notes: Notes) -> list[dict[str, str]]:
    """A mapping of names to one address or several, or a list of ``name=address`` and ``name:address``."""
    found = []
    if isinstance(value, dict):
        for name, item in value.items():
            addresses = values.texts(item, (*at, name), notes, one=True)
            if not name or not all(addresses):
                notes.error((*at, name), "is no name with an address", "write name: 10.0.0.1")
            found += [(name, address) for address in addresses]
    else:
        for index, line in enumerate(values.texts(value, at, notes)):
            name, mark, address = line.partition("=" if "=" in line else ":")
            if not mark or not name or not address:
                notes.error((*at, index), "is no name with an address", 'write "name=10.0.0.1"')
                continue
            found.append((name, address))
    return [{"hostname": name, "ipAddress": address.removeprefix("[").removesuffix("]")} for name, address in found]
