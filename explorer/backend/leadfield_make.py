"""Makes the lead fields of assets/: a dipole in each region, in MNE's four-layer sphere.

Each dipole sits at a point of the MNI brain, mapped into the head sphere by its direction
from the brain's centre and placed at a fixed depth; it points outwards, tilted towards
a neighbour as its piece of cortex is. Sources: Berg & Scherg 1994 (Electroencephalogr
Clin Neurophysiol 90:58) for the sphere, as in ``mne.make_sphere_model``; depths and tilts
are ours, those of the first region such that the 64 channels together are 2.87 times the
strongest one, as in the figures of Tilwani & O'Reilly 2024.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import mne
import numpy as np

from explorer import __version__
from explorer.backend.errors import ExplorerError
from explorer.backend.leadfield import LEADFIELD_FILE, MANIFEST_FILE, flattened
from explorer.backend.settings import REGIONS

MONTAGE = "biosemi64"
MNI_CENTRE_MM = (0.0, -15.0, 0.0)
"""Centre of the sphere through the MNI scalp at ear height and above, about."""
DEPTH_HEAD_MM = 90.0
"""Radius of the head to which ``Dipole.radius_mm`` refers."""


@dataclass(frozen=True)
class Dipole:
    """Where the dipole of a region sits and points.

    Attributes:
        mni_mm: point of the MNI brain in mm (x right, y front, z up) that gives the direction.
        radius_mm: distance from the centre of a head of 90 mm.
        tilt_deg: angle between the dipole and the outward normal.
        towards: direction (x, y, z) of the tilt; only its tangential part counts.
        reason: why so.
    """

    mni_mm: tuple[float, float, float]
    radius_mm: float
    tilt_deg: float
    towards: tuple[float, float, float]
    reason: str


DIPOLES: dict[str, Dipole] = {
    "caudal_middle_frontal": Dipole(
        (-38.0, 10.0, 48.0),
        64.0,
        45.0,
        (1.0, 2.0, 0.0),
        "anterior wall of the precentral sulcus and its crown, between F1 and FC3",
    ),
    "occipital": Dipole(
        (-8.0, -92.0, 8.0), 70.0, 15.0, (0.0, 0.0, 1.0), "occipital pole, slightly upward"
    ),
    "central": Dipole(
        (-38.0, -22.0, 56.0), 68.0, 40.0, (0.0, -1.0, 0.0), "bank of the central sulcus, hand knob"
    ),
    "temporal": Dipole(
        (-60.0, -24.0, 2.0), 70.0, 30.0, (0.0, 0.0, 1.0), "superior temporal gyrus, upward"
    ),
    "parietal": Dipole(
        (-26.0, -62.0, 52.0), 70.0, 15.0, (0.0, -1.0, 0.0), "superior parietal crown, backward"
    ),
}


@dataclass(frozen=True)
class Head:
    """The head in which the lead fields are computed.

    Attributes:
        info: MNE's description of the 64 electrodes.
        sphere: MNE's four-layer sphere model.
        positions: (64, 3) electrodes in m, head coordinates.
    """

    info: Any
    sphere: Any
    positions: np.ndarray

    @property
    def centre(self) -> np.ndarray:
        """Centre of the sphere, (3,) in m, head coordinates."""
        return np.asarray(self.sphere["r0"])

    @property
    def radius(self) -> float:
        """Outer radius, m."""
        return float(self.sphere.radius)


def make_head() -> Head:
    """The sphere fitted to the BioSemi-64 montage that comes with MNE."""
    montage = mne.channels.make_standard_montage(MONTAGE)
    info = mne.create_info(montage.ch_names, 1000.0, "eeg", verbose="error")
    info.set_montage(montage)
    sphere = mne.make_sphere_model("auto", "auto", info, verbose="error")
    return Head(info, sphere, np.array([channel["loc"][:3] for channel in info["chs"]]))


def place(dipole: Dipole, head: Head) -> tuple[np.ndarray, np.ndarray]:
    """Position (3,) in m and unit orientation (3,) of a dipole, in head coordinates."""
    outward = np.subtract(dipole.mni_mm, MNI_CENTRE_MM)
    outward = outward / np.linalg.norm(outward)
    along = np.asarray(dipole.towards) - np.dot(dipole.towards, outward) * outward
    along = along / np.linalg.norm(along)
    tilt = np.radians(dipole.tilt_deg)
    position = head.centre + outward * dipole.radius_mm / DEPTH_HEAD_MM * head.radius
    return position, np.cos(tilt) * outward + np.sin(tilt) * along


def region_gain(region: str, head: Head) -> np.ndarray:
    """Lead field of a region, (64,) in µV per nAm, average reference."""
    position, orientation = place(DIPOLES[region], head)
    source = mne.Dipole([0.0], [position], [1e-9], [orientation], [100.0], verbose="error")
    forward, _ = mne.make_forward_dipole(source, head.sphere, head.info, verbose="error")
    gain = forward["sol"]["data"][:, 0].astype(float) * 1e-9 * 1e6  # (64,) V per Am to µV per nAm
    return gain - gain.mean()


def make_lead_fields(out: Path, force: bool = False) -> None:
    """Write ``leadfield.npz`` and ``leadfield.json`` into a folder.

    Args:
        out: the folder; made where it does not exist.
        force: overwrite files that exist.

    Raises:
        ExplorerError: a file exists and ``force`` is not given, or nothing can be written.
    """
    arrays, manifest = out / LEADFIELD_FILE, out / MANIFEST_FILE
    existing = [path.name for path in (arrays, manifest) if path.exists()]
    if existing and not force:
        raise ExplorerError(
            "out", "a folder without lead fields, or --force", f"{out} with {existing[0]}"
        )
    head = make_head()
    gain = np.array([region_gain(region, head) for region in REGIONS])  # (regions, 64)
    try:
        out.mkdir(parents=True, exist_ok=True)
        beside = out / f".{LEADFIELD_FILE}.tmp.npz"
        np.savez_compressed(
            beside,
            regions=np.array(list(REGIONS)),
            names=np.array(head.info["ch_names"]),
            gain=gain,
            positions3d=head.positions,
            positions2d=flattened(head.positions, head.radius),
        )
        beside.replace(arrays)
        beside = out / f".{MANIFEST_FILE}.tmp"
        beside.write_text(
            json.dumps(_manifest(head, gain), indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
        )
        beside.replace(manifest)
    except OSError as error:
        raise ExplorerError("out", "a folder that can be written", f"{out} ({error})") from None


def _manifest(head: Head, gain: np.ndarray) -> dict[str, object]:
    return {
        "command": "jr-explorer leadfield --out assets --force",
        "versions": {"explorer": __version__, "mne": mne.__version__, "numpy": np.__version__},
        "unit": "µV per nAm",
        "reference": "average of the 64 electrodes",
        "montage": MONTAGE,
        "sphere": {
            "centre_m": np.round(head.centre, 6).tolist(),
            "layers": [
                {"radius_m": float(layer["rad"]), "conductivity_s_per_m": float(layer["sigma"])}
                for layer in head.sphere["layers"]
            ],
        },
        "regions": {
            region: _described(region, row, head) for region, row in zip(REGIONS, gain, strict=True)
        },
    }


def _described(region: str, gain: np.ndarray, head: Head) -> dict[str, object]:
    position, orientation = place(DIPOLES[region], head)
    return {
        "title": REGIONS[region],
        **asdict(DIPOLES[region]),
        "position_m": np.round(position, 6).tolist(),
        "orientation": np.round(orientation, 6).tolist(),
        "strongest": head.info["ch_names"][int(np.argmax(np.abs(gain)))],
        "strongest_uv_per_nam": round(float(gain[np.argmax(np.abs(gain))]), 6),
        "norm_uv_per_nam": round(float(np.linalg.norm(gain)), 6),
    }
