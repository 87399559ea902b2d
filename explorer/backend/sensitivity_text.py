"""docs/sensitivity.md, rendered from the shipped Sobol tables: no figure is typed twice.

Written by ``python -m explorer.backend.sensitivity_text``; a test holds the page current.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from explorer.backend.assets import ASSETS
from explorer.backend.features import FEATURES
from explorer.backend.parameters import INFERRED_NAMES
from explorer.backend.saltelli import LEAST_SHARE
from explorer.backend.sobol import SobolTable
from explorer.backend.sobol_store import shipped

PAGE = Path("docs") / "sensitivity.md"
CONNECTIONS = [INFERRED_NAMES.index(name) for name in ("C", "a_1", "a_2", "a_3", "a_4")]
INHIBITION = [INFERRED_NAMES.index(name) for name in ("A_i", "b_i")]

_INTRODUCTION = """\
# Sensitivity: which parameter moves what

This page is made from `assets/sobol_jansen_rit.nc` and `assets/sobol_deepjr.nc` by
`python -m explorer.backend.sensitivity_text`; each asset is made by
`jr-explorer sobol --circuit C --samples 8192 --out FILE.nc`.

Sobol's first-order index S1 is the share of a feature's variance that a parameter explains by
itself; its total-order index ST adds everything in which it takes part. All nine parameters
vary at once, uniformly over their trained ranges; the background noise is off (p_sd = 0) and
everything else is at the circuit's defaults. The evoked response is the mean of trials 5 to 8.
Where a feature is not defined in a run (no peak), the whole group of runs that belongs to the
same base point is left out; with less than {share:.0%} of the groups left no index is given.
"""

_MEANING = """\
## What the figures say

- **deepjr**: A_i and b_i carry nearly everything. Their total orders add up to {d_inhibition:.2f}
  for the N peak's amplitude and {d_rms:.2f} for the RMS, while none of C, a_1 … a_4 exceeds
  {d_connections}. The connectivity hardly shows in this response: at the noise of a real EEG
  nothing can be learned of it, and only C without much noise (the last table).
  The P peak exists in {d_p_share:.0%} of the runs only, and without background noise the circuit
  has no rhythm: its spectral features do not vary.
- **jansen_rit**: nothing acts alone. The first orders of the RMS add up to {j_first:.2f}, so that
  {j_rest:.0%} of its variance comes from parameters acting together, and every parameter has a
  total order between {j_low:.2f} and {j_high:.2f}. The connectivity takes a large part: C
  {j_c:.2f}, a_1 {j_a1:.2f}, a_2 {j_a2:.2f}, a_3 {j_a3:.2f}, a_4 {j_a4:.2f}. The likely reason: the
  trained ranges hold several regimes (rest, alpha, spikes, oscillation in or out of step with
  the stimulus), and which one a point is in depends on all nine.
- In jansen_rit a single sample of the evoked response has first orders near 0
  (at most {j_wave_first:.2f}) and total orders near 1 throughout, before the stimulus as after it:
  where the circuit oscillates, the phase of the oscillation sets a sample, and any parameter
  shifts the phase.
- The peak frequency of jansen_rit is defined in {j_f_share:.0%} of the runs (the others are at
  rest) and in {j_f_groups:.0%} of the groups whole: no index is given over the trained ranges.
  With the default background noise (`--noise`) it is defined in every run. The N peak's
  indices hold for the {j_n_groups:.0%} of the groups in which it exists throughout, not for the
  whole of the ranges.
- Powers have heavy tails (delta power above all), and the intervals show it.

## How sure the figures are

The ± is the half-width of the {confidence:.1%} interval from the bootstrap; a table holds about a
thousand indices, and at this level about one of them is expected outside. With the base sample
doubled to 16,384 no given index of either table moved by more than its half-width (at most
0.88 of it in jansen_rit, 0.69 in deepjr).

## What the data could tell at all

`jr-explorer fisher-table --circuit C --p-mean P` gives, for each parameter, the least possible
posterior standard deviation over the prior's (0 = known, 1 = nothing learned), from the Fisher
information of the settled evoked response; medians over random points of the trained ranges
whose response repeats from trial to trial. With `--points 1500`:

