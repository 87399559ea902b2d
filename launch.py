"""Installs the Jansen-Rit Explorer beside this file on first use, then starts it.

    python3 launch.py            the page, in the browser
    python3 launch.py test       the whole test suite; further words go to pytest
    python3 launch.py WORDS      the command line, for example: simulate --out run.csv

Needs Python 3.11 or newer and nothing else. What is installed lies in ``.venv`` beside
this file; delete that folder to start anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections import deque
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
OLDEST = (3, 11)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SHOWN = ("Collecting ", "Downloading ", "Building ", "Installing ", "Successfully ")
SIDE_BY_SIDE = ("-n", "2", "--dist", "loadgroup")
"""How pytest runs everything: the tests in a browser beside the others (tests/conftest.py)."""
KEPT_LINES = 40
INTERRUPTED = 130


class LaunchError(Exception):
    """Something that keeps the program from starting, said in a sentence."""


class Environment:
    """The virtual environment beside this file.

    Args:
        home: folder of pyproject.toml.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.folder = home / ".venv"
        self.stamp = self.folder / "jr-explorer-installed.json"

    @property
    def python(self) -> Path:
        """Its interpreter."""
        if os.name == "nt":
            return self.folder / "Scripts" / "python.exe"
        return self.folder / "bin" / "python"

    def key(self) -> str:
        """What an install depends on: the declared dependencies and the place."""
        declared = (self.home / "pyproject.toml").read_bytes()
        return hashlib.sha256(declared + str(self.home).encode()).hexdigest()

    def installed_extras(self) -> set[str] | None:
        """Extras that are installed as now declared, or None where nothing is."""
        try:
            stamp = json.loads(self.stamp.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        if not isinstance(stamp, dict) or stamp.get("key") != self.key():
            return None
        return set(stamp.get("extras", ()))

    def runs(self, code: str) -> bool:
        """Whether its interpreter runs ``code`` without an error, the caller's folder apart."""
        try:
            done = subprocess.run([str(self.python), "-I", "-c", code], capture_output=True)
        except OSError:
            return False
        return done.returncode == 0

    def ensure(self, extras: Sequence[str] = ()) -> None:
        """Make, repair or extend the environment where that is needed."""
        have = self.installed_extras()
        if have is not None and have >= set(extras) and self.runs("import explorer"):
            return
        if not self.runs(f"import pip, sys; sys.exit(sys.version_info < {OLDEST})"):
            self.create()
        self.stamp.unlink(missing_ok=True)
        wanted = sorted({*(have or ()), *extras})
        self.install(wanted)
        content = json.dumps({"key": self.key(), "extras": wanted})
        beside = self.stamp.with_suffix(".part")
        beside.write_text(content, encoding="utf-8")
        os.replace(beside, self.stamp)

    def create(self) -> None:
        """Make the environment anew, whatever is left of an earlier one."""
        if self.folder.exists() and not self.folder.is_dir():
            raise LaunchError(f"{self.folder} is in the way: it should be a folder. Remove it.")
        again = "again, since it does not work" if self.folder.exists() else "(first use)"
        say(f"Making the environment {self.folder} {again}")
        command = [sys.executable, "-m", "venv", "--clear", str(self.folder)]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace")
        if done.returncode != 0:
            reason = (done.stdout + done.stderr).strip()
            raise LaunchError(f"The environment could not be made.\n{reason}")

    def install(self, extras: Sequence[str]) -> None:
        """Install the project and its extras with pip, its progress shown."""
        say("Installing the Jansen-Rit Explorer (a few minutes, once)")
        target = f".[{','.join(extras)}]" if extras else "."
        command = [str(self.python), "-m", "pip", "--disable-pip-version-check", "install"]
        code, last = follow([*command, "--no-input", "-e", target], self.home)
        if code != 0:
            report = "\n".join(last)
            raise LaunchError(
                f"pip could not install the project. It said:\n{report}\n"
                "Once that is mended, run the same command again."
            )
        say("Compiling the simulator (half a minute, once)")
        compiling = [str(self.python), "-m", "explorer.backend.warm"]
        code, last = follow(compiling, self.home)
        if code != 0:
            report = "\n".join(last)
            raise LaunchError(f"The simulator could not be compiled. It said:\n{report}")
        say("Installed")


def say(text: str) -> None:
    """A line of progress."""
    print(text, file=sys.stderr, flush=True)


def follow(command: Sequence[str], folder: Path) -> tuple[int, list[str]]:
    """Run pip, show a short line for each step; its exit code and its last lines."""
    last: deque[str] = deque(maxlen=KEPT_LINES)
    with subprocess.Popen(
        command,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as process:
        for raw in process.stdout or ():
            line = raw.rstrip()
            last.append(line)
            if line.lstrip().startswith(SHOWN):
                show_step(line.strip())
    end_steps()
    return process.returncode, list(last)


def show_step(line: str) -> None:
    """One step of pip: a line rewritten in place on a terminal, a line of its own elsewhere."""
    if not sys.stderr.isatty():
        say(f"  {line[:100]}")
        return
    width = shutil.get_terminal_size().columns - 3
    print(f"\r\x1b[2K  {line[:width]}", end="", file=sys.stderr, flush=True)


def end_steps() -> None:
    """Clear the line that ``show_step`` rewrites."""
    if sys.stderr.isatty():
        print("\r\x1b[2K", end="", file=sys.stderr, flush=True)


def warn_without_browser() -> None:
    """Say that the browser tests will be skipped where no Chromium is found."""
    if not any(map(shutil.which, BROWSERS)):
        say(
            "Warning: no Chromium found, so the tests in a browser will be skipped "
            "(on Debian: apt-get install chromium)."
        )


def run(command: Sequence[str], folder: Path | None = None) -> int:
    """Hand over to a command in the foreground; its exit code where this process outlives it."""
    if os.name == "posix":  # become the command, so that signals and its exit code are its own
        os.chdir(folder or Path.cwd())
        os.execv(command[0], list(command))
    process = subprocess.Popen(command, cwd=folder)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue  # Ctrl-C reached the command too, which ends in its own way


def launch(words: Sequence[str], home: Path = HERE) -> int:
    """Do what the words on the command line ask; the exit code."""
    environment = Environment(home)
    if words[:1] == ["test"]:
        environment.ensure(["test"])
        warn_without_browser()
        every = words[1:] or SIDE_BY_SIDE
        return run([str(environment.python), "-m", "pytest", *every], home)
    environment.ensure()
    return run([str(environment.python), "-P", "-m", "explorer.cli", *(words or ["serve"])])


def main(words: Sequence[str]) -> int:
    """Launch; a problem is a sentence on stderr and exit code 1."""
    if sys.version_info < OLDEST:
        have = ".".join(map(str, sys.version_info[:3]))
        say(f"The Jansen-Rit Explorer needs Python 3.11 or newer; this is Python {have}.")
        return 1
    try:
        return launch(words)
    except LaunchError as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        say("\nInterrupted; run the same command again to go on.")
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
