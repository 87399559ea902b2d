"""From the dipole to the electrodes: the lead fields that ship with the explorer.

A lead field g (µV per nAm) says what a dipole moment of 1 nAm in a region gives at each
electrode: scalp(t) = g · gain · source(t). ``leadfield_make`` computes the file.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.interpolate import RBFInterpolator

from explorer.backend.assets import ASSETS
from explorer.backend.errors import ExplorerError
from explorer.backend.settings import REGIONS

LEADFIELD_FILE = "leadfield.npz"
MANIFEST_FILE = "leadfield.json"
N_ELECTRODES = 64
IMAGE_HALF_WIDTH = 1.1
"""A scalp image covers −1.1 … 1.1 head radii both ways."""
IMAGE_RADIUS = 1.03
"""Pixels further out than this many head radii are not painted."""


@dataclass(frozen=True)
class LeadField:
    """What a dipole of 1 nAm in a region gives at the 64 electrodes, average reference.

    Attributes:
        region: key of ``REGIONS``.
        names: the electrodes' names (BioSemi-64 montage).
        gain_uv_per_nam: (64,) in µV per nAm; zero on average.
        positions: (64, 2) on the flattened head, whose circle has radius 1, x to the
            right, y to the front.
    """

    region: str
    names: tuple[str, ...]
    gain_uv_per_nam: np.ndarray
    positions: np.ndarray

    @property
    def norm(self) -> float:
        """Euclidean norm over the electrodes, µV per nAm."""
        return float(np.linalg.norm(self.gain_uv_per_nam))

    @property
    def strongest(self) -> str:
        """Name of the electrode with the largest gain."""
        return self.names[int(np.argmax(np.abs(self.gain_uv_per_nam)))]


def lead_field(region: str) -> LeadField:
    """The lead field of a region.

    Raises:
        ExplorerError: an unknown region, or an asset that is missing or damaged.
    """
    if region not in REGIONS:
        raise ExplorerError("region", f"one of {', '.join(REGIONS)}", repr(region))
    return read_lead_fields(ASSETS / LEADFIELD_FILE)[region]


@lru_cache(maxsize=4)
def read_lead_fields(path: Path) -> dict[str, LeadField]:
    """All lead fields of a file made by ``leadfield_make``, by region.

    Raises:
        ExplorerError: the file is missing or damaged.
    """
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            regions, names = file["regions"].tolist(), tuple(file["names"].tolist())
            gain, positions = file["gain"], file["positions2d"]
    except FileNotFoundError:
        raise _damaged(path, "no such file") from None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        raise _damaged(path, "a file that cannot be read") from None
    if (
        set(regions) != set(REGIONS)
        or len(names) != N_ELECTRODES
        or gain.shape != (len(regions), N_ELECTRODES)
        or positions.shape != (N_ELECTRODES, 2)
        or not (np.isfinite(gain).all() and np.isfinite(positions).all())
    ):
        raise _damaged(path, "a file with other regions, electrodes or values")
    gain.flags.writeable = positions.flags.writeable = False
    return {
        region: LeadField(region, names, row, positions)
        for region, row in zip(regions, gain, strict=True)
    }


def _damaged(path: Path, got: str) -> ExplorerError:
    return ExplorerError(
        "leadfield", f"the lead fields in {path} (jr-explorer leadfield makes them)", got
    )


def flattened(positions: np.ndarray, radius: float) -> np.ndarray:
    """Electrodes on the flattened head, (n, 2), in units of its radius.

    Azimuthal equidistant projection from the head's origin, as MNE's topographic maps
    use: distance from the centre = |x| / radius · polar angle / 90°.

    Args:
        positions: (n, 3) in m, head coordinates (x right, y front, z up).
        radius: of the head, m.
    """
    length = np.linalg.norm(positions, axis=1)
    polar = np.arccos(np.clip(positions[:, 2] / np.maximum(length, 1e-12), -1.0, 1.0))
    azimuth = np.arctan2(positions[:, 1], positions[:, 0])
    distance = length / radius * polar / (np.pi / 2)
    return np.column_stack([distance * np.cos(azimuth), distance * np.sin(azimuth)])


class TopomapInterpolator(NamedTuple):
    """A linear map from the 64 electrodes to a square image of the flattened head.

    Attributes:
        matrix: (n · n, 64) float32; rows of pixels off the head are NaN.
        inside: (n, n) whether a pixel lies on the head.
    """

    matrix: np.ndarray
    inside: np.ndarray

    def image(self, values: np.ndarray) -> np.ndarray:
        """The image (n, n) float32 of values (64,); row 0 is the back of the head (lowest y)."""
        flat = self.matrix @ np.asarray(values, dtype=np.float32)  # (n · n,)
        return flat.reshape(self.inside.shape)


@lru_cache(maxsize=4)
def interpolation_matrix(n_pixels: int = 64) -> TopomapInterpolator:
    """Thin-plate splines through the electrodes, on pixels over −1.1 … 1.1 head radii.

    Source: Duchon 1977; as ``scipy.interpolate.RBFInterpolator`` on the unit vectors.

    Args:
        n_pixels: pixels along each side; pixel centres include both edges.

    Raises:
        ExplorerError: the lead field asset is missing or damaged.
    """
    positions = lead_field(next(iter(REGIONS))).positions
    axis = np.linspace(-IMAGE_HALF_WIDTH, IMAGE_HALF_WIDTH, n_pixels)
    x, y = np.meshgrid(axis, axis)  # (n, n), y along rows
    inside = np.hypot(x, y) <= IMAGE_RADIUS
    spline = RBFInterpolator(positions, np.eye(N_ELECTRODES), kernel="thin_plate_spline")
    matrix = np.full((n_pixels * n_pixels, N_ELECTRODES), np.nan, dtype=np.float32)
    matrix[inside.ravel()] = spline(np.column_stack([x[inside], y[inside]]))
    matrix.flags.writeable = inside.flags.writeable = False
    return TopomapInterpolator(matrix, inside)