| circuit, p_mean, noise factor | repeat | A_e | A_i | b_e | b_i | C | a_1 | a_2 | a_3 | a_4 |
|---|---|---|---|---|---|---|---|---|---|---|
| deepjr, 0, 1 | 100 % | 0.13 | 0.01 | 0.05 | 0.00 | 0.46 | 0.93 | 0.95 | 0.98 | 0.98 |
| deepjr, 0, 2500 | 100 % | 0.67 | 0.06 | 0.39 | 0.03 | 0.98 | 1.00 | 1.00 | 1.00 | 1.00 |
| jansen_rit, 90, 1 | 71 % | 0.00 | 0.84 | 0.01 | 0.03 | 0.60 | 0.74 | 0.73 | 0.65 | 0.78 |
| jansen_rit, 90, 2500 | 71 % | 0.15 | 0.92 | 0.22 | 0.56 | 0.87 | 0.92 | 0.95 | 0.82 | 0.88 |
| jansen_rit, 220, 1 | 49 % | 0.00 | 0.86 | 0.01 | 0.02 | 0.46 | 0.68 | 0.67 | 0.67 | 0.80 |
| jansen_rit, 220, 2500 | 49 % | 0.13 | 0.93 | 0.19 | 0.41 | 0.64 | 0.93 | 0.94 | 0.83 | 0.90 |

A parameter may move a response strongly and still not be known: in jansen_rit the nine act only
through the seven products A_e, b_e, b_i, C·a_1, C·a_2, C·a_3 and A_i·C·a_4, so that A_i and a_4
cannot be told apart, nor C from the four shares together. In deepjr one such symmetry is left
(C against a_1 … a_4).
"""


def _cell(value: float, half: float) -> str:
    return "–" if np.isnan(value) else f"{value:.2f} ± {half:.2f}".replace("-0.00", "0.00")


def index_table(tables: dict[str, SobolTable], index: str) -> str:
    """The indices ``s1`` or ``st`` of all features, both circuits side by side, as Markdown."""
    lines = [
        f"| feature | circuit | {' | '.join(INFERRED_NAMES)} |",
        "|---|---" + "|---" * len(INFERRED_NAMES) + "|",
    ]
    for name, feature in FEATURES.items():
        for circuit, table in tables.items():
            row, found = table.row(name), table.of_features
            values, halves = getattr(found, index)[row], getattr(found, index + "_half")[row]
            cells = " | ".join(_cell(v, h) for v, h in zip(values, halves, strict=True))
            lines.append(f"| {feature.title} | {circuit} | {cells} |")
    return "\n".join(lines)


def _meaning(deepjr: SobolTable, jansen_rit: SobolTable) -> str:
    rms = jansen_rit.of_features.st[jansen_rit.row("rms")]
    first = jansen_rit.of_features.s1[jansen_rit.row("rms")].sum()
    d_n, d_rms = (deepjr.of_features.st[deepjr.row(k)] for k in ("n_amplitude", "rms"))
    largest = max(d_n[CONNECTIONS].max(), d_rms[CONNECTIONS].max())
    shares = jansen_rit.of_features
    return _MEANING.format(
        d_inhibition=d_n[INHIBITION].sum(),
        d_rms=d_rms[INHIBITION].sum(),
        d_connections=f"{largest:.1g}",
        d_p_share=deepjr.of_features.defined[deepjr.row("p_amplitude")],
        j_first=first,
        j_rest=1 - first,
        j_low=rms.min(),
        j_high=rms.max(),
        **dict(zip(("j_c", "j_a1", "j_a2", "j_a3", "j_a4"), rms[CONNECTIONS], strict=True)),
        j_wave_first=np.nanmax(jansen_rit.of_waves.s1),
        j_f_share=shares.defined[jansen_rit.row("peak_frequency")],
        j_f_groups=shares.complete[jansen_rit.row("peak_frequency")],
        j_n_groups=shares.complete[jansen_rit.row("n_amplitude")],
        confidence=shares.confidence,
    )


def render() -> str:
    """The whole page as Markdown."""
    tables = shipped()
    notes = [
        f"- {circuit}: {table.note(name)}"
        for circuit, table in tables.items()
        for name in FEATURES
        if table.note(name)
    ]
    made = [
        f"- {circuit}: base sample {table.n}, seed {table.seed}, {table.date[:10]}, "
        f"version {table.version}"
        for circuit, table in tables.items()
    ]
    parts = (
        _INTRODUCTION.format(share=LEAST_SHARE),
        "\n".join(made) + "\n",
        "## Total order ST\n",
        index_table(tables, "st") + "\n",
        "## First order S1\n",
        index_table(tables, "s1") + "\n",
        "Features that are not defined in every run, or do not vary (a dash: no index is given):\n",
        "\n".join(notes) + "\n",
        _meaning(tables["deepjr"], tables["jansen_rit"]),
    )
    return "\n".join(parts)


if __name__ == "__main__":
    (ASSETS.parent / PAGE).write_text(render(), encoding="utf-8")
