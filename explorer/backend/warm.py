"""Compile every kernel once; numba keeps the result on disk beside the sources.

    python -m explorer.backend.warm

``launch.py`` runs it after installing, so that the first page opens as fast as the others.
"""

from __future__ import annotations

import numpy as np

from explorer.backend.bifurcation import bifurcation_diagram
from explorer.backend.evoked import Experiment, evoked_batch
from explorer.backend.fisher_report import fisher_at
from explorer.backend.regime_map import regime_map
from explorer.backend.running import RunningModel
from explorer.backend.settings import make_settings
from explorer.backend.snapshot import take_snapshot


def warm_page() -> None:
    """The kernels behind the live views."""
    for name in ("jansen_rit", "deepjr"):
        take_snapshot(make_settings(name, {"p_sd": 1.0}))
    take_snapshot(make_settings("deepjr", integrator="euler"))


def warm_all() -> None:
    """Every kernel."""
    warm_page()
    settings = make_settings("jansen_rit", {"p_mean": 120.0, "p_sd": 0.0})
    for p_sd in (0.0, 1.0):
        theta = np.tile(settings.changed(p_sd=p_sd).theta, (2, 1))
        evoked_batch(settings.table, theta, Experiment(n_trials=1))
    bifurcation_diagram(settings, n=8)
    regime_map(settings, "p_mean", "A_e", n=4)
    RunningModel(settings).advance(settings, 0.1)
    fisher_at(settings)


if __name__ == "__main__":
    warm_all()
