"""How well a model's curve fits a recorded one, whatever their units of size."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from explorer.backend.errors import ExplorerError


@dataclass(frozen=True)
class Misfit:
    """Agreement of a model with data.

    Attributes:
        r: Pearson's correlation, NaN where one of the two is constant.
        rmse: root mean square of data − scale · model, in the data's unit.
        scale: factor on the model that makes ``rmse`` least (0 for a model of zeros), in
            the data's unit per the model's.
    """

    r: float
    rmse: float
    scale: float


def compare(model: np.ndarray, data: np.ndarray) -> Misfit:
    """Compare a model's curve with a recorded one at the same places.

    scale = Σ model·data / Σ model², the least-squares factor through the origin.

    Args:
        model: (n,), any unit.
        data: (n,), any unit.

    Raises:
        ExplorerError: shapes that differ, fewer than two values, or values that are not finite.
    """
    model, data = np.asarray(model, dtype=float), np.asarray(data, dtype=float)
    if model.shape != data.shape or model.ndim != 1 or model.size < 2:
        raise ExplorerError(
            "misfit", "two curves of the same length", f"shapes {model.shape} and {data.shape}"
        )
    if not (np.isfinite(model).all() and np.isfinite(data).all()):
        raise ExplorerError("misfit", "finite values", "NaN or infinity")
    power = float(model @ model)
    scale = float(model @ data) / power if power > 0.0 else 0.0
    return Misfit(
        _pearson(model, data), float(np.sqrt(np.mean((data - scale * model) ** 2))), scale
    )


def _pearson(a: np.ndarray, b: np.ndarray) -> float:
    if np.ptp(a) == 0.0 or np.ptp(b) == 0.0:
        return math.nan
    a, b = a - a.mean(), b - b.mean()
    return float((a / np.linalg.norm(a)) @ (b / np.linalg.norm(b)))
