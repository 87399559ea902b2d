"""Power spectra: Welch's estimate, frequency bands, the peak.

Source: Welch 1967 (IEEE Trans Audio Electroacoust 15:70), as in ``scipy.signal.welch``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.signal import welch

SEGMENT_S = 4.0
"""Length of a Welch segment in s: 0.25 Hz between frequencies."""


@dataclass(frozen=True)
class Band:
    """A frequency band of the EEG, ``low`` ≤ f < ``high`` in Hz."""

    name: str
    symbol: str
    low: float
    high: float


BANDS: dict[str, Band] = {
    band.name: band
    for band in (
        Band("delta", "δ", 1.0, 4.0),
        Band("theta", "θ", 4.0, 8.0),
        Band("alpha", "α", 8.0, 13.0),
        Band("beta", "β", 13.0, 30.0),
        Band("gamma", "γ", 30.0, 45.0),
    )
}


@dataclass(frozen=True)
class Spectrum:
    """A power spectral density.

    Attributes:
        frequency: (n,) in Hz.
        density: (n,) in the signal's unit squared per Hz.
    """

    frequency: np.ndarray
    density: np.ndarray

    def decibels(self, floor: float = 1e-12) -> np.ndarray:
        """10 log10 of the density, (n,), never below that of ``floor``."""
        return 10.0 * np.log10(np.maximum(self.density, floor))

    def band_power(self, band: Band) -> float:
        """Power in a band, in the signal's unit squared (sum over frequencies × spacing)."""
        inside = (self.frequency >= band.low) & (self.frequency < band.high)
        return float(self.density[inside].sum() * (self.frequency[1] - self.frequency[0]))

    def peak(self, low: float = 1.0, high: float = 45.0) -> float | None:
        """Frequency (Hz) of the highest local maximum in low … high, by a parabola in dB.

        None where the spectrum has no local maximum there or carries no power.
        """
        f, p = self.frequency, self.density
        inner = np.arange(1, p.size - 1)
        is_peak = (p[inner] > p[inner - 1]) & (p[inner] >= p[inner + 1])
        candidates = inner[is_peak & (f[inner] >= low) & (f[inner] <= high)]
        if candidates.size == 0 or p[candidates].max() < 1e-12:
            return None
        k = candidates[np.argmax(p[candidates])]
        a, b, c = np.log(np.maximum(p[k - 1 : k + 2], 1e-300))
        return float(f[k] + 0.5 * (a - c) / (a - 2 * b + c) * (f[1] - f[0]))


def band_of(frequency: float) -> Band | None:
    """The band of a frequency in Hz, None outside all bands."""
    return next((b for b in BANDS.values() if b.low <= frequency < b.high), None)


def spectrum(signal: np.ndarray, rate: float, segment_s: float = SEGMENT_S) -> Spectrum:
    """Welch's power spectral density of a signal (n,) sampled ``rate`` times a second.

    Hann windows of ``segment_s`` seconds, half overlapping, mean removed from each.
    """
    n = min(signal.size, round(segment_s * rate))
    frequency, density = welch(signal, fs=rate, nperseg=n, detrend="constant")
    return Spectrum(frequency, density)
