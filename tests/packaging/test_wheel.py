"""The wheel and the editable install, each in a fresh environment that sees only this one's dependencies."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from app import __version__

ROOT = Path(__file__).parents[2]


def run(
    argv: Sequence[object], *, cwd: Path, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "PIP_REQUIRE"))}
    done = subprocess.run(
        [str(part) for part in argv],
        cwd=cwd,
        env={**clean, **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{argv}\n{done.stdout}\n{done.stderr}"
    return done


def fresh_environment(folder: Path) -> Path:
    """A new venv whose .pth leads to the packages of this test run; returns its Python."""
    run([sys.executable, "-m", "venv", "--without-pip", folder], cwd=folder.parent)
    packages = sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)})
    Path(packages, "test_run.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "bin" / "python"


def pip_install(python: Path, *what: str | Path) -> None:
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-index", "--no-deps"]
    run([*pip, "--no-build-isolation", *what], cwd=python.parent)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    goal = tmp_path_factory.mktemp("wheel")
    run([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", goal, ROOT], cwd=goal)
    (built,) = goal.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of an environment with the wheel in it."""
    python = fresh_environment(tmp_path_factory.mktemp("wheel-environment") / "venv")
    pip_install(python, wheel)
    return python.parent


@pytest.fixture
def elsewhere(tmp_path: Path) -> dict[str, str]:
    """A PYTHONPATH on which somebody else's packages have the names of our rooms."""
    for name in ("app", "widgets", "themes"):
        package = tmp_path / "other" / name
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(f"raise ImportError('the wrong {name}')\n")
    return {"PYTHONPATH": str(tmp_path / "other")}


def test_wheel_installs_one_name(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {"moorage", f"moorage-{__version__}.dist-info"}
    assert len(names) == len(set(names))


def test_wheel_holds_every_room_and_no_test(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for room in ("app", "widgets", "themes", "sample_defs"):
        listed = run(["git", "ls-files", "--cached", "--others", "--exclude-standard", room], cwd=ROOT).stdout
        expected = {f"moorage/{name}" for name in listed.splitlines() if (ROOT / name).is_file()}
        assert expected
        assert expected <= names
    assert {"moorage/__init__.py", "moorage/__main__.py"} <= names
    assert not [name for name in names if "/tests/" in name or name.endswith(".pyc")]


def test_installed_command_ignores_other_packages_of_the_same_name(
    installed: Path, elsewhere: dict[str, str], tmp_path: Path
) -> None:
    for argv in ([installed / "moorage"], [installed / "python", "-m", "moorage"]):
        shown = run([*argv, "--version"], cwd=tmp_path, environment=elsewhere)
        assert __version__ in shown.stdout


def test_editable_install_runs_the_files_of_the_checkout(elsewhere: dict[str, str], tmp_path: Path) -> None:
    python = fresh_environment(tmp_path / "venv")
    pip_install(python, "--editable", ROOT)
    origin = run([python, "-c", "import moorage; print(moorage.__file__)"], cwd=tmp_path)
    assert Path(origin.stdout.strip()) == ROOT / "moorage.py"
    for argv in ([python.parent / "moorage"], [python, "-m", "moorage"]):
        assert __version__ in run([*argv, "--version"], cwd=tmp_path, environment=elsewhere).stdout


def test_checkout_runs_from_any_folder(elsewhere: dict[str, str], tmp_path: Path) -> None:
    for argv in ([sys.executable, ROOT / "moorage.py"], [sys.executable, ROOT]):
        assert __version__ in run([*argv, "--version"], cwd=tmp_path, environment=elsewhere).stdout
