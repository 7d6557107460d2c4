"""Health checks of simulated containers: they succeed, unless a scenario says that they fail."""

from __future__ import annotations

from app.demo.engine.container import Container
from app.demo.engine.inside import Inside
from app.demo.engine.machine import Machine
from app.demo.engine.process import Script
from app.demo.engine.programs import PROGRAMS
from app.demo.engine.shell_syntax import NotUnderstood, parse
from app.demo.engine.times import SECOND, written

RETRIES = 3
_INTERVAL = 30 * SECOND
_KEPT = 5


class HealthChecks:
    """Of the containers on one machine. A check of programs that are known is run; of others it is as was told."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def begin(self, container: Container) -> None:
        """It has started."""
        health = container.health
        if health is not None:
            health.status, health.streak = "starting", 0
            self._later(container)

    def _later(self, container: Container) -> None:
        run = container.run
        interval = int(container.config["Healthcheck"].get("Interval") or _INTERVAL)

        def check() -> None:
            if container.run == run and container.up:
                if container.state == "running":
                    self.check(container)
                self._later(container)

        self._machine.timers.after(interval / SECOND, check)

    def check(self, container: Container) -> None:
        """One check, now."""
        health = container.health
        assert health is not None
        if health.forced is not None:
            self._found(container, 0 if health.forced else 1, health.output)
            return
        argv = self._argv(container)
        if argv is None:
            self._found(container, 0, "")
            return
        run, output = container.run, bytearray()

        def ended(code: int) -> None:
            if container.run == run and container.state == "running":
                self._found(container, code, output.decode("utf-8", "replace")[:4096])

        variables = dict(pair.partition("=")[::2] for pair in container.config["Env"])
        script = Script(
            argv,
            Inside(self._machine, container),
            variables,
            lambda _, data: output.extend(data),
            self._machine.timers.after,
            ended,
        )
        script.input(None)
        script.start()

    @staticmethod
    def _argv(container: Container) -> list[str] | None:
        """The command of its check, if it can be run here."""
        kind, *words = container.config["Healthcheck"]["Test"]
        if kind == "CMD-SHELL":
            words = ["/bin/sh", "-c", *words]
        if not words or words[0].rpartition("/")[2] not in PROGRAMS:
            return None
        try:
            tree = parse(words[2]) if words[1:2] == ["-c"] and len(words) > 2 else None
        except NotUnderstood:
            return None
        names = _names(tree) if tree is not None else set()
        return words if names <= PROGRAMS.keys() else None

    def _found(self, container: Container, code: int, output: str) -> None:
        health = container.health
        assert health is not None
        now = self._machine.clock()
        health.checks = [
            *health.checks[1 - _KEPT :],
            {"Start": written(now), "End": written(now), "ExitCode": code, "Output": output},
        ]
        before = health.status
        check = container.config["Healthcheck"]
        if code == 0:
            health.streak, health.status = 0, "healthy"
        else:
            grace = int(check.get("StartPeriod") or 0)
            if not (before == "starting" and now - (container.started or 0) < grace):
                health.streak += 1
            if health.streak >= int(check.get("Retries") or RETRIES):
                health.status = "unhealthy"
        container.touch()
        if health.status != before:
            self._machine.tell(container, f"health_status: {health.status}")


def _names(tree: object) -> set[str]:
    """The names of the programs that a script begins with, as far as they are written out."""
    from dataclasses import fields, is_dataclass

    from app.demo.engine.shell_syntax import Simple

    if isinstance(tree, Simple):
        first = tree.words[0] if tree.words else ()
        return {first[0].text.rpartition("/")[2]} if len(first) == 1 and "=" not in first[0].text else set()
    if isinstance(tree, tuple):
        return set().union(*(_names(part) for part in tree))
    if is_dataclass(tree):
        return set().union(*(_names(getattr(tree, field.name)) for field in fields(tree)))
    return set()
