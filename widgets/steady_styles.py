"""A stylesheet that does again only what may come out differently. Styles were half of what a screen takes to open."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from typing import Any
from weakref import WeakKeyDictionary

from textual.css.model import RuleSet, SelectorType
from textual.css.styles import RulesMap
from textual.css.stylesheet import Stylesheet
from textual.dom import DOMNode
from textual.widget import Widget

_Sight = tuple[tuple[int, str | None, frozenset[str], frozenset[str]], ...]
_Asked = tuple[frozenset[str], frozenset[str]]
"""Classes and pseudo-classes."""


class SteadyStylesheet(Stylesheet):
    """What Textual 8.2.8 does more often than it needs to be done:

    - It parses all anew whenever a screen is new, as if its variables had changed.
    - It styles each node three times when a screen opens and once more when one comes back to it, each time with all
      of the node's parts that have a style of their own.
    - For each node and part it goes through all rules to find the few that name it.
    """

    def __init__(self, *, variables: dict[str, str] | None = None) -> None:
        super().__init__(variables=variables)
        self._changed = False
        self._known: list[RuleSet] = []
        self._by_names: dict[frozenset[str], list[RuleSet]] = {}
        self._asked: dict[tuple[type[DOMNode], frozenset[str]], _Asked] = {}
        self._candidates: list[RuleSet] | None = None
        self._styled: WeakKeyDictionary[DOMNode, _Sight] = WeakKeyDictionary()

    def set_variables(self, variables: dict[str, str]) -> None:
        if variables != self._variables:
            self._changed = True
            super().set_variables(variables)

    def reparse(self) -> None:
        if self._changed:
            super().reparse()
            self._changed = False

    @property
    def rules(self) -> list[RuleSet]:
        """All; while a node is styled, those that name it, in the same order: of the others none can match."""
        return super().rules if self._candidates is None else self._candidates

    def apply(
        self, node: DOMNode, *, animate: bool = False, cache: dict[tuple[object, ...], RulesMap] | None = None
    ) -> None:
        """Style a node, unless neither the rules nor anything that they look at is other than the last time."""
        self._forget_if_parsed()
        # Parts are nodes that are made anew each time.
        lasting = isinstance(node, Widget)
        sight = _sight(node, self._asked_of(node)) if lasting else ()
        # A node that was taken away has lost the styles of its parts.
        if lasting and self._styled.get(node) == sight and len(node._component_styles) == _parts(node):
            return
        before, self._candidates = self._candidates, self._naming(node._selector_names)
        try:
            super().apply(node, animate=animate, cache=cache)
        finally:
            self._candidates = before
        if lasting:
            self._styled[node] = sight

    def _forget_if_parsed(self) -> None:
        rules = super().rules
        if rules is not self._known:
            self._known = rules
            for known in (self._by_names, self._asked, self._styled):
                known.clear()

    def _naming(self, names: Set[str]) -> list[RuleSet]:
        """The rules that name one of these, in their order."""
        relevant = frozenset(self.rules_map.keys() & names)
        if (found := self._by_names.get(relevant)) is None:
            wanted = {rule for name in relevant for rule in self.rules_map[name]}
            found = self._by_names[relevant] = [rule for rule in self._known if rule in wanted]
        return found

    def _asked_of(self, node: DOMNode) -> _Asked:
        """What rules for a node and its parts ask for, of it or of those that it is in."""
        names, kind = node._selector_names, type(node)
        key = kind, frozenset(self.rules_map.keys() & names)
        if (found := self._asked.get(key)) is None:
            parts = {"*", "DOMNode", *(f".{name}" for name in kind._get_component_classes())}
            rules = [*self._naming(names), *self._naming(parts)]
            selectors = [one for rule in rules for chain in rule.selector_set for one in chain.selectors]
            classes = frozenset(one.name for one in selectors if one.type is SelectorType.CLASS)
            found = self._asked[key] = classes, frozenset[str]().union(*(rule.pseudo_classes for rule in rules))
        return found


def _parts(node: DOMNode) -> int:
    return len(node._get_component_classes())


def _sight(node: DOMNode, asked: _Asked) -> _Sight:
    """What selectors see of a node and of those that it is in: ids, and the classes of both kinds ``asked`` for."""
    classes, pseudo_classes = asked
    path: list[tuple[int, str | None, frozenset[str], frozenset[str]]] = []
    one: Any = node
    while isinstance(one, DOMNode):
        checks: Mapping[str, Callable[[Any], bool]] = one._PSEUDO_CLASSES
        states = frozenset(name for name in pseudo_classes if name in checks and checks[name](one))
        path.append((id(one), one.id, classes & one._classes, states))
        one = one._parent
    return tuple(path)
