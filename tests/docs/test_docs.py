"""The documents say what is: keys.md is fresh, links lead somewhere, the picture fetches nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_SLUG = re.compile(r"[^a-z0-9 _-]")


def test_keys_are_up_to_date() -> None:
    from docs.make_keys import TARGET, page

    assert TARGET.read_text(encoding="utf-8") == page(), "run: python -m docs.make_keys"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    broken = []
    for link in _LINK.findall(text):
        if re.match(r"https?://", link):
            continue
        path, _, anchor = link.partition("#")
        goal = (document.parent / path) if path else document
        if not goal.exists() or (anchor and anchor not in _anchors(goal)):
            broken.append(link)
    assert broken == []


def _anchors(document: Path) -> set[str]:
    """The anchors that a forge makes of headings."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {_SLUG.sub("", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", sorted((ROOT / "docs").glob("*.svg")), ids=lambda path: path.stem)
def test_a_picture_fetches_nothing_and_names_no_machine(path: Path) -> None:
    picture = path.read_text(encoding="utf-8")
    urls = set(re.findall(r"https?://[^\s\"'<)]+", picture))
    assert urls <= {"http://www.w3.org/2000/svg"}
    assert "@font-face" not in picture
    assert not re.search(r"/(?:home|root|tmp|work|var)/", picture)
