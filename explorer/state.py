"""What the page shows, as one Parameterized; no Panel.

The model's point is one immutable ``Settings``; beside it stand the choices of the views.
The history holds both, the URL too.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from urllib.parse import parse_qsl, urlencode

import param

from explorer.backend.circuits import CIRCUITS, Circuit, circuit
from explorer.backend.errors import ExplorerError
from explorer.backend.estimators.names import ESTIMATOR_TITLES
from explorer.backend.leadfield import lead_field
from explorer.backend.parameters import PARAMETERS
from explorer.backend.settings import REGIONS, STARTS, Settings, check_seed, make_settings
from explorer.backend.targets import TARGETS

CHANNELS: tuple[str, ...] = tuple(lead_field("caudal_middle_frontal").names)
STATE_VARIABLES = ("y0", "y1", "y2", "y1-y2", "dy0", "dy1", "dy2")
TABS = ("explore", "estimates", "sensitivity", "dynamics", "model")
ESTIMATE_VIEWS = ("overlay", "monte_carlo", "ladder", "posterior", "recording")
NO_ESTIMATOR = "none"
HISTORY = 200
MOST_PAIRS = 200


@dataclass(frozen=True)
class Choices:
    """Choices of the views.

    Attributes:
        eeg: ``source`` or a scalp channel.
        evoked: ``strongest`` or a scalp channel.
        phase_x, phase_y: state variables.
        cursor_ms: time of the scalp map after the pulse.
        tab: which tab is open.
        estimators: chosen estimators, comma between, or ``none``.
        estimates: which view stands beside the estimates.
        pair_x, pair_y: targets of the pair plot.
    """

    eeg: str = "source"
    evoked: str = "strongest"
    phase_x: str = "y1"
    phase_y: str = "y2"
    cursor_ms: float = 100.0
    tab: str = "explore"
    estimators: str = ",".join(ESTIMATOR_TITLES)
    estimates: str = "overlay"
    pair_x: str = "A_i"
    pair_y: str = "a_4"

    @property
    def estimator_names(self) -> tuple[str, ...]:
        """The chosen estimators, in the registry's order."""
        chosen = self.estimators.split(",")
        return tuple(name for name in ESTIMATOR_TITLES if name in chosen)


_ADMITTED: dict[str, tuple[str, ...]] = {
    "eeg": ("source", *CHANNELS),
    "evoked": ("strongest", *CHANNELS),
    "phase_x": STATE_VARIABLES,
    "phase_y": STATE_VARIABLES,
    "tab": TABS,
    "estimates": ESTIMATE_VIEWS,
    "pair_x": tuple(TARGETS),
    "pair_y": tuple(TARGETS),
}


def check_choice(name: str, value: str) -> str | float:
    """The value of a view's choice, if it is admitted.

    Raises:
        ExplorerError: it is not.
    """
    if name == "cursor_ms":
        try:
            time = float(value)
        except ValueError:
            time = float("nan")
        if not -200.0 <= time <= 1000.0:
            raise ExplorerError(name, "a time from -200 to 1000 ms", repr(value))
        return time
    if name == "estimators":
        unknown = set(value.split(",")) - {*ESTIMATOR_TITLES, NO_ESTIMATOR}
        if unknown:
            expected = f"some of {', '.join(ESTIMATOR_TITLES)}, or {NO_ESTIMATOR}"
            raise ExplorerError(name, expected, repr(value))
        return ",".join(n for n in ESTIMATOR_TITLES if n in value.split(",")) or NO_ESTIMATOR
    if value not in _ADMITTED[name]:
        raise ExplorerError(name, f"one of {', '.join(_ADMITTED[name])}", repr(value))
    return value


