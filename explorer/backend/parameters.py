"""The table of parameters: every fact about every control is a row here.

Sources: Jansen & Rit 1995 (Biol Cybern 73:357) for the model and its values;
Ableidinger, Buckwar & Hinterleitner 2017 (J Math Neurosci 7:8), table 1, and the
Virtual Brain's JansenRit for the ranges; Tilwani & O'Reilly 2024
(arXiv 2406.05002) for the inferred nine, the stimulus and the sensor noise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from explorer.backend.errors import ExplorerError

JR95 = "Jansen & Rit 1995"
ABLEIDINGER = "Ableidinger et al. 2017, table 1"
PAPER = "Tilwani & O'Reilly 2024"


@dataclass(frozen=True)
class Display:
    """How a value is shown where the screen's unit is not the model's.

    Attributes:
        name: handle of the control, for example ``tau_e``.
        html: symbol as HTML, for example ``τ<sub>e</sub>``.
        label: plain name of the shown quantity.
        unit: unit on screen.
        scale: shown = scale · value, or scale / value where ``inverse``.
        inverse: whether the shown quantity is a reciprocal.
        step: step of the arrow keys, in ``unit``.
    """

    name: str
    html: str
    label: str
    unit: str
    scale: float
    inverse: bool
    step: float

    def shown(self, value: float) -> float:
        """The value on screen for a value of the model."""
        return self.scale / value if self.inverse else self.scale * value

    def stored(self, shown: float) -> float:
        """The value of the model for a value on screen."""
        return self.scale / shown if self.inverse else shown / self.scale


@dataclass(frozen=True)
class Parameter:
    """One row of the table.

    Attributes:
        name: the paper's name, used everywhere.
        html: symbol as HTML.
        label: plain name.
        jr95: Jansen & Rit's letter, or "" where they have none.
        unit: unit of the stored value ("" for a pure number).
        default: value of the ``jansen_rit`` circuit.
        low, high: range of the control; values outside are refused.
        trained: range the estimators are trained on for ``jansen_rit``, or None
            where training holds the parameter at its default.
        group: heading under which the control stands.
        step: step of the arrow keys, in ``unit`` (in ``display.unit`` where shown so).
        meaning: one sentence for the tooltip.
        source: where value and range come from.
        log: whether the control is logarithmic.
        zero: whether 0 is admitted below ``low`` (a logarithmic control with "off").
        integer: whether only whole numbers are admitted.
        display: the quantity on screen where it differs from the stored one.
        marks: named places on the control's scale, as (value, word).
    """

    name: str
    html: str
    label: str
    jr95: str
    unit: str
    default: float
    low: float
    high: float
    trained: tuple[float, float] | None
    group: str
    step: float
    meaning: str
    source: str
    log: bool = False
    zero: bool = False
    integer: bool = False
    display: Display | None = None
    marks: tuple[tuple[float, str], ...] = ()

    @property
    def handle(self) -> str:
        """Name of the control on the page: ``tau_e`` for b_e, else the name itself."""
        return self.display.name if self.display else self.name

    @property
    def range_text(self) -> str:
        """The admitted values in words, with the unit."""
        unit = f" {self.unit}" if self.unit else ""
        kind = "a whole number" if self.integer else "a number"
        zero = "0 or " if self.zero and self.low > 0 else ""
        return f"{zero}{kind} from {self.low:g} to {self.high:g}{unit}"

    def check(self, value: object) -> float:
        """The value as a float, if it is a finite number within the range.

        Raises:
            ExplorerError: not a number, NaN, out of range, or not whole where it must be.
        """
        try:
            number = float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError, OverflowError):
            raise ExplorerError(self.name, self.range_text, repr(value)) from None
        if self.zero and number == 0.0:
            return 0.0
        slack = 1e-9 * (self.high - self.low)
        inside = math.isfinite(number) and self.low - slack <= number <= self.high + slack
        if not inside or (self.integer and number != round(number)):
            raise ExplorerError(self.name, self.range_text, f"{number:g}")
        return min(max(number, self.low), self.high)


def _ms(name: str, html: str, label: str, step: float, inverse: bool = True) -> Display:
    return Display(name, html, label, "ms", 1000.0, inverse, step)


def _gain(name: str, html: str, label: str, jr95: str, meaning: str, **values: object) -> Parameter:
    return Parameter(
        name=name,
        html=html,
        label=label,
        jr95=jr95,
        meaning=meaning,
        group="Synaptic gains",
        unit="mV",
        source=f"{JR95}; range {ABLEIDINGER}",
        **values,  # type: ignore[arg-type]
    )


def _connection(i: int, default: float, jr95: str, label: str, meaning: str) -> Parameter:
    low, high = 0.5 * default, 1.5 * default
    return Parameter(
        name=f"a_{i}",
        html=f"a<sub>{i}</sub>",
        label=label,
        jr95=jr95,
        unit="",
        default=default,
        low=low,
        high=high,
        trained=(low, high),
        group="Connectivity",
        step=default / 100,
        meaning=meaning,
        source=f"{JR95}; range {PAPER}",
    )


_ROWS = (
    _gain(
        "A_e",
        "A<sub>e</sub>",
        "excitatory gain",
        "A",
        "Largest amplitude of an excitatory postsynaptic potential.",
        default=3.25,
        low=2.6,
        high=9.75,
        trained=(2.6, 6.5),
        step=0.05,
    ),
    _gain(
        "A_i",
        "A<sub>i</sub>",
        "inhibitory gain",
        "B",
        "Largest amplitude of an inhibitory postsynaptic potential.",
        default=22.0,
        low=17.6,
        high=110.0,
        trained=(17.6, 44.0),
        step=0.2,
    ),
    Parameter(
        name="b_e",
        html="b<sub>e</sub>",
        label="excitatory rate",
        jr95="a",
        unit="s⁻¹",
        default=100.0,
        low=50.0,
        high=150.0,
        trained=(50.0, 150.0),
        group="Time constants",
        step=1.0,
        meaning="How long an excitatory postsynaptic potential lasts, "
        "membrane and dendritic delays lumped.",
        source=f"{JR95}; range {ABLEIDINGER}",
        display=_ms("tau_e", "τ<sub>e</sub>", "excitatory", 0.1),
    ),
    Parameter(
        name="b_i",
        html="b<sub>i</sub>",
        label="inhibitory rate",
        jr95="b",
        unit="s⁻¹",
        default=50.0,
        low=25.0,
        high=75.0,
        trained=(25.0, 75.0),
        group="Time constants",
        step=1.0,
        meaning="How long an inhibitory postsynaptic potential lasts, "
        "membrane and dendritic delays lumped.",
        source=f"{JR95}; range {ABLEIDINGER}",
        display=_ms("tau_i", "τ<sub>i</sub>", "inhibitory", 0.2),
    ),
    Parameter(
        name="C",
        html="C",
        label="synapses in total",
        jr95="C",
        unit="",
        default=135.0,
        low=65.0,
        high=1350.0,
        trained=(65.0, 270.0),
        group="Connectivity",
        step=1.0,
        meaning="Average number of synapses between the populations; scales all four connections.",
        source=f"{JR95}; range {ABLEIDINGER}",
        log=True,
    ),
    _connection(
        1,
        1.0,
        "C1/C",
        "pyramidal → excitatory",
        "Share of C from pyramidal cells onto excitatory interneurons.",
    ),
    _connection(
        2,
        0.8,
        "C2/C",
        "excitatory → pyramidal",
        "Share of C from excitatory interneurons onto pyramidal cells.",
    ),
    _connection(
        3,
        0.25,
        "C3/C",
        "pyramidal → inhibitory",
        "Share of C from pyramidal cells onto inhibitory interneurons.",
    ),
    _connection(
        4,
        0.25,
        "C4/C",
        "inhibitory → pyramidal",
        "Share of C from inhibitory interneurons onto pyramidal cells.",
    ),
    Parameter(
        name="v_max",
        html="v<sub>max</sub>",
        label="maximum firing rate",
        jr95="2e0",
        unit="s⁻¹",
        default=5.0,
        low=1.0,
        high=10.0,
        trained=None,
        group="Sigmoid",
        step=0.1,
        meaning="Firing rate of a population at saturation.",
        source=f"{JR95}; range {ABLEIDINGER}",
    ),
    Parameter(
        name="v_0",
        html="v<sub>0</sub>",
        label="half-activation potential",
        jr95="v0",
        unit="mV",
        default=6.0,
        low=3.12,
        high=6.0,
        trained=None,
        group="Sigmoid",
        step=0.02,
        meaning="Membrane potential at which half the maximum firing rate is reached.",
        source=f"{JR95}; range {ABLEIDINGER}",
    ),
    Parameter(
        name="r",
        html="r",
        label="sigmoid slope",
        jr95="r",
        unit="mV⁻¹",
        default=0.56,
        low=0.3,
        high=0.8,
        trained=None,
        group="Sigmoid",
        step=0.01,
        meaning="Steepness of the step from potential to firing rate.",
        source=f"{JR95}; range {ABLEIDINGER}",
    ),
    Parameter(
        name="p_mean",
        html="p",
        label="background input",
        jr95="p",
        unit="s⁻¹",
        default=220.0,
        low=-50.0,
        high=400.0,
        trained=None,
        group="Background input",
        step=1.0,
        meaning="Mean firing rate arriving from elsewhere in the brain; "
        "negative values stand for net inhibition.",
        source=f"{JR95} (120–320 s⁻¹); range after Grimbert & Faugeras 2006",
    ),
    Parameter(
        name="p_sd",
        html="p<sub>sd</sub>",
        label="background noise",
        jr95="",
        unit="s⁻¹·√s",
        default=1.8,
        low=0.0,
        high=20.0,
        trained=None,
        group="Background input",
        step=0.1,
        meaning="Strength of the white noise on the background input; "
        "1.83 equals Jansen & Rit's uniform 120–320 s⁻¹ drawn every millisecond.",
        source="Ableidinger et al. 2017 (stochastic form)",
    ),
    Parameter(
        name="stim_amplitude",
        html="u",
        label="pulse height",
        jr95="",
        unit="s⁻¹",
        default=60.0,
        low=0.0,
        high=300.0,
        trained=None,
        group="Stimulus",
        step=1.0,
        meaning="Height of the stimulus pulse, one each second, in the evoked experiment.",
        source=PAPER,
    ),
    Parameter(
        name="stim_width",
        html="Δt",
        label="pulse width",
        jr95="",
        unit="s",
        default=0.05,
        low=0.005,
        high=0.3,
        trained=None,
        group="Stimulus",
        step=0.001,
        meaning="Duration of the stimulus pulse.",
        source=PAPER,
        display=_ms("stim_width_ms", "Δt", "pulse width", 1.0, inverse=False),
    ),
    Parameter(
        name="noise_factor",
        html="σ²",
        label="sensor noise factor",
        jr95="",
        unit="",
        default=1.0,
        low=0.01,
        high=10000.0,
        trained=(0.01, 10000.0),
        group="Measurement",
        step=0.1,
        meaning="Sensor noise variance per channel and sample in units of (0.2 µV)²; "
        "1 is the paper's default, 2500 is background EEG of 10 µV.",
        source=PAPER,
        log=True,
        zero=True,
        marks=((0.01, "clean"), (1.0, "published"), (2500.0, "real EEG")),
    ),
    Parameter(
        name="n_trials",
        html="N",
        label="trials averaged",
        jr95="",
        unit="",
        default=60.0,
        low=1.0,
        high=200.0,
        trained=None,
        group="Measurement",
        step=1.0,
        meaning="Number of stimuli whose responses are averaged.",
        source=PAPER,
        integer=True,
    ),
    Parameter(
        name="gain",
        html="g",
        label="dipole per millivolt",
        jr95="",
        unit="nAm/mV",
        default=17.6,
        low=1.0,
        high=300.0,
        trained=None,
        group="Measurement",
        step=0.1,
        meaning="Dipole moment for one millivolt of source; the default puts deepjr's "
        "evoked response at −50 µV on the strongest electrode.",
        source=f"set to the figure in {PAPER}",
        log=True,
    ),
)

PARAMETERS: dict[str, Parameter] = {row.name: row for row in _ROWS}

MODEL_NAMES: tuple[str, ...] = (
    "A_e", "A_i", "b_e", "b_i", "C", "a_1", "a_2", "a_3", "a_4",
    "v_max", "v_0", "r", "p_mean", "p_sd",
)  # fmt: skip
"""What the equations contain, in the order of the kernels' parameter arrays."""

INFERRED_NAMES: tuple[str, ...] = MODEL_NAMES[:9]
"""The nine parameters that estimators infer, in the paper's order."""


def parameter(name: str) -> Parameter:
    """The row of a parameter, by its name.

    Raises:
        ExplorerError: there is no such parameter.
    """
    try:
        return PARAMETERS[name]
    except KeyError:
        raise ExplorerError("parameter", f"one of {', '.join(PARAMETERS)}", name) from None
