"""Fixed points of the circuit in closed form, their stability, folds and Hopf points.

At rest all velocities vanish, and the source x = y1 − y2 fixes everything else:

    y0 = (A_e/b_e) S(x),   y2 = (A_i/b_i) C a_4 S(C a_3 y0),   y1 = x + y2,
    p(x) = (b_e/A_e) y1 − C a_2 S(C a_1 y0).

So the rests for an input p are the roots of p(x) = p, a fold is an extremum of p(x), and
between two extrema there is at most one root: none can be missed. Linearised, with
k0 = A_e b_e S'(x), k1 = A_e b_e C² a_1 a_2 S'(C a_1 y0), k2 = A_i b_i C² a_3 a_4 S'(C a_3 y0),
the eigenvalues s are the roots of

    (s + b_e)⁴ (s + b_i)² − k0 k1 (s + b_i)² + k0 k2 (s + b_e)² = 0.

Source: Grimbert & Faugeras 2006 (Neural Comput 18:3052), sections 3 and 4.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from explorer.backend.parameters import MODEL_NAMES
from explorer.backend.rest_kernels import (
    HOPF,
    MOST,
    SLOPE,
    curve_zeros,
    hopf_at,
    rest_at,
    rest_roots,
    rest_roots_batch,
)

P_INDEX = MODEL_NAMES.index("p_mean")


@dataclass(frozen=True)
class FixedPoint:
    """A rest of the circuit.

    Attributes:
        source: x = y1 − y2, mV.
        state: (6,) y0, y1, y2 in mV; their derivatives are zero.
        eigenvalues: (6,) complex, s⁻¹, the largest real part first.
    """

    source: float
    state: np.ndarray
    eigenvalues: np.ndarray

    @property
    def stable(self) -> bool:
        """Whether every small perturbation dies out."""
        return bool(self.eigenvalues[0].real < 0.0)

    @property
    def unstable_directions(self) -> int:
        """Number of eigenvalues with a positive real part."""
        return int((self.eigenvalues.real > 0.0).sum())

    @property
    def kind(self) -> str:
        """Stable or unstable node or focus, by the leading eigenvalues, or saddle.

        A saddle has an odd number of unstable directions; a focus leads with a complex pair.
        """
        if self.unstable_directions % 2:
            return "saddle"
        shape = "focus" if abs(self.eigenvalues[0].imag) > 1e-9 else "node"
        return f"{'stable' if self.stable else 'unstable'} {shape}"


@dataclass(frozen=True)
class Critical:
    """A fold or a Hopf point.

    Attributes:
        kind: ``fold`` or ``hopf``.
        value: value of the parameter that was varied, in its unit.
        source: x = y1 − y2 there, mV.
        frequency: Hz, of the oscillation born at a Hopf point; None at a fold.
    """

    kind: str
    value: float
    source: float
    frequency: float | None


def jacobians(theta: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Jacobians (n, 6, 6) of the equations at the rests x (n,) of theta (n, 14)."""
    matrix = np.zeros((x.size, 6, 6))
    matrix[:, [0, 1, 2], [3, 4, 5]] = 1.0
    for k in range(x.size):
        b_e, b_i = theta[k, 2], theta[k, 3]
        _, _, k0, k1, k2, _, _ = rest_at(theta[k], x[k])
        matrix[k, 3] = (-b_e * b_e, k0, -k0, -2.0 * b_e, 0.0, 0.0)
        matrix[k, 4] = (k1, -b_e * b_e, 0.0, 0.0, -2.0 * b_e, 0.0)
        matrix[k, 5] = (k2, 0.0, -b_i * b_i, 0.0, 0.0, -2.0 * b_i)
    return matrix


def eigenvalues(theta: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Eigenvalues (n, 6), s⁻¹, at rests x (n,) of theta (n, 14), largest real part first."""
    values = np.linalg.eigvals(jacobians(theta, x)).astype(complex)
    return np.take_along_axis(values, np.argsort(-values.real, axis=1, kind="stable"), axis=1)


def rest_state(theta: np.ndarray, x: float) -> np.ndarray:
    """State (6,) of the rest with source x (mV)."""
    _, _, _, _, _, y0, y2 = rest_at(theta, x)
    return np.array([y0, x + y2, y2, 0.0, 0.0, 0.0])


def rest_sources(theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sources of all rests of many parameter sets.

    Args:
        theta: (n, 14).

    Returns:
        Sources (mV), ascending within each set, and the set each belongs to; both (rests,).
    """
    out = np.empty((theta.shape[0], MOST))
    counts = np.empty(theta.shape[0], dtype=np.int64)
    rest_roots_batch(np.ascontiguousarray(theta), out, counts)
    present = np.arange(MOST) < counts[:, None]  # (n, MOST)
    return out[present], np.nonzero(present)[0]


def fixed_points(theta: np.ndarray) -> tuple[FixedPoint, ...]:
    """All fixed points of one parameter set (14,), by ascending source."""
    out = np.empty(MOST)
    x = out[: rest_roots(theta, out)]
    values = eigenvalues(np.broadcast_to(theta, (x.size, 14)), x)
    return tuple(FixedPoint(float(v), rest_state(theta, v), values[k]) for k, v in enumerate(x))


def _zeros(theta: np.ndarray, which: int) -> Iterable[float]:
    out = np.empty(MOST)
    return out[: curve_zeros(theta, which, out)].tolist()


def hopf_frequency(theta: np.ndarray, x: float) -> float | None:
    """Frequency (Hz) of the imaginary pair at a zero of Hurwitz's test; None if it is real."""
    _, _, k0, k1, k2, _, _ = rest_at(theta, x)
    squared = hopf_at(theta[2], theta[3], k0 * k1, k0 * k2)[1]
    return float(np.sqrt(squared) / (2.0 * np.pi)) if squared > 0.0 else None


def critical_inputs(theta: np.ndarray, low: float, high: float) -> tuple[Critical, ...]:
    """Folds and Hopf points over p_mean from low to high (s⁻¹), by ascending p.

    Folds are the extrema of p(x), Hopf points the zeros along x of Hurwitz's test function
    where the pair of eigenvalues is imaginary; both by bisection to rounding.
    """
    found = [Critical("fold", float(rest_at(theta, x)[0]), x, None) for x in _zeros(theta, SLOPE)]
    for x in _zeros(theta, HOPF):
        frequency = hopf_frequency(theta, x)
        if frequency is not None:
            found.append(Critical("hopf", float(rest_at(theta, x)[0]), x, frequency))
    return tuple(sorted((c for c in found if low <= c.value <= high), key=lambda c: c.value))
