"""remove-image: an image's name, and the image with its last one, from instances of a cluster."""

from __future__ import annotations

from dataclasses import dataclass

from app.hosts.engine import Engine
from app.hosts.errors import HostError
from app.hosts.images import naming
from app.hosts.images.breaking import Break
from app.model.amounts import compact
from app.model.cluster import ClusterFile
from app.model.image import short_image_id
from app.model.image_progress import TellTransfer, TransferProgress
from app.model.image_requests import RemoveImageRequest
from app.model.instance import Instance, InstanceKey
from app.model.safe_text import SafeText, safe_line
from app.operations.deeds import kept
from app.operations.images.asking import ask_each
from app.operations.images.transfers import Transferred, chosen_instances, on_each, transferred_words
from app.operations.images.whereabouts import having
from app.operations.policy import ask_always
from app.operations.session import SURVEY_DEADLINE, Session


@kept("remove-image", transferred_words, asks=False)
def remove_image(session: Session, request: RemoveImageRequest, tell: TellTransfer) -> Transferred:
    """Take the name away on the instances that are named, or on all that have it; never by force.

    What uses it is told as the reason why it stays. Raises MoorageError before anything is removed: NotFoundError where
    no instance has it, PolicyError when nobody says yes.
    """
    cluster, image = session.cluster(request.cluster), naming.image_name(request.image)
    found = having(session, cluster, image, request.container_instances)
    names = [key.name for key in found.told]
    ask_always(session, "remove-image", cluster.name, _touched(session, cluster, image, names))

    def work(engine: Engine, begun: TransferProgress, told: TellTransfer, breaking: Break) -> TransferProgress:
        now = naming.image_or_none(engine, image)
        if now is None:
            return begun.ended("present", safe_line("it had gone already"))
        if now.get("Id") != found.told[begun.instance]:
            raise HostError(f"{image} is another image by now; nothing was removed", "conflict")
        gone = naming.remove(engine, image)
        return begun.ended("done", safe_line(f"the image is gone: {gone[0]}" if gone else "the name is gone"))

    done = on_each(session, cluster, names, work, verb="remove", image=image, tell=tell)
    return done.with_silent(cluster, found.failures)


@dataclass(frozen=True, slots=True)
class _Touched:
    id: str
    size: int
    last_name: bool
    users: str


def _touched(session: Session, cluster: ClusterFile, image: str, names: list[str]) -> list[SafeText]:
    """A line for each instance: what goes there, and what uses it."""

    def look(instance: Instance) -> _Touched:
        engine = session.engine(instance.reached_by)
        told = engine.image(image)
        id_, known = str(told.get("Id", "")), told.get("RepoTags")
        last = not isinstance(known, list) or len(known) < 2
        return _Touched(id_, _size(told.get("Size")), last, naming.users_words(engine.containers(), id_))

    answers = ask_each(chosen_instances(cluster, names), look, SURVEY_DEADLINE)
    return [_line(key, image, told) for key, told in answers.told.items()]


def _line(key: InstanceKey, image: str, told: _Touched) -> SafeText:
    size = f", {compact(told.size)}" if told.last_name and told.size else ""
    what = f"the image{size}" if told.last_name else "this name alone, it has others"
    used = f"; used by {told.users}" if told.users else ""
    return safe_line(f"{key.name}: {image} ({short_image_id(told.id)}): {what}{used}")


def _size(told: object) -> int:
    return told if isinstance(told, int) and told > 0 else 0