class ExplorerState(param.Parameterized):
    """The page's state."""

    settings: Settings = param.ClassSelector(class_=Settings, allow_None=False)  # type: ignore[assignment]
    choices: Choices = param.ClassSelector(class_=Choices, allow_None=False)  # type: ignore[assignment]
    preset: str = param.String("")  # type: ignore[assignment]

    def __init__(self, settings: Settings | None = None, **rest: object) -> None:
        rest.setdefault("choices", Choices())
        super().__init__(settings=settings or make_settings(), **rest)
        self._past: list[tuple[Settings, Choices]] = []
        self._future: list[tuple[Settings, Choices]] = []
        self._committed = self.moment
        self.base = self.settings  # what the first press of reset returns to

    @property
    def moment(self) -> tuple[Settings, Choices]:
        """What undo restores."""
        return self.settings, self.choices

    def set_value(self, name: str, value: object) -> None:
        """Set one parameter, in the table's unit.

        Raises:
            ExplorerError: the value is not admitted; nothing has changed.
        """
        row = self.settings.table.parameters[name]
        self.settings = self.settings.changed(**{name: row.check(value)})

    def set_field(self, name: str, value: object) -> None:
        """Set region, start, integrator or seed.

        Raises:
            ExplorerError: the value is not admitted; nothing has changed.
        """
        now = {f: getattr(self.settings, f) for f in ("region", "start", "integrator", "seed")}
        now[name] = value
        self.settings = make_settings(self.settings.circuit, self.settings.values, **now)

    def choose(self, **choices: object) -> None:
        """Set choices of the views (already admitted ones)."""
        self.choices = replace(self.choices, **choices)  # type: ignore[arg-type]

    def switch_circuit(self, name: str) -> None:
        """Go to another circuit: its own defaults; stimulus and measurement stay."""
        kept = {
            row.name: self.settings[row.name]
            for row in circuit(name).parameters.values()
            if row.group in ("Stimulus", "Measurement")
        }
        self.load(make_settings(name, kept, region=self.settings.region, seed=self.settings.seed))
        self.base = make_settings(name)

    def load(self, settings: Settings, preset: str = "") -> None:
        """Go to another point as a whole, such as a preset; reset returns there."""
        self.param.update(settings=settings, preset=preset)
        self.base = settings
        self.commit()

    def reset(self) -> None:
        """Back to the preset; a second press goes to the circuit's defaults."""
        if self.settings != self.base:
            self.settings = self.base
        else:
            self.load(make_settings(self.settings.circuit))
        self.commit()

    def commit(self) -> bool:
        """Remember the present moment for undo; whether it differs from the last one."""
        if self.moment == self._committed:
            return False
        self._past = [*self._past[-HISTORY + 1 :], self._committed]
        self._future.clear()
        self._committed = self.moment
        return True

    @property
    def can_undo(self) -> bool:
        """Whether there is a moment before."""
        return bool(self._past) or self.moment != self._committed

    @property
    def can_redo(self) -> bool:
        """Whether something was undone."""
        return bool(self._future)

    def undo(self) -> bool:
        """Back to the moment before; False where there is none."""
        self.commit()
        return self._travel(self._past, self._future)

    def redo(self) -> bool:
        """Forward again; False where there is nothing to redo."""
        return self._travel(self._future, self._past)

    def _travel(
        self, origin: list[tuple[Settings, Choices]], target: list[tuple[Settings, Choices]]
    ) -> bool:
        if not origin:
            return False
        target.append(self._committed)
        self._committed = origin.pop()
        self.param.update(settings=self._committed[0], choices=self._committed[1])
        return True

    def query(self) -> str:
        """The full state as a URL's query, ``?circuit=…``."""
        s = self.settings
        pairs: dict[str, object] = {"circuit": s.circuit}
        pairs |= {name: _shortest(s[name]) for name in PARAMETERS}
        pairs |= {"region": s.region, "start": s.start, "integrator": s.integrator, "seed": s.seed}
        pairs |= {
            f.name: _shortest(v) if isinstance(v := getattr(self.choices, f.name), float) else v
            for f in fields(Choices)
        }
        return "?" + urlencode(pairs)


def _shortest(value: float) -> str:
    return repr(int(value)) if value == int(value) else repr(value)


def _admitted(key: str, value: str, table: Circuit) -> str:
    admitted = {"region": REGIONS, "start": STARTS, "integrator": table.integrators}[key]
    if value not in admitted:
        raise ExplorerError(key, f"one of {', '.join(admitted)}", repr(value))
    return value


@dataclass(frozen=True)
class Parsed:
    """A URL's query, understood.

    Attributes:
        settings, choices: what it says, defaults where it says nothing usable.
        errors: one for each value that could not be used.
    """

    settings: Settings
    choices: Choices
    errors: tuple[ExplorerError, ...]


def parse_query(search: str) -> Parsed:
    """Understand a URL's query; what cannot be used falls back to its default and is reported."""
    errors: list[ExplorerError] = []
    pairs: dict[str, str] = {}
    if search.count("&") < MOST_PAIRS:
        pairs = dict(parse_qsl(search.removeprefix("?"), keep_blank_values=True))
    else:
        got = f"{search.count('&') + 1}"
        errors.append(ExplorerError("URL", f"at most {MOST_PAIRS} values", got))
    name = pairs.pop("circuit", "jansen_rit")
    if name not in CIRCUITS:
        errors.append(ExplorerError("circuit", f"one of {', '.join(CIRCUITS)}", repr(name)))
        name = "jansen_rit"
    table = circuit(name)
    values: dict[str, object] = {}
    rest: dict[str, object] = {}
    choices: dict[str, object] = {}
    for key, value in pairs.items():
        try:
            if key in PARAMETERS:
                values[key] = table.parameters[key].check(value)
            elif key == "seed":
                rest[key] = check_seed(value)
            elif key in ("region", "start", "integrator"):
                rest[key] = _admitted(key, value, table)
            elif key in {f.name for f in fields(Choices)}:
                choices[key] = check_choice(key, value)
            else:
                raise ExplorerError("URL", "the name of a parameter or a view", repr(key))
        except ExplorerError as error:
            errors.append(error)
    settings = make_settings(name, values, **rest)  # type: ignore[arg-type]
    return Parsed(settings, Choices(**choices), tuple(errors))  # type: ignore[arg-type]
