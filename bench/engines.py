"""``python -m bench.engines [NAME …]``: fetches other engines, and runs the contract and the main job on each."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.engine_bed.engines import ENGINE, RELEASES, EngineNotHadError, fetch

ROOT = Path(__file__).resolve().parents[1]
TESTS = ("tests/engine/contract", "tests/cli/test_main_job.py")
DEADLINE = 1800


def outcome(name: str) -> tuple[bool, str]:
    """Whether all is as it is known to be, and pytest's closing line, or why there is none."""
    try:
        fetch(name)
    except EngineNotHadError as error:
        return False, f"cannot be had: {error}"
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "not simulated", *TESTS],
        cwd=ROOT,
        env={**os.environ, ENGINE: name},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE,
    )
    if ran.returncode:
        print("\n".join(line for line in ran.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))))
    closing = re.findall(r"^.*(?:passed|failed|error).* in [0-9.]+s.*$", ran.stdout, re.MULTILINE)
    return ran.returncode == 0, closing[-1] if closing else "no test ran"


def main() -> int:
    code = 0
    for name in sys.argv[1:] or RELEASES:
        passed, told = outcome(name)
        print(f"{name}: {told}", flush=True)
        code |= not passed
    return code


if __name__ == "__main__":
    sys.exit(main())
