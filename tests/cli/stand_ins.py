"""Images made of busybox under the very names that the samples use: tests have no registry."""

from __future__ import annotations

import io
import tarfile

import docker

from tests.engine_bed.image import busybox_tar

_ENVIRONMENT = ("ENV PATH=/bin",)
_SCRIPTS: dict[str, dict[str, str]] = {
    "nginx:1.28-alpine": {"usr/share/nginx/html/index.html": "stand-in for nginx\n"},
    "postgres:17-alpine": {
        "bin/pg_isready": "#!/bin/sh\ntest -e /tmp/ready\n",
        "bin/postgres": "#!/bin/sh\ntrap 'exit 0' TERM\n"
        "echo init; sleep 1; touch /tmp/ready\nhttpd -f -p 5432 & wait\n",
    },
    "adminer:5": {
        "bin/adminer": "#!/bin/sh\nmkdir -p /site\nping -c 1 -W 2 $ADMINER_DEFAULT_SERVER > /site/index.html\n"
        "exec httpd -f -p 8080 -h /site\n",
    },
    "redis:8-alpine": {
        "bin/redis-server": "#!/bin/sh\ntrap 'exit 0' TERM\nhttpd -f -p 6379 & wait\n",
        "bin/redis-cli": "#!/bin/sh\ntest $1 = ping && exec echo PONG\nping -c 1 -W 2 $2 > /dev/null && echo job\n",
    },
    "busybox:1.37": {},
    "alpine:3.22": {},
}
_SHELL = '["sh"]'
_COMMANDS = {
    "nginx:1.28-alpine": '["httpd", "-f", "-p", "80", "-h", "/usr/share/nginx/html"]',
    "postgres:17-alpine": '["postgres"]',
    "adminer:5": '["adminer"]',
}


def load(api: docker.APIClient, image: str) -> None:
    """Import the stand-in for an image on an engine."""
    repository, _, tag = image.partition(":")
    changes = [*_ENVIRONMENT, f"CMD {_COMMANDS.get(image, _SHELL)}"]
    api.import_image_from_data(_with_files(_SCRIPTS[image]), repository=f"{repository}:{tag}", tag=tag, changes=changes)


def _with_files(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO(busybox_tar())
    with tarfile.open(fileobj=buffer, mode="a") as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(text.encode()), 0o755
            tar.addfile(entry, io.BytesIO(text.encode()))
    return buffer.getvalue()
