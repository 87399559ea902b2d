"""The revision of the source."""

from __future__ import annotations

import subprocess
from pathlib import Path

from explorer.backend.revision import revision


def git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=t", "-c", "user.email=t@t", "-c", "commit.gpgsign=false")
    command = ["git", "-C", str(folder), *who, *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_it_is_the_commit_and_says_where_files_differ(tmp_path: Path):
    assert revision(tmp_path) is None
    git(tmp_path, "init", "-q")
    assert revision(tmp_path) is None  # nothing committed
    (tmp_path / "a").write_text("1")
    git(tmp_path, "add", "a")
    git(tmp_path, "commit", "-qm", "one")
    commit = git(tmp_path, "rev-parse", "HEAD")
    assert revision(tmp_path) == commit
    (tmp_path / "a").write_text("2")
    assert revision(tmp_path) == f"{commit}-dirty"
