"""The files in a family's folder, and how a new revision gets its number.

Of revision N: ``N.json``, the document, whose link in place is what makes the revision; ``N.toml``, its sidecar; and
``N.cloudformation.yaml`` or ``.json``, the template that the document was made from, if it was made from one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from app.model.errors import MoorageError
from app.store import atomic
from app.store.listing import file_names

MAX_REVISION = 2**31 - 1
FILE = re.compile(r"([1-9][0-9]{0,9})\.(json|toml|cloudformation\.json|cloudformation\.yaml)")

TemplateSuffix = Literal["json", "yaml"]


@dataclass(frozen=True, slots=True)
class Template:
    """The bytes of the CloudFormation template that a revision was made from, and how it is written."""

    data: bytes
    suffix: TemplateSuffix


class RevisionConflict(MoorageError):
    """Somebody else was quicker. ``latest`` is the family's highest revision as it is now; 0 when it has none."""

    def __init__(self, family: str, latest: int, expected: int) -> None:
        self.latest = latest
        now = f"{family}:{latest} has come in between" if latest else f"{family} has no revision any more"
        then = f"{family}:{expected} was the latest" if expected else "there was no such family"
        super().__init__(f"not registered: {now} ({then}); look at what is different, then register again")


def template_path(folder: Path, revision: int, suffix: TemplateSuffix) -> Path:
    return folder / f"{revision}.cloudformation.{suffix}"


def numbered(folder: Path) -> Iterator[tuple[int, str]]:
    """Number and suffix of every file that has them."""
    for name in file_names(folder):
        if match := FILE.fullmatch(name):
            yield int(match[1]), match[2]


def claim(folder: Path, document: bytes, template: Template | None) -> int:
    """Write a document as the next revision: one more than the highest that any file has.

    The caller holds the folder's lock. Where something else writes there all the same (git, a person), the link still
    decides, and a number is given once.

    Raises:
        MoorageError: no number is left, or the file cannot be written.
    """
    highest = max((number for number, _ in numbered(folder)), default=0)
    if highest >= MAX_REVISION:
        raise MoorageError(f"cannot register in {folder}: {highest} is the last revision that there can be")
    numbers = range(highest + 1, MAX_REVISION + 1)
    if template is not None:
        return _claim_with_template(folder, numbers, document, template)
    name = atomic.write_first_free(folder, (f"{number}.json" for number in numbers), document, plain_folder=True)
    if name is None:
        raise MoorageError(f"cannot register in {folder}: no revision number is free")
    return int(name.removesuffix(".json"))


def _claim_with_template(folder: Path, numbers: range, document: bytes, template: Template) -> int:
    """The template first: who dies in between leaves no revision, and a number that is not given again."""
    for number in numbers:
        path = template_path(folder, number, template.suffix)
        if not atomic.write_once(path, template.data, plain_folder=True):
            continue
        made = False
        try:
            made = atomic.write_once(folder / f"{number}.json", document, plain_folder=True)
        finally:
            if not made:
                atomic.remove(path)
        if made:
            return number
    raise MoorageError(f"cannot register in {folder}: no revision number is free")
