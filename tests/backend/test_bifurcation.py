"""Bifurcation diagrams: coexistence, square-root law, other parameters, stopping."""

from __future__ import annotations

import numpy as np
import pytest

from explorer.backend.bifurcation import (
    SWEEPABLE,
    BifurcationDiagram,
    bifurcation_diagram,
    theta_along,
)
from explorer.backend.circuits import CIRCUITS
from explorer.backend.errors import ExplorerError
from explorer.backend.fixed_points import critical_inputs, eigenvalues, fixed_points
from explorer.backend.parameters import MODEL_NAMES
from explorer.backend.rhythm import REGIME_NAMES
from explorer.backend.settings import make_settings
from explorer.backend.spreading import Cancelled


@pytest.fixture(scope="module")
def diagram() -> BifurcationDiagram:
    return bifurcation_diagram(make_settings())


def test_spikes_and_alpha_coexist_where_the_paper_says(diagram: BifurcationDiagram) -> None:
    """SNIC at 113.59 and fold of cycles at 137.38 (Grimbert & Faugeras 2006), from sweeps alone."""
    both = diagram.values[diagram.coexisting("spikes", "alpha")]
    spacing = diagram.values[1] - diagram.values[0]
    assert 113.0 < both.min() < 115.0 + spacing
    assert 137.5 - spacing < both.max() + spacing and both.max() < 138.0
    assert both.size == pytest.approx((both.max() - both.min()) / spacing + 1)
    spikes = diagram.values[diagram.up.regime == REGIME_NAMES.index("spikes")]
    assert both == pytest.approx(spikes)  # upward only
    assert (diagram.down.regime != REGIME_NAMES.index("spikes")).all()


def test_a_finer_sweep_brackets_the_fold_of_cycles() -> None:
    fine = bifurcation_diagram(make_settings(), n=900)
    both = fine.values[fine.coexisting("spikes", "alpha")]
    assert both.min() == pytest.approx(113.9, abs=0.6)
    assert both.max() == pytest.approx(137.38, abs=0.7)


def test_amplitude_follows_the_square_root_law_at_the_hopf_points(
    diagram: BifurcationDiagram,
) -> None:
    for hopf, inside in ((89.829, 1), (315.696, -1)):
        near = (inside * (diagram.values - hopf) > 2) & (inside * (diagram.values - hopf) < 16)
        swing = (diagram.down.maximum - diagram.down.minimum)[near]
        law = np.polyfit(np.abs(diagram.values[near] - hopf), swing**2, 1)
        crossing = -law[1] / law[0]  # where the squared swing would vanish
        assert abs(crossing) < 2.0


def test_cycles_match_independent_figures(diagram: BifurcationDiagram) -> None:
    at = int(np.argmin(np.abs(diagram.values - 220.0)))
    for branch in (diagram.up, diagram.down):
        assert branch.frequency[at] == pytest.approx(10.938, rel=3e-3)
        assert branch.maximum[at] - branch.minimum[at] == pytest.approx(2.946, rel=0.01)


def test_rest_branches_are_rests_of_their_stability(diagram: BifurcationDiagram) -> None:
    assert len(diagram.rests) == 6
    for branch in diagram.rests:
        middle = branch.values.size // 2
        theta = theta_along(make_settings(), "p_mean", branch.values[[middle]])
        sources = [point.source for point in fixed_points(theta[0])]
        assert min(abs(x - branch.source[middle]) for x in sources) < 1e-9
        values = eigenvalues(theta, branch.source[[middle]])
        assert (values[0, 0].real < 0) == branch.stable
    ends = {round(float(b.values[k]), 2) for b in diagram.rests for k in (0, -1)}
    assert ends == {-50.0, -41.3, -12.15, 89.83, 113.59, 315.7, 400.0}


@pytest.mark.parametrize("name", [n for n in SWEEPABLE if n != "p_mean"])
def test_critical_points_over_any_parameter_agree_with_those_over_p(name: str) -> None:
    """At a fold or Hopf point over another parameter, p_mean is at one of the curve over p."""
    settings = make_settings(values={"p_mean": 120.0})
    diagram = bifurcation_diagram(settings, name, n=60)
    for point in diagram.criticals:
        theta = settings.theta
        theta[MODEL_NAMES.index(name)] = point.value
        same = [c for c in critical_inputs(theta, -1e4, 1e4) if c.kind == point.kind]
        nearest = min(same, key=lambda c: abs(c.value - 120.0))
        assert nearest.value == pytest.approx(120.0, abs=1e-4)
        if point.kind == "hopf":
            assert nearest.frequency == pytest.approx(point.frequency, rel=1e-5)


def test_other_parameters_do_have_bifurcations() -> None:
    kinds = [c.kind for c in bifurcation_diagram(make_settings(), "A_i", n=60).criticals]
    assert kinds == ["hopf", "fold", "fold"]


@pytest.mark.parametrize("circuit", CIRCUITS)
@pytest.mark.parametrize("seed", range(4))
def test_corners_are_finite(circuit: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = CIRCUITS[circuit].parameters
    values = {n: rows[n].low if rng.integers(2) else rows[n].high for n in MODEL_NAMES}
    name = str(rng.choice(list(SWEEPABLE)))
    diagram = bifurcation_diagram(make_settings(circuit, values), name, n=40)
    for branch in (diagram.up, diagram.down):
        assert np.isfinite(branch.minimum).all() and np.isfinite(branch.maximum).all()
    assert diagram.rests and all(np.isfinite(b.source).all() for b in diagram.rests)


def test_refuses_and_stops() -> None:
    for name in ("p_sd", "noise_factor", "nothing"):
        with pytest.raises(ExplorerError, match="one of A_e"):
            bifurcation_diagram(make_settings(), name)
    with pytest.raises(ExplorerError):
        bifurcation_diagram(make_settings(), n=1)
    seen: list[float] = []

    def stop(share: float) -> bool:
        seen.append(share)
        return len(seen) < 4

    with pytest.raises(Cancelled):
        bifurcation_diagram(make_settings(), progress=stop)
    assert len(seen) < 8
