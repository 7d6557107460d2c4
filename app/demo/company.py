"""The company of the demo fleet: what it runs, as the task definitions that its people would have written.

Pure data. The revisions of a family differ in what changes from release to release: the image's tag, a size, a setting.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Document = dict[str, Any]
Voice = Literal["access", "json", "plain", "database", "batch", "sensor"]
"""How a container's lines look."""

REGISTRY = "registry.halyard.example"
CLUSTERS = ("prod", "staging", "edge")


@dataclass(frozen=True, slots=True)
class Family:
    """A family with all its revisions, the oldest first.

    ``share``: how many of a cluster's tasks are its, as a weight. ``load``: the part of a core that a task is busy with
    in the middle of the day; ``memory``: the part of its limit that it fills. ``voices`` by container name.
    """

    name: str
    documents: tuple[Document, ...]
    share: Mapping[str, int]
    load: float
    memory: float
    voices: Mapping[str, Voice] = field(default_factory=dict)

    @property
    def images(self) -> set[str]:
        return {
            str(container["image"]) for document in self.documents for container in document["containerDefinitions"]
        }


def _document(family: str, *containers: Document, **members: Any) -> Document:
    return {"family": family, "containerDefinitions": list(containers), **members}


def _container(name: str, image: str, cpu: int, memory: int, **members: Any) -> Document:
    """``memory`` is the limit in MiB; two thirds of it are reserved."""
    sizes = {"cpu": cpu, "memory": memory, "memoryReservation": memory * 2 // 3}
    return {"name": name, "image": image, "essential": True, **sizes, **members}


def _http_check(port: int, path: str = "/healthz") -> Document:
    command = f"wget -q -O /dev/null http://127.0.0.1:{port}{path} || exit 1"
    return {"command": ["CMD-SHELL", command], "interval": 15, "timeout": 3, "retries": 3, "startPeriod": 10}


def _env(**variables: str) -> list[Document]:
    return [{"name": name, "value": value} for name, value in variables.items()]


def _published(port: int, host_port: int = 0) -> list[Document]:
    return [{"containerPort": port, "hostPort": host_port, "protocol": "tcp"}]


def _own(repository: str, tag: str) -> str:
    return f"{REGISTRY}/{repository}:{tag}"


def _service(
    name: str, tags: tuple[str, ...], port: int, cpu: int, memory: int, **variables: str
) -> tuple[Document, ...]:
    """A service of the company's own: one container behind a port that Moorage chooses."""
    return tuple(
        _document(
            name,
            _container(
                "app",
                _own(name, tag),
                cpu,
                memory,
                portMappings=_published(port),
                healthCheck=_http_check(port),
                environment=_env(PORT=str(port), RELEASE=tag, **variables),
                stopTimeout=10,
            ),
        )
        for tag in tags
    )


def _gateway() -> tuple[Document, ...]:
    return tuple(
        _document(
            "gateway",
            _container(
                "nginx",
                f"nginx:{tag}",
                128,
                192,
                portMappings=_published(80, 8080) + _published(443, 8443),
                healthCheck=_http_check(80),
                stopTimeout=20,
            ),
        )
        for tag in ("1.26-alpine", "1.27-alpine", "1.28-alpine")
    )


def _storefront() -> tuple[Document, ...]:
    """Two containers: the shop, and what carries its lines away."""
    documents = []
    for number, tag in enumerate(("4.17.2", "4.18.0", "4.18.1", "4.19.0")):
        shop = _container(
            "app",
            _own("storefront", tag),
            256,
            384 + 64 * (number // 2),
            portMappings=_published(3000),
            healthCheck=_http_check(3000),
            environment=_env(NODE_ENV="production", CATALOG_URL="http://catalog.internal", RELEASE=tag),
            dependsOn=[{"containerName": "log-router", "condition": "START"}],
            stopTimeout=15,
        )
        router = _container("log-router", "fluent/fluent-bit:3.2", 32, 64, essential=False)
        documents.append(_document("storefront", shop, router))
    return tuple(documents)


def _checkout() -> tuple[Document, ...]:
    documents = []
    for tag in ("2.8.4", "2.9.0", "2.9.1"):
        cache = _container(
            "cache",
            "redis:7.4-alpine",
            64,
            128,
            healthCheck={"command": ["CMD", "redis-cli", "ping"], "interval": 10, "timeout": 2, "retries": 3},
        )
        app = _container(
            "app",
            _own("checkout", tag),
            256,
            512,
            portMappings=_published(8080),
            healthCheck=_http_check(8080, "/live"),
            environment=_env(CACHE="cache:6379", PAYMENTS_URL="http://payments.internal", RELEASE=tag),
            dependsOn=[{"containerName": "cache", "condition": "HEALTHY"}],
            stopTimeout=30,
        )
        documents.append(_document("checkout", cache, app))
    return tuple(documents)


def _postgres() -> tuple[Document, ...]:
    return tuple(
        _document(
            "postgres",
            _container(
                "postgres",
                f"postgres:{tag}",
                512,
                1536,
                portMappings=_published(5432, 5432),
                healthCheck={
                    "command": ["CMD-SHELL", "pg_isready -U shop"],
                    "interval": 10,
                    "timeout": 3,
                    "retries": 5,
                },
                environment=_env(POSTGRES_USER="shop", POSTGRES_DB="shop", PGDATA="/var/lib/postgresql/data"),
                mountPoints=[{"sourceVolume": "data", "containerPath": "/var/lib/postgresql/data"}],
                stopTimeout=60,
            ),
            volumes=[{"name": "data", "dockerVolumeConfiguration": {"scope": "shared", "autoprovision": True}}],
            placementConstraints=[{"type": "memberOf", "expression": "attribute:disk == nvme"}],
        )
        for tag in ("16.6", "17.2")
    )


def _resizer() -> tuple[Document, ...]:
    """It needs more than it may have now and then: it is killed for it, and started again by its restart policy."""
    return tuple(
        _document(
            "image-resizer",
            _container(
                "worker",
                _own("image-resizer", tag),
                256,
                256,
                restartPolicy={"enabled": True, "restartAttemptPeriod": 60},
                environment=_env(QUEUE="resize", CONCURRENCY="4", RELEASE=tag),
            ),
        )
        for tag in ("0.31.0", "0.32.0")
    )


def _recommender() -> tuple[Document, ...]:
    """The newest revision of it never gets far."""
    return tuple(
        _document(
            "recommender",
            _container(
                "app",
                _own("recommender", tag),
                256,
                512,
                portMappings=_published(7000),
                environment=_env(MODEL=model, RELEASE=tag),
                restartPolicy={"enabled": True, "restartAttemptPeriod": 60},
            ),
        )
        for tag, model in (("1.3.0", "s3://models/2025-04"), ("1.4.0-rc1", "s3://models/2025-06"))
    )


def _report() -> tuple[Document, ...]:
    return tuple(
        _document(
            "nightly-report",
            _container("report", _own("reports", tag), 512, 768, command=["python", "-m", "reports", "--yesterday"]),
        )
        for tag in ("5.1.0", "5.2.0")
    )


def _tool(name: str, repository: str, tags: tuple[str, ...], port: int, cpu: int, memory: int) -> tuple[Document, ...]:
    """A program that others make."""
    return tuple(
        _document(name, _container(name, f"{repository}:{tag}", cpu, memory, portMappings=_published(port)))
        for tag in tags
    )


def _proxy() -> tuple[Document, ...]:
    return tuple(
        _document(
            "edge-proxy",
            _container("traefik", f"traefik:{tag}", 64, 128, portMappings=_published(80, 80) + _published(443, 443)),
        )
        for tag in ("v3.2", "v3.3")
    )


def _share(prod: int = 0, staging: int = 0, edge: int = 0) -> dict[str, int]:
    return dict(zip(CLUSTERS, (prod, staging, edge), strict=True))


_APP_ACCESS: Mapping[str, Voice] = {"app": "access"}
_APP_JSON: Mapping[str, Voice] = {"app": "json"}

FAMILIES = (
    Family("gateway", _gateway(), _share(6, 2, 0), 0.10, 0.35, {"nginx": "access"}),
    Family("storefront", _storefront(), _share(16, 4, 0), 0.30, 0.62, {"app": "json", "log-router": "plain"}),
    Family("checkout", _checkout(), _share(10, 3, 0), 0.24, 0.55, {"app": "json", "cache": "database"}),
    Family(
        "catalog",
        _service("catalog", ("3.2.0", "3.2.1", "3.3.0"), 8080, 256, 384, DB="postgres.internal"),
        _share(10, 3, 0),
        0.22,
        0.48,
        _APP_JSON,
    ),
    Family(
        "accounts",
        _service("accounts", ("1.19.0", "1.20.0"), 8080, 128, 320, DB="postgres.internal"),
        _share(6, 2, 0),
        0.12,
        0.51,
        _APP_JSON,
    ),
    Family(
        "payments",
        _service("payments", ("2.0.7", "2.1.0"), 8443, 256, 448, PROVIDER="https://pay.example"),
        _share(5, 2, 0),
        0.09,
        0.44,
        _APP_JSON,
    ),
    Family(
        "search",
        _tool("search", "opensearchproject/opensearch", ("2.18.0", "2.19.1"), 9200, 1024, 2048),
        _share(4, 1, 0),
        0.55,
        0.81,
        {"search": "plain"},
    ),
    Family(
        "orders-worker",
        tuple(
            _document(
                "orders-worker",
                _container("worker", _own("orders", tag), 192, 320, environment=_env(QUEUE="orders", RELEASE=tag)),
            )
            for tag in ("6.4.0", "6.4.1", "6.5.0")
        ),
        _share(12, 3, 0),
        0.35,
        0.40,
        {"worker": "batch"},
    ),
    Family("image-resizer", _resizer(), _share(4, 1, 0), 0.65, 0.70, {"worker": "batch"}),
    Family("recommender", _recommender(), _share(3, 1, 0), 0.40, 0.75, {"app": "json"}),
    Family("postgres", _postgres(), _share(2, 1, 0), 0.28, 0.66, {"postgres": "database"}),
    Family(
        "redis",
        _tool("redis", "redis", ("7.2-alpine", "7.4-alpine"), 6379, 128, 512),
        _share(3, 1, 1),
        0.06,
        0.37,
        {"redis": "database"},
    ),
    Family(
        "rabbitmq",
        _tool("rabbitmq", "rabbitmq", ("3.13-management", "4.0-management"), 5672, 256, 768),
        _share(2, 1, 0),
        0.14,
        0.52,
        {"rabbitmq": "plain"},
    ),
    Family("nightly-report", _report(), _share(1, 1, 0), 0.90, 0.58, {"report": "batch"}),
    Family(
        "prometheus",
        _tool("prometheus", "prom/prometheus", ("v3.0.1", "v3.1.0"), 9090, 256, 1024),
        _share(2, 1, 1),
        0.11,
        0.64,
        {"prometheus": "plain"},
    ),
    Family(
        "grafana",
        _tool("grafana", "grafana/grafana", ("11.4.0", "11.5.1"), 3000, 128, 256),
        _share(1, 1, 0),
        0.04,
        0.42,
        {"grafana": "plain"},
    ),
    Family("edge-proxy", _proxy(), _share(0, 0, 2), 0.08, 0.33, {"traefik": "access"}),
    Family(
        "sensor-ingest",
        tuple(
            _document(
                "sensor-ingest",
                _container("ingest", _own("sensor-ingest", tag), 96, 128, environment=_env(SITE="shop-floor")),
            )
            for tag in ("0.9.3", "0.9.4", "1.0.0")
        ),
        _share(0, 0, 10),
        0.16,
        0.45,
        {"ingest": "sensor"},
    ),
)
BY_NAME = {family.name: family for family in FAMILIES}
