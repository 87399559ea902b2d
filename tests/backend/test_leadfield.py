"""Lead fields against an independent solution of the four-layer sphere."""

from __future__ import annotations

import json
from pathlib import Path

import mne
import numpy as np
import pytest
from scipy.special import eval_legendre

from explorer.backend.assets import ASSETS
from explorer.backend.errors import ExplorerError
from explorer.backend.leadfield import (
    IMAGE_RADIUS,
    LEADFIELD_FILE,
    MANIFEST_FILE,
    flattened,
    interpolation_matrix,
    lead_field,
    read_lead_fields,
)
from explorer.backend.leadfield_make import (
    DIPOLES,
    Head,
    make_head,
    make_lead_fields,
    place,
    region_gain,
)
from explorer.backend.settings import REGIONS

N_DEGREES = 120


@pytest.fixture(scope="module")
def head() -> Head:
    return make_head()


def _surface_factors(radii: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    """Potential at r = 1 for a unit source term r^−(n+1) in the core, per degree n.

    Solves the boundary conditions: in each shell A rⁿ + B r^−(n+1); potential and
    normal current continuous at each radius; no current through the last (radius 1).
    """
    factors = np.zeros(N_DEGREES + 1)
    for n in range(1, N_DEGREES + 1):
        size = 2 * radii.size  # A and B of every shell; B of the core is known
        system, right = np.zeros((size, size)), np.zeros(size)
        system[0, 1], right[0] = 1.0, 1.0
        row = 1
        for k, r in enumerate(radii[:-1]):
            potential = np.array([r**n, r ** -(n + 1)])
            slope = np.array([n * r ** (n - 1), -(n + 1) * r ** -(n + 2)])
            for values, weights in ((potential, (1, 1)), (slope, sigma[k : k + 2])):
                system[row, 2 * k : 2 * k + 2] = weights[0] * values
                system[row, 2 * k + 2 : 2 * k + 4] = -weights[1] * values
                row += 1
        system[row, -2:] = n, -(n + 1)
        scale = np.abs(system).max(axis=1, keepdims=True)
        solution = np.linalg.solve(system / scale, right / scale[:, 0])
        factors[n] = solution[-2] + solution[-1]
    return factors


def _exact_gain(head: Head, position: np.ndarray, moment: np.ndarray) -> np.ndarray:
    """µV per nAm at the electrodes, average reference, by Legendre series."""
    sigma = np.array([layer["sigma"] for layer in head.sphere["layers"]])
    radii = np.array([layer["rad"] for layer in head.sphere["layers"]]) / head.radius
    factors = _surface_factors(radii, sigma)
    at = (position - head.centre) / head.radius
    b = np.linalg.norm(at)
    outward = at / b
    electrodes = (head.positions - head.centre) / head.radius
    electrodes /= np.linalg.norm(electrodes, axis=1, keepdims=True)
    c, radial = electrodes @ outward, moment @ outward
    tangential = electrodes @ moment - c * radial
    total = np.zeros(electrodes.shape[0])
    for n in range(1, N_DEGREES + 1):
        legendre = eval_legendre(n, c)
        slope = n * (eval_legendre(n - 1, c) - c * legendre) / (1 - c**2)
        total += factors[n] * b ** (n - 1) * (n * radial * legendre + slope * tangential)
    volts = total / (4 * np.pi * sigma[0] * head.radius**2)
    return (volts - volts.mean()) * 1e-9 * 1e6


@pytest.mark.parametrize("region", REGIONS)
def test_lead_fields_agree_with_the_exact_four_layer_solution(region: str, head: Head) -> None:
    """MNE fits three dipoles to the layers (Berg & Scherg 1994): within 0.3 % of the maximum."""
    exact = _exact_gain(head, *place(DIPOLES[region], head))
    shipped = lead_field(region).gain_uv_per_nam
    np.testing.assert_allclose(shipped, exact, atol=0.003 * np.abs(exact).max())


def test_one_region_remade_equals_the_asset(head: Head) -> None:
    remade = region_gain("occipital", head)
    np.testing.assert_allclose(lead_field("occipital").gain_uv_per_nam, remade, rtol=1e-5)


@pytest.mark.parametrize(
    ("region", "near"),
    [
        ("caudal_middle_frontal", {"F1", "FC1", "F3", "FC3"}),
        ("occipital", {"O1", "Oz", "POz"}),
        ("central", {"C3", "C1", "CP3", "CP1"}),
        ("temporal", {"T7", "TP7", "FT7"}),
        ("parietal", {"P3", "P1", "CP1", "CP3"}),
    ],
)
def test_the_strongest_electrode_lies_over_the_region(region: str, near: set[str]) -> None:
    field = lead_field(region)
    assert field.strongest in near
    assert field.gain_uv_per_nam.max() == np.abs(field.gain_uv_per_nam).max()  # positive outwards
    assert field.gain_uv_per_nam.mean() == pytest.approx(0, abs=1e-9)


def test_norm_is_what_the_published_figures_need() -> None:
    """2.75 µV at the strongest electrode and 7.9 µV over all: a ratio of 2.87."""
    field = lead_field("caudal_middle_frontal")
    assert field.norm / field.gain_uv_per_nam.max() == pytest.approx(7.9 / 2.75, rel=0.01)


def test_positions_are_those_of_mnes_topographic_maps(head: Head) -> None:
    from mne.channels.layout import _find_topomap_coords

    theirs = _find_topomap_coords(head.info, range(64), sphere=(0.0, 0.0, 0.0, head.radius))
    np.testing.assert_allclose(lead_field("central").positions, theirs / head.radius, atol=1e-9)
    np.testing.assert_allclose(flattened(np.array([[0, 0, 0.1]]), 0.1), 0.0, atol=1e-12)
    assert list(lead_field("central").names) == head.info["ch_names"]


def test_interpolation_reproduces_electrodes_and_linear_fields() -> None:
    interpolator = interpolation_matrix(111)  # pixels 0.02 apart
    positions = lead_field("central").positions
    axis = np.linspace(-1.1, 1.1, 111)
    image = interpolator.image(2.0 + 3.0 * positions[:, 0] - positions[:, 1])
    x, y = np.meshgrid(axis, axis)
    expected = np.where(np.hypot(x, y) <= IMAGE_RADIUS, 2.0 + 3.0 * x - y, np.nan)
    np.testing.assert_allclose(image, expected, atol=1e-4)
    values = np.cos(3 * positions[:, 0]) * np.sin(2 * positions[:, 1])
    nearest = np.round((positions + 1.1) / 0.02).astype(int)
    at_electrodes = interpolator.image(values)[nearest[:, 1], nearest[:, 0]]
    np.testing.assert_allclose(at_electrodes, values, atol=0.05)
    assert not interpolator.inside[0, 0] and interpolator.inside[55, 55]


def test_interpolation_can_be_unpacked_and_is_made_once() -> None:
    matrix, inside = interpolation_matrix(48)
    assert matrix.shape == (48 * 48, 64) and matrix.dtype == np.float32
    assert inside.shape == (48, 48) and interpolation_matrix(48).matrix is matrix


def test_unknown_region() -> None:
    with pytest.raises(ExplorerError, match=r"region.*occipital"):
        lead_field("frontal")


@pytest.mark.parametrize("share", [None, 0.0, 0.5, 0.95])
def test_missing_or_damaged_asset(share: float | None, tmp_path: Path) -> None:
    path = tmp_path / LEADFIELD_FILE
    if share is not None:
        content = (ASSETS / LEADFIELD_FILE).read_bytes()
        path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ExplorerError, match="jr-explorer leadfield"):
        read_lead_fields(path)


def test_asset_of_other_contents(tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", regions=np.array(["a"]), names=np.array(["b"]))
    with pytest.raises(ExplorerError):
        read_lead_fields(tmp_path / "other.npz")


def test_make_writes_both_files_and_refuses_to_overwrite(tmp_path: Path) -> None:
    out = tmp_path / "new"
    make_lead_fields(out)
    assert sorted(path.name for path in out.iterdir()) == [MANIFEST_FILE, LEADFIELD_FILE]
    manifest = json.loads((out / MANIFEST_FILE).read_text(encoding="utf-8"))
    assert set(manifest["regions"]) == set(REGIONS)
    assert manifest["versions"]["mne"] == mne.__version__
    with pytest.raises(ExplorerError, match=r"^out"):
        make_lead_fields(out)
    make_lead_fields(out, force=True)
    (tmp_path / "file").write_text("")
    with pytest.raises(ExplorerError, match=r"^out"):
        make_lead_fields(tmp_path / "file")


def test_every_region_has_a_dipole() -> None:
    assert list(DIPOLES) == list(REGIONS)
