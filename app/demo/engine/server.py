"""A simulated engine behind a unix socket."""

from __future__ import annotations

from app.demo.engine.engine import SimulatedEngine


class Served:
    """An engine that is served."""

    def freeze(self) -> None:
        """From now on connections are taken and nothing is answered, as by a host that hangs."""
        raise NotImplementedError

    def thaw(self) -> None:
        """Answer again, first of all what waited."""
        raise NotImplementedError

    def cut(self) -> None:
        """End all connections and take no others, as a host that is down."""
        raise NotImplementedError

    def mend(self) -> None:
        """Take connections again."""
        raise NotImplementedError

    async def close(self) -> None:
        """End, and take the socket away."""
        raise NotImplementedError


async def serve(engine: SimulatedEngine, path: str) -> Served:
    """Speak Docker's API for an engine on a unix socket of mode 0600; many engines may be served by one loop.

    Raises OSError when the socket cannot be made there.
    """
    raise NotImplementedError


async def parent_gone() -> None:
    """Return when standard input, a pipe that the parent holds, has ended."""
    raise NotImplementedError
