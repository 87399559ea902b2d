"""The evoked response as a FIF file, for MNE and the tools around it."""

from __future__ import annotations

from pathlib import Path

import mne
import numpy as np

from explorer.backend.errors import ExplorerError
from explorer.backend.leadfield import lead_field
from explorer.backend.settings import Settings

MONTAGE = "biosemi64"


def write_evoked_fif(
    path: Path,
    settings: Settings,
    time: np.ndarray,
    scalp_uv: np.ndarray,
    n_trials: int,
    force: bool = False,
) -> None:
    """Write an averaged evoked response as an MNE evoked file.

    Args:
        path: file to write, by MNE's custom ending in ``-ave.fif`` (any ``.fif`` will do).
        settings: circuit and region, named in the file's comment.
        time: (n,) evenly spaced, s from the pulse's onset.
        scalp_uv: (64, n) in µV, average reference.
        n_trials: epochs averaged.
        force: overwrite a file that exists.

    Raises:
        ExplorerError: the file exists and ``force`` is not given, it cannot be written, or
            the shapes do not fit.
    """
    names = lead_field(settings.region).names
    if scalp_uv.shape != (len(names), time.size) or time.size < 2:
        raise ExplorerError(
            "scalp_uv", f"shape ({len(names)}, {time.size})", f"shape {scalp_uv.shape}"
        )
    if path.exists() and not force:
        raise ExplorerError("out", "a new file, or --force", f"{path}, which exists")
    response = _evoked_array(settings, names, time, scalp_uv, n_trials)
    beside = path.with_name(f".{path.stem}.tmp-ave.fif")
    try:
        mne.write_evokeds(beside, response, overwrite=True, verbose="error")
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        reason = error.strerror or type(error).__name__
        raise ExplorerError("out", "a file that can be written", f"{path} ({reason})") from None


def _evoked_array(
    settings: Settings,
    names: tuple[str, ...],
    time: np.ndarray,
    scalp_uv: np.ndarray,
    n_trials: int,
) -> mne.EvokedArray:
    rate = round((time.size - 1) / float(time[-1] - time[0]), 6)
    info = mne.create_info(list(names), rate, "eeg", verbose="error")
    info.set_montage(mne.channels.make_standard_montage(MONTAGE))
    response = mne.EvokedArray(
        scalp_uv * 1e-6,  # (64, n) V
        info,
        tmin=float(time[0]),
        comment=f"{settings.circuit}, {settings.region}",
        nave=n_trials,
        baseline=None,
        verbose="error",
    )
    response.set_eeg_reference("average", projection=True, verbose="error")  # says what it is
    return response
