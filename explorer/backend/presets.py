"""Presets: named points worth looking at, read from ``presets.yaml`` beside this file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import yaml

from explorer.backend.errors import ExplorerError
from explorer.backend.parameters import MODEL_NAMES
from explorer.backend.rhythm import REGIMES
from explorer.backend.settings import Settings, make_settings

PRESET_FILE = Path(__file__).with_suffix(".yaml")
_TEXTS = ("title", "look", "why", "regime", "circuit")
_CHOICES = ("start", "region")


@dataclass(frozen=True)
class Preset:
    """A named point.

    Attributes:
        name: key in ``PRESETS``.
        title: name in the menu.
        look: what to look at.
        why: what it shows.
        regime: key of ``REGIMES``: what its noise-free run does.
        circuit: key of ``CIRCUITS``.
        values: parameters that differ from the circuit's defaults, in the table's units.
        choices: ``start`` and ``region`` where they differ from the defaults of Settings.
    """

    name: str
    title: str
    look: str
    why: str
    regime: str
    circuit: str
    values: Mapping[str, object]
    choices: Mapping[str, str] = field(default_factory=dict)

    def settings(self, seed: object = 1) -> Settings:
        """The validated settings.

        Raises:
            ExplorerError: naming the preset and the field that cannot be used.
        """
        try:
            return make_settings(self.circuit, self.values, seed=seed, **self.choices)
        except ExplorerError as error:
            field_name = f"preset {self.name}, {error.field}"
            raise ExplorerError(field_name, error.expected, error.got) from None

    @property
    def outside_trained(self) -> tuple[str, ...]:
        """Model parameters at which no estimator was trained, in the table's order.

        Inferred ones outside the circuit's trained range, and others off its default.
        """
        settings = self.settings()
        outside = []
        for name in MODEL_NAMES:
            row = settings.table.parameters[name]
            low, high = row.trained or (row.default, row.default)
            if not low <= settings[name] <= high:
                outside.append(name)
        return tuple(outside)


def _preset(name: str, entry: object) -> Preset:
    def refuse(what: str, expected: str, got: object) -> ExplorerError:
        return ExplorerError(f"preset {name}, {what}", expected, got)

    if not isinstance(entry, dict):
        raise ExplorerError(f"preset {name}", "a mapping of fields", type(entry).__name__)
    known = (*_TEXTS, "values", *_CHOICES)
    for key in entry:
        if key not in known:
            raise refuse(str(key), f"one of the fields {', '.join(known)}", repr(key))
    for key in _TEXTS:
        if not isinstance(entry.get(key), str) or not entry[key].strip():
            raise refuse(key, "a text", repr(entry.get(key)))
    if entry["regime"] not in REGIMES:
        raise refuse("regime", f"one of {', '.join(REGIMES)}", repr(entry["regime"]))
    if not isinstance(entry.get("values"), dict):
        raise refuse("values", "a mapping of parameters to values", repr(entry.get("values")))
    preset = Preset(
        name,
        **{key: entry[key].strip() for key in _TEXTS},
        values=MappingProxyType(dict(entry["values"])),
        choices=MappingProxyType({key: entry[key] for key in _CHOICES if key in entry}),
    )
    preset.settings()
    return preset


def load_presets(path: Path = PRESET_FILE) -> dict[str, Preset]:
    """All presets of a file, by name, each validated.

    Raises:
        ExplorerError: the file cannot be read, is not YAML, or an entry cannot be used.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ExplorerError("presets", f"a readable file at {path}", error) from None
    except yaml.YAMLError as error:
        raise ExplorerError(
            "presets", f"YAML in {path.name}", " ".join(str(error).split())
        ) from None
    if not isinstance(content, dict):
        raise ExplorerError("presets", "a mapping of names to presets", type(content).__name__)
    return {str(name): _preset(str(name), entry) for name, entry in content.items()}


PRESETS: dict[str, Preset] = load_presets()


def preset(name: str) -> Preset:
    """The preset of that name.

    Raises:
        ExplorerError: there is no such preset.
    """
    try:
        return PRESETS[name]
    except KeyError:
        raise ExplorerError("preset", f"one of {', '.join(PRESETS)}", repr(name)) from None
