"""``python -m bench.figures [--quick]``: does the injections of the tests and writes what they counted into the page.

The tests tell their counts (``tests/figures.py``); here they are run, summed up, and put between two marks of
docs/reliability.md. A row whose tests failed, or were skipped, says so instead of a number.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench import machine
from bench.engines import outcome
from tests.engine_bed.engines import RELEASES
from tests.figures import FILE, TIMES

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "reliability.md"
DEADLINE = 1800
MANY = 20
"""How much more is done than in the tests, where it costs little."""
NOT_TAKEN = "not taken here"
ENGINES = "the contract and the main job on other engines"
Counts = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Row:
    """``words``: the figures, made of the counts by ``str.format_map``. ``tests``: what counts, below tests/."""

    title: str
    name: str
    words: str
    tests: tuple[str, ...]


ROWS = (
    Row(
        "dockerd killed during launches",
        "dockerd killed",
        "{kills:,.0f} kills, {asked:,.0f} launches asked for: {running:,.0f} RUNNING, "
        "{undone:,.0f} undone with a reason, {lost:.0f} lost, {doubled:.0f} doubled, {orphaned:.0f} orphaned",
        ("engine/test_launches_under_fire::test_dockerd_killed_during_launches",),
    ),
    Row(
        "clients killed at every step of a launch",
        "launcher killed",
        "{kills:,.0f} kills, {asked:,.0f} launches: {running:,.0f} finished by others, {undone:,.0f} undone, "
        "{lost:.0f} lost, {doubled:.0f} doubled, {orphaned:.0f} orphaned",
        ("engine/test_launches_under_fire::test_launchers_killed_at_every_step",),
    ),
    Row(
        "clients killed with a call on its way to an engine that hangs",
        "client killed with a call on its way",
        "{kills:,.0f} kills, {lost:.0f} lost, {doubled:.0f} doubled",
        ("faults/test_client_and_daemon_killed::test_a_client_killed_with_a_call_on_its_way",),
    ),
    Row(
        "three engines and the ways to them go wrong at once, with a monkey at the keys and others at the same home",
        "soak",
        "{seconds:,.0f} s, {troubles:,.0f} troubles, {asked:,.0f} tasks asked for: {running:,.0f} RUNNING, "
        "{stopped:,.0f} STOPPED with a reason, {lost:.0f} lost, {doubled:.0f} doubled, {orphaned:.0f} orphaned; "
        "{looks:,.0f} looks, {over:.0f} at more than there is room for; {files:,.0f} files, {torn:.0f} torn",
        ("faults/test_soak::test_everything_goes_wrong_and_every_launch_is_whole",),
    ),
    Row(
        "files while verbs are killed, or refused, at any of their system calls",
        "files",
        "{kills:,.0f} kills, {errors:,.0f} errors (disk full, quota, read-only, input and output, no locks), "
        "{torn:.0f} torn files",
        (
            "faults/test_files_of_verbs::test_kill_9_at_any_call_leaves_every_file_whole",
            "faults/test_files_of_verbs::test_an_error_at_any_call_is_a_line_and_leaves_every_file_whole",
        ),
    ),
    Row(
        "power cuts, right after verbs and while they are at work",
        "power cuts",
        "{cuts:,.0f} cuts, {acknowledged:,.0f} verbs acknowledged: {lost:.0f} lost, {torn:.0f} torn files",
        (
            "faults/test_power_cuts::test_what_was_acknowledged_is_there_when_the_power_comes_again",
            "faults/test_power_cuts::test_the_power_goes_while_a_verb_is_at_work",
        ),
    ),
    Row(
        "definitions registered at once",
        "registrations",
        "{writers:,.0f} processes, {killed:,.0f} of them killed: {acknowledged:,.0f} acknowledged, {lost:.0f} lost, "
        "{doubled:.0f} numbers given twice, {gaps:.0f} gaps",
        (
            "unit/store/test_definition_store::test_eight_processes_register_160_revisions",
            "unit/store/test_definition_store::test_kill_9_in_the_middle_loses_and_doubles_nothing",
        ),
    ),
    Row(
        "an engine that hangs, until it is shown as stale",
        "silent engine",
        "{shown_s:.1f} s",
        ("engine/test_watching::test_a_frozen_engine_is_stale_within_seconds",),
    ),
    Row(
        "news of other hosts while one is behind a network that swallows, stalls, drips, cuts or garbles",
        "ill host",
        "{ways:.0f} ways, {news:.0f} changes elsewhere: seen after {others_s:.2f} s at the latest",
        ("faults/test_net_watching::test_a_host_that_is_ill_is_told_and_slows_nobody",),
    ),
    Row(
        "ways out of a container, to the check of what is created",
        "ways out",
        "{known:.0f} known, {missed:.0f} missed",
        ("unit/hosts/test_policy::test_no_escape_is_missed",),
    ),
    Row(
        "hostile text on every screen and dialog, and in what verbs print",
        "hostile text",
        "{views:,.0f} screens and dialogs, {calls:,.0f} calls of verbs, {bytes:,.0f} bytes written to terminals, "
        "{leaked:.0f} sequences leaked",
        (
            "tui/screens/test_hostile_text::test_no_screen_and_no_dialog_lets_foreign_text_through",
            "cli/test_hostile_output::test_nothing_foreign_is_written_to_a_terminal",
        ),
    ),
    Row(
        "bad inputs to everything that reads",
        "bad inputs",
        "{parsers:.0f} parsers, {inputs:,.0f} inputs of up to 64 KiB: {refused:,.0f} refused, {crashes:.0f} crashes, "
        "slowest {slowest_ms:,.0f} ms",
        ("faults/test_bad_inputs::test_bad_inputs_are_read_or_refused",),
    ),
)


def names_of_tests(rows: Iterable[Row]) -> list[str]:
    return [name for row in rows for name in row.tests]


def marked(text: str, mark: str) -> str:
    """What stands between the two marks of a page."""
    return _between(mark).search(text)[2]  # type: ignore[index]


def replaced(text: str, mark: str, new: str) -> str:
    return _between(mark).sub(lambda match: f"{match[1]}{new}\n{match[3]}", text)


def _between(mark: str) -> re.Pattern[str]:
    return re.compile(rf"(<!-- {mark}: begin -->\n)(.*?)(<!-- {mark}: end -->)", re.DOTALL)


def summed(lines: Iterable[str]) -> dict[str, dict[str, float]]:
    """The told counts by name: added up, of durations the longest."""
    found: dict[str, dict[str, float]] = {}
    for line in lines:
        told = json.loads(line)
        counts = found.setdefault(told.pop("name"), {})
        for key, value in told.items():
            longest = key.endswith(("_s", "_ms"))
            counts[key] = max(counts.get(key, 0), value) if longest else counts.get(key, 0) + value
    return found


def figures_of(row: Row, counts: Counts | None, failed: bool) -> str:
    if failed:
        return "**a test failed**"
    if counts is None:
        return NOT_TAKEN
    try:
        return row.words.format_map(counts)
    except KeyError as missing:
        return f"{NOT_TAKEN} ({missing} is missing)"


def table(shown: Mapping[str, str]) -> str:
    """Of what was done, and what came of it."""
    return "\n".join(
        ["| what was done | what came of it |", "|---|---|", *(f"| {row} | {shown[row]} |" for row in shown)]
    )


def rows_of(page: str) -> dict[str, str]:
    """What the table says by now, by row."""
    return dict(re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", marked(page, "figures"), re.MULTILINE))


def _run(row: Row, telling: Path, times: int) -> bool:
    """Whether its tests passed."""
    files = [f"tests/{name.replace('::', '.py::', 1)}" for name in row.tests]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files],
        cwd=ROOT,
        env={**os.environ, FILE: str(telling), TIMES: str(times)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE,
    )
    if ran.returncode:
        print("\n".join(ran.stdout.splitlines()[-30:]))
    return ran.returncode == 0


def _taken(row: Row, times: int) -> str:
    with tempfile.TemporaryDirectory(prefix="moorage-figures-") as folder:
        telling = Path(folder) / "told"
        telling.touch()
        passed = _run(row, telling, times)
        return figures_of(row, summed(telling.read_text().splitlines()).get(row.name), failed=not passed)


def _engines() -> str:
    """What came of the contract and the main job on each that can be had."""
    found = {name: outcome(name) for name in RELEASES}
    return "; ".join(
        f"{name}: {words if passed else f'**not as it should be**, {words}'}" for name, (passed, words) in found.items()
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.figures", description="Take the figures of docs/reliability.md.")
    parser.add_argument("--quick", action="store_true", help="no more of each than in the tests")
    parser.add_argument(
        "--only", action="append", metavar="WORDS", help="rows with these words; others stay as they are"
    )
    asked = parser.parse_args()
    began, page = time.monotonic(), PAGE.read_text()
    shown = dict.fromkeys((*(row.title for row in ROWS), ENGINES), NOT_TAKEN)
    if asked.only:
        shown |= {title: text for title, text in rows_of(page).items() if title in shown}
    for title in shown:
        if asked.only and not any(words in title for words in asked.only):
            continue
        row = next((row for row in ROWS if row.title == title), None)
        if row is not None:
            shown[title] = _taken(row, 1 if asked.quick else MANY)
        elif not asked.quick:  # each takes minutes
            shown[title] = _engines()
        print(f"{time.monotonic() - began:6.0f} s  {title}: {shown[title]}", flush=True)
    text = f"{table(shown)}\n\nTaken on: {'; '.join(machine.description('').splitlines())}."
    PAGE.write_text(replaced(PAGE.read_text(), "figures", text))
    return int(any("**" in text for text in shown.values()))


if __name__ == "__main__":
    sys.exit(main())
