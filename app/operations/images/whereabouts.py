"""Which instances have an image, by the name that somebody has typed."""

from __future__ import annotations

from collections.abc import Sequence

from app.hosts.images.naming import image_or_none
from app.model.cluster import ClusterFile
from app.model.errors import MoorageError, NotFoundError
from app.model.instance import Instance
from app.operations.images.asking import Answers, ask_each
from app.operations.images.transfers import chosen_instances
from app.operations.session import SURVEY_DEADLINE, Session


def having(session: Session, cluster: ClusterFile, image: str, names: Sequence[str]) -> Answers[str]:
    """The image's id on each of the instances that have it; those that do not answer are the failures.

    Args:
        names: of instances; empty: all of the cluster.

    Raises NotFoundError (ImageNotFoundException) when none that answers has it, MoorageError when none answers.
    """
    asked = chosen_instances(cluster, names)

    def look(instance: Instance) -> str:
        told = image_or_none(session.engine(instance.reached_by), image)
        return "" if told is None else str(told.get("Id", ""))

    answers = ask_each(asked, look, SURVEY_DEADLINE)
    found = {key: id_ for key, id_ in answers.told.items() if id_}
    if not found and answers.failures:
        silent = "; ".join(f"{key.name}: {reason}" for key, reason in answers.failures.items())
        raise MoorageError(f"no instance that answers has {image}; {silent}", code="ServerException")
    if not found:
        where = f"container instance {asked[0].key.name!r}" if len(asked) == 1 else f"cluster {cluster.name!r}"
        raise NotFoundError(f"image of {where}", image, code="ImageNotFoundException")
    return Answers(found, answers.failures)
