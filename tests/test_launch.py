"""The launcher, with temporary homes and stand-ins for Python and pip."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

import launch

ROOT = Path(launch.__file__).parent
SOURCE = ROOT / "launch.py"
STAND_IN = """#!/bin/sh
if [ "$1" = "-I" ]; then exit 0; fi
if [ "$2" = "pip" ]; then echo "Collecting numpy"; {pip}; exit 0; fi
if [ "$2" = "explorer.backend.warm" ]; then {compile}; exit 0; fi
printf '%s\\n' "$PWD" "$@"
exit 7
"""

needs_posix = pytest.mark.skipif(os.name != "posix", reason="the stand-in is a shell script")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'first'\n")
    (tmp_path / "launch.py").write_bytes(SOURCE.read_bytes())
    return tmp_path


class Steps(launch.Environment):
    """An environment that notes what it would do."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self.steps: list[object] = []
        self.healthy = False

    def runs(self, code: str) -> bool:
        return self.healthy

    def create(self) -> None:
        self.steps.append("create")
        self.folder.mkdir(exist_ok=True)
        self.healthy = True

    def install(self, extras) -> None:
        assert not self.stamp.exists(), "a stamp must not vouch for an install under way"
        self.steps.append(list(extras))


def stand_in(home: Path, pip: str = "exit 0", compile: str = "exit 0") -> None:
    """A Python that notes its words and ends with 7, and a pip that does as told."""
    python = launch.Environment(home).python
    python.parent.mkdir(parents=True)
    python.write_text(STAND_IN.format(pip=pip, compile=compile))
    python.chmod(0o755)


def start(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(home / "launch.py"), *words],
        capture_output=True,
        text=True,
        cwd=home.parent,
        timeout=60,
    )


def test_first_use_makes_and_installs_and_later_starts_do_neither(home: Path) -> None:
    environment = Steps(home)
    environment.ensure()
    assert environment.steps == ["create", []]
    environment.ensure()
    assert environment.steps == ["create", []]


def test_the_test_extra_is_added_and_stays(home: Path) -> None:
    environment = Steps(home)
    environment.ensure()
    environment.ensure(["test"])
    environment.ensure()
    environment.ensure(["test"])
    assert environment.steps == ["create", [], ["test"]]


def test_changed_dependencies_install_again_without_a_new_environment(home: Path) -> None:
    environment = Steps(home)
    environment.ensure(["test"])
    (home / "pyproject.toml").write_text("[project]\nname = 'second'\n")
    environment.ensure(["test"])
    assert environment.steps == ["create", ["test"], ["test"]]


def test_a_moved_folder_installs_again(
    home: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    environment = Steps(home)
    environment.ensure()
    moved = tmp_path_factory.mktemp("elsewhere") / "project"
    home.rename(moved)
    assert launch.Environment(moved).installed_extras() is None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"key": "old", "extras": []}'])
def test_a_stamp_that_says_nothing_counts_for_nothing(home: Path, content: str) -> None:
    environment = Steps(home)
    environment.folder.mkdir()
    environment.stamp.write_text(content)
    environment.ensure()
    assert environment.steps == ["create", []]


def test_a_failed_install_is_repaired_by_running_again(home: Path) -> None:
    class Failing(Steps):
        def install(self, extras) -> None:
            super().install(extras)
            raise launch.LaunchError("no network")

    failing = Failing(home)
    with pytest.raises(launch.LaunchError, match="no network"):
        failing.ensure()
    assert not failing.stamp.exists()
    again = Steps(home)
    again.healthy = True
    again.ensure()
    assert again.steps == [[]]
    assert json.loads(again.stamp.read_text())["extras"] == []


def test_an_environment_whose_python_is_gone_is_made_anew(home: Path) -> None:
    environment = Steps(home)
    environment.ensure()
    environment.healthy = False
    environment.ensure()
    assert environment.steps == ["create", [], "create", []]


