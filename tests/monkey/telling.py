"""What a monkey saw, and what an ordeal came to, for a person."""

from __future__ import annotations

import statistics
from collections.abc import Mapping

from tests.monkey.monkey import HANG, Tally
from tests.monkey.ordeal import Ordeal

_SLOWEST = 12


def of_monkey(tally: Tally) -> list[str]:
    """In lines; the errors in full, and what the loop was at when it hung, so that it can be mended."""
    return [*_summary(tally), *_slowest(tally), *_hangs(tally), *tally.errors]


def of_ordeal(ordeal: Ordeal) -> list[str]:
    """In lines, without what ``of_monkey`` tells."""
    stock, told = ordeal.stock, ordeal.told
    lines = [
        f"troubles: {counts(ordeal.troubles)}",
        f"disorder: {counts(ordeal.churned)}",
        f"others: {counts(told.done)}",
        f"launches: {stock.calls} calls with {len(told.asked)} tokens, and those by keys",
        f"tasks: {stock.asked}, RUNNING {stock.running}, STOPPED {stock.stopped}, of these undone {stock.cut_off}",
        f"lost {stock.lost}, doubled {stock.doubled}, orphans {stock.orphans}, labels damaged {stock.damaged}",
        f"touched of others {stock.foreign_touched}, records that are still to be swept {stock.unswept}",
        f"why they have stopped: {counts(stock.reasons)}",
        f"why launches were refused: {counts(told.refusals)}",
    ]
    lines += [
        f"{name}: {seen.looks} looks, at most {seen.most_tasks} tasks with {seen.most} of {seen.room.memory} MiB"
        for name, seen in ordeal.seen.items()
    ]
    return [
        *lines,
        f"looks at which more ran than there is room for: {stock.overcommitted}",
        f"files: {stock.files}, torn {stock.torn}; lines of the audit log: {stock.audit_lines}",
        f"wrong: {len(ordeal.wrong)}",
    ]


def counts(found: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(found.items(), key=lambda pair: -pair[1]))


def _summary(tally: Tally) -> list[str]:
    seconds = sorted(tally.seconds) or [0.0]
    leaves = tally.leaves or [0.0]
    middle, late = statistics.median(seconds) * 1000, seconds[int(len(seconds) * 0.95)] * 1000
    stood = sum(stall["stall"] >= HANG for stall in tally.stalls)
    lines = [
        f"keys answered: {len(tally.seconds)}; median {middle:.1f} ms, p95 {late:.0f} ms",
        f"by screen: {counts(tally.keys)}",
        f"else: {counts(tally.others)}; starts {tally.starts}, terminal handed over {tally.handed} times",
        f"quits: {len(leaves)}; median {statistics.median(leaves) * 1000:.0f} ms, at most {max(leaves) * 1000:.0f} ms",
        f"exceptions: {len(tally.errors)}",
        f"the loop hung for {HANG * 1000:.0f} ms: {len(tally.hangs)} times ({stood} with other programs' time)",
    ]
    for label, costs in (("at the start", tally.costs[:1]), ("at the end", tally.costs[-1:])):
        for at, threads, fds, resident in costs:
            lines.append(f"{label} ({at:.0f} s): {threads} threads, {fds} fds, {resident / 1024:.0f} MiB")
    if tally.costs:
        most_threads, most_fds = (max(cost[place] for cost in tally.costs) for place in (1, 2))
        lines.append(f"at most {most_threads} threads, {most_fds} fds")
    return lines


def _slowest(tally: Tally) -> list[str]:
    worst = sorted(tally.answers, reverse=True)[:_SLOWEST]
    return ["slowest answers:", *(f"  {took * 1000:6.0f} ms  {key:10} {screen}" for took, key, screen in worst)]


def _hangs(tally: Tally) -> list[str]:
    """With what the loop was at, so that it can be mended."""
    lines = []
    for stall in sorted(tally.hangs, key=lambda stall: -float(stall["own"]))[:_SLOWEST]:
        took = f"{stall['own'] * 1000:.0f} ms of {stall['stall'] * 1000:.0f}, {stall['garbage'] * 1000:.0f} for garbage"
        lines.append(f"\nhung {took}, on {stall['screen']}")
        lines += [f"typed: {' '.join(stall['typed'])}", stall["stack"]]
    return lines
