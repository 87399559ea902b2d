"""The rules of the house, checked on the sources themselves."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

import explorer
import explorer.backend
from explorer.backend.circuits import CIRCUITS
from explorer.backend.parameters import PARAMETERS

PACKAGE = Path(explorer.__file__).parent
SOURCES = sorted(PACKAGE.rglob("*.py"))
BACKEND = [m.name for m in pkgutil.walk_packages(explorer.backend.__path__, "explorer.backend.")]
PAGE_LIBRARIES = {"panel", "bokeh", "holoviews", "param"}
PICKLERS = {"pickle", "cPickle", "dill", "joblib", "shelve", "marshal", "cloudpickle"}
LAYERS = {"backend": 1, "state": 2, "ui": 3, "ui.app": 4, "cli": 5}
"""Imports run downwards: a module imports its own layer or a lower one."""
TABLES = {"parameters.py", "circuits.py"}


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imported(path: Path) -> Iterator[str]:
    """Full names of what a module imports, anywhere in it."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def layer(name: str) -> int:
    """Layer of a module of the package; 0 for the package itself."""
    inside = name.removeprefix("explorer").removeprefix(".")
    if inside == "ui.app" or inside.startswith("ui.app."):
        return LAYERS["ui.app"]
    top = inside.split(".")[0]
    return LAYERS["cli"] if top.startswith("cli") else LAYERS.get(top, 0)


def label(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def test_the_backend_knows_no_page() -> None:
    code = (
        "import importlib, sys\n"
        f"for name in {BACKEND!r}: importlib.import_module(name)\n"
        f"sys.exit(', '.join(sorted({PAGE_LIBRARIES!r} & set(sys.modules))) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", SOURCES, ids=label)
def test_imports_run_downwards(path: Path) -> None:
    here = layer(module_name(path))
    for name in imported(path):
        if name.split(".")[0] == "explorer":
            assert layer(name) <= here, f"{path.name} imports {name}"
        if here <= LAYERS["state"]:
            allowed = {"param"} if here == LAYERS["state"] else set()
            assert name.split(".")[0] not in PAGE_LIBRARIES - allowed, f"{path.name}: {name}"


@pytest.mark.parametrize("path", SOURCES, ids=label)
def test_nothing_pickles_or_evaluates(path: Path) -> None:
    assert not {name.split(".")[0] for name in imported(path)} & PICKLERS
    for node in ast.walk(tree_of(path)):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name):
            assert node.func.id not in {"eval", "exec"}, f"{path.name}:{node.lineno}"
        for word in node.keywords:
            unsafe = word.arg == "allow_pickle" and ast.unparse(word.value) != "False"
            assert not unsafe, f"{path.name}:{node.lineno} allows pickles"


@pytest.mark.parametrize("path", SOURCES, ids=label)
def test_nothing_catches_everything(path: Path) -> None:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ExceptHandler):
            caught = "" if node.type is None else ast.unparse(node.type)
            assert caught not in {"", "Exception", "BaseException"}, f"{path.name}:{node.lineno}"


def registries() -> Iterator[tuple[str, Mapping[str, object]]]:
    for module in map(importlib.import_module, BACKEND):
        for name, value in vars(module).items():
            named = isinstance(value, Mapping) and name.isupper() and value
            if named and all(hasattr(row, "name") for row in value.values()):
                yield f"{module.__name__}.{name}", value


def test_registries_hold_each_row_under_its_name() -> None:
    found = dict(registries())
    wanted = ("parameters.PARAMETERS", "bench.BENCHMARKS", "draws.PROTOCOLS", "targets.TARGETS",
              "estimators.registry.ESTIMATORS", "estimators.held_out.TESTS")  # fmt: skip
    assert {f"explorer.backend.{name}" for name in wanted} <= set(found)
    for place, registry in found.items():
        assert list(registry) == [row.name for row in registry.values()], place


def known_defaults() -> dict[str, set[float]]:
    """Defaults of each parameter by its name, as stored and as shown."""
    found: dict[str, set[float]] = {}
    for table in CIRCUITS.values():
        for row in table.parameters.values():
            found.setdefault(row.name, set()).add(row.default)
            if row.display:
                shown = row.display.shown(row.default)
                found.setdefault(row.display.name, set()).add(shown)
    return found


def spelt_values(tree: ast.Module) -> Iterator[tuple[str, float, int]]:
    """(name, number, line) of keywords, dict entries, argument defaults and assignments."""
    pairs: list[tuple[str, ast.expr]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg:
            pairs.append((node.arg, node.value))
        elif isinstance(node, ast.Dict):
            pairs += [
                (key.value, value)
                for key, value in zip(node.keys, node.values, strict=True)
                if isinstance(key, ast.Constant) and isinstance(key.value, str)
            ]
        elif isinstance(node, ast.arguments):
            last = [*node.posonlyargs, *node.args][-len(node.defaults) :] if node.defaults else []
            pairs += [(a.arg, d) for a, d in zip(last, node.defaults, strict=True)]
            pairs += [
                (a.arg, d) for a, d in zip(node.kwonlyargs, node.kw_defaults, strict=True) if d
            ]
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            pairs.append((ast.unparse(node.target), node.value))
        elif isinstance(node, ast.Assign):
            pairs += [(ast.unparse(target), node.value) for target in node.targets]
    for name, value in pairs:
        constant = isinstance(value, ast.Constant) and type(value.value) in (int, float)
        if constant:
            yield name.lower() if name.isupper() else name, float(value.value), value.lineno  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", [p for p in SOURCES if p.name not in TABLES], ids=label)
def test_no_default_of_the_table_is_spelt_elsewhere(path: Path) -> None:
    defaults = known_defaults()
    for name, value, line in spelt_values(tree_of(path)):
        here = defaults.get(name, set()) - {0.0}
        assert value not in here, f"{path.name}:{line} spells the default of {name}"


def test_every_control_has_its_own_handle() -> None:
    handles = [row.handle for row in PARAMETERS.values()]
    assert len(set(handles)) == len(handles)
    assert not set(handles) - set(PARAMETERS) & set(PARAMETERS)


def test_the_version_is_the_citations() -> None:
    citation = PACKAGE.parent / "CITATION.cff"
    assert f"version: {explorer.__version__}" in citation.read_text(encoding="utf-8").splitlines()