def test_a_half_made_environment_gets_its_pip(home: Path, monkeypatch) -> None:
    environment = launch.Environment(home)
    venv.create(environment.folder, with_pip=False)
    (environment.folder / "left over").write_text("from a start that was stopped")
    assert environment.runs("import sys") and not environment.runs("import pip")
    monkeypatch.setattr(environment, "install", lambda extras: None)
    environment.ensure()
    assert environment.runs("import pip")
    assert not (environment.folder / "left over").exists()
    assert environment.installed_extras() == set()


def test_a_file_in_the_way_is_named(home: Path) -> None:
    (home / ".venv").write_text("not a folder")
    with pytest.raises(launch.LaunchError, match="in the way"):
        launch.Environment(home).create()


@needs_posix
def test_no_words_serve_and_the_exit_code_is_passed_on(home: Path) -> None:
    stand_in(home)
    done = start(home)
    assert done.returncode == 7
    assert done.stdout.splitlines() == [str(home.parent), "-P", "-m", "explorer.cli", "serve"]
    assert "Collecting numpy" in done.stderr
    assert start(home).stderr == "", "a later start installs nothing"


@needs_posix
def test_other_words_go_to_the_command_line(home: Path) -> None:
    stand_in(home)
    done = start(home, "simulate", "--out", "a file.csv")
    assert done.stdout.splitlines()[1:] == [
        "-P", "-m", "explorer.cli", "simulate", "--out", "a file.csv",
    ]  # fmt: skip


@needs_posix
def test_the_word_test_runs_pytest_in_the_project(home: Path) -> None:
    stand_in(home)
    done = start(home, "test", "-k", "spectrum")
    assert done.returncode == 7
    assert done.stdout.splitlines() == [str(home), "-m", "pytest", "-k", "spectrum"]
    assert launch.Environment(home).installed_extras() == {"test"}


@needs_posix
def test_the_whole_suite_runs_on_two_processes(home: Path) -> None:
    stand_in(home)
    done = start(home, "test")
    assert done.stdout.splitlines() == [
        str(home), "-m", "pytest", "-n", "2", "--dist", "loadgroup",
    ]  # fmt: skip


@needs_posix
def test_pips_own_error_is_shown(home: Path) -> None:
    stand_in(home, pip="echo 'ERROR: No matching distribution found for numpy' >&2; exit 1")
    done = start(home)
    assert done.returncode == 1
    assert "No matching distribution found for numpy" in done.stderr
    assert "Traceback" not in done.stderr
    assert launch.Environment(home).installed_extras() is None


@needs_posix
def test_a_simulator_that_does_not_compile_is_said_and_tried_again(home: Path) -> None:
    stand_in(home, compile="echo 'LLVM ERROR: out of memory' >&2; exit 1")
    done = start(home)
    assert done.returncode == 1
    assert "could not be compiled" in done.stderr and "LLVM ERROR" in done.stderr
    assert launch.Environment(home).installed_extras() is None


def test_an_old_python_is_told_so_and_touches_nothing(home: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(launch, "OLDEST", (99, 0))
    monkeypatch.setattr(launch, "HERE", home)
    assert launch.main([]) == 1
    assert "needs Python" in capsys.readouterr().err
    assert not (home / ".venv").exists()


def test_old_pythons_can_read_it_and_it_needs_the_standard_library_alone() -> None:
    tree = ast.parse(SOURCE.read_text(encoding="utf-8"), feature_version=(3, 7))
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported <= sys.stdlib_module_names


@pytest.mark.parametrize(("found", "warned"), [(None, True), ("/usr/bin/chromium", False)])
def test_a_missing_browser_is_said(monkeypatch, capsys, found: str | None, warned: bool) -> None:
    monkeypatch.setattr(launch.shutil, "which", lambda name: found)
    launch.warn_without_browser()
    assert ("no Chromium found" in capsys.readouterr().err) is warned
