"""Textual's command palette (ctrl+p), with the entries of the command bar."""

from __future__ import annotations

from rich.text import Text
from textual import on, work
from textual.command import CommandList, CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.markup import escape
from textual.widgets import Button, Input, LoadingIndicator

from app.screens.command.entries import entries, tasks_named
from app.screens.command.entry import Entry
from app.screens.command.matching import LETTERS, found, rank
from app.screens.frame import FrameScreen

MOST_HITS = 40


class MoorageCommands(Provider):
    """Only on screens of the frame; in a dialog there is nothing that could be gone to."""

    def _entries(self) -> list[Entry]:
        return entries(self.screen) if isinstance(self.screen, FrameScreen) else []

    async def discover(self) -> Hits:
        """What there is before anything is typed."""
        for entry in self._entries()[:MOST_HITS]:
            yield DiscoveryHit(_title(entry), entry.take, text=entry.words, help=escape(entry.detail))

    async def search(self, query: str) -> Hits:
        """What may be meant."""
        if not isinstance(self.screen, FrameScreen):
            return
        known = [*self._entries(), *tasks_named(self.screen, query)]
        wanted = " ".join(query.casefold().split())
        for number, entry in enumerate(found(query, known, MOST_HITS)):
            value = rank(wanted, entry.folded, entry.detail.casefold()) or 0
            score = 1 - value / (LETTERS + 1) - number / 1000
            yield Hit(score, _title(entry), entry.take, text=entry.words, help=escape(entry.detail))


def _title(entry: Entry) -> Text:
    return Text(f"{entry.words}  {entry.key}".rstrip())


class Palette(CommandPalette):
    """Textual's, but for keys and timers that come before its list is drawn, or when it goes: they raised errors."""

    @property
    def _is_there(self) -> bool:
        return bool(self.query(CommandList)) and bool(self.query(LoadingIndicator))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing is done with parts that are gone."""
        return self._is_there and super().check_action(action, parameters)

    def _watch__list_visible(self) -> None:
        if self._is_there:
            super()._watch__list_visible()

    async def _watch__show_busy(self) -> None:
        if self._is_there:
            await super()._watch__show_busy()

    @work(exclusive=True, group=CommandPalette._GATHER_COMMANDS_GROUP)
    async def _gather_commands(self, search_value: str) -> None:
        # Textual's worker looks for the list once it runs, when that may be gone.
        if self._is_there:
            await CommandPalette._gather_commands.__wrapped__(self, search_value)  # type: ignore[attr-defined]

    def _action_command_list(self, action: str) -> None:
        if self.query_one(CommandList).scrollable_content_region:
            super()._action_command_list(action)

    def _select_or_command(self, event: Input.Submitted | Button.Pressed | None = None) -> None:
        # A second enter while the first still closes it: it would take the screen below away, or raise an error.
        if self.is_current:
            super()._select_or_command(event)

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        # Textual calls its own method for this event, whatever overrides it.
        if not self.is_current:
            event.prevent_default()
