"""The best that any estimator could do: exact posteriors over many cases.

Cases are drawn uniformly over the trained ranges and kept if their response repeats with
the stimulus; each is observed through its averaged evoked response plus sensor noise. The
estimators are scored on the same observations.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from explorer.backend.circuits import circuit as circuit_of
from explorer.backend.draws import REPEATING_P_MEAN
from explorer.backend.ensemble import last_two_responses, parameter_sets
from explorer.backend.errors import ExplorerError
from explorer.backend.evoked import evoked_batch, experiment_of
from explorer.backend.exact_posterior import LEVELS, PRODUCTS, products_of
from explorer.backend.fisher import REPEAT_TOLERANCE_MV, SETTLED_TRIALS, noise_sd_mv
from explorer.backend.parameters import INFERRED_NAMES
from explorer.backend.settings import Settings, check_seed, make_settings

QUANTITIES: tuple[str, ...] = (*INFERRED_NAMES, *(one.label for one in PRODUCTS))
"""The nine and the four, in the order of every table of 13."""
_BLOCK = 256  # draws at a time, whatever the number of cases: more cases keep the first ones


@dataclass(frozen=True)
class Cases:
    """What is to be inferred.

    Attributes:
        settings: all that the cases share.
        truth: (n, 9) in the units of the inferred parameters.
        source: (n, samples) averaged evoked response without noise, mV.
        share: of the draws whose response repeats.
    """

    settings: Settings
    truth: np.ndarray
    source: np.ndarray
    share: float


@dataclass(frozen=True)
class Ceiling:
    """Exact posteriors of n cases at f noise factors.

    Attributes:
        circuit, p_mean, seed: what the cases were drawn with.
        share: of the draws whose response repeats.
        noise_factors, noise_mv: (f,) and σ on each sample, mV.
        truth: (n, 13) of ``QUANTITIES``.
        source: (n, samples) without noise, mV.
        observed: (f, n, samples) what the posteriors and the estimators see, mV.
        mean, sd: (f, n, 13); NaN where not finished, or where no walker could start.
        quantiles: (f, n, 13, 4) at ``exact_posterior.LEVELS``.
        r_hat, ess: (f, n, 13).
        converged, finished: (f, n).
        seconds: (f, n).
        n_evaluations: (f, n) parameter sets simulated.
    """

    circuit: str
    p_mean: float
    seed: int
    share: float
    noise_factors: np.ndarray
    noise_mv: np.ndarray
    truth: np.ndarray
    source: np.ndarray
    observed: np.ndarray
    mean: np.ndarray
    sd: np.ndarray
    quantiles: np.ndarray
    r_hat: np.ndarray
    ess: np.ndarray
    converged: np.ndarray
    finished: np.ndarray
    seconds: np.ndarray
    n_evaluations: np.ndarray

    @property
    def known(self) -> np.ndarray:
        """Cases of which there is a posterior, (f, n)."""
        return self.finished & np.isfinite(self.mean).all(axis=2)

    def correlation(self, converged_only: bool = False) -> np.ndarray:
        """Pearson r between the posterior's mean and the truth over the cases, (f, 13)."""
        out = np.full((len(self.noise_factors), len(QUANTITIES)), np.nan)
        for row, which in enumerate(self.known & (self.converged | (not converged_only))):
            for k in range(len(QUANTITIES) if which.sum() > 2 else 0):
                out[row, k] = np.corrcoef(self.mean[row, which, k], self.truth[which, k])[0, 1]
        return out

    def coverage(self, level: float, converged_only: bool = False) -> np.ndarray:
        """Share of the truths within the central interval, (f, 13).

        Raises:
            ExplorerError: a level other than 0.5 and 0.9.
        """
        ends = {0.5: (1, 2), 0.9: (0, 3)}
        if level not in ends:
            raise ExplorerError("level", "0.5 or 0.9", level)
        low, high = (self.quantiles[..., k] for k in ends[level])
        inside = (low <= self.truth) & (self.truth <= high)  # (f, n, 13)
        which = self.known & (self.converged | (not converged_only))
        counts = which.sum(axis=1)[:, None]
        hits = (inside & which[..., None]).sum(axis=1)
        return np.where(counts > 0, hits / np.maximum(counts, 1), np.nan)


def case_settings(
    circuit: str, p_mean: float | None, noise_factor: float | None = None
) -> Settings:
    """The settings that the cases of a circuit share: no background noise.

    Raises:
        ExplorerError: a value that cannot be used.
    """
    table = circuit_of(circuit)
    mean = REPEATING_P_MEAN.get(circuit, table.defaults()["p_mean"]) if p_mean is None else p_mean
    values: dict[str, object] = {"p_mean": mean, "p_sd": 0.0}
    if noise_factor is not None:
        values["noise_factor"] = noise_factor
    return make_settings(circuit, values)


def draw_cases(circuit: str, n: int, seed: int = 1, p_mean: float | None = None) -> Cases:
    """Cases uniform over the trained ranges whose response repeats with the stimulus.

    More cases with the same seed begin with the same ones.

    Raises:
        ExplorerError: a number, seed or background input that cannot be used.
    """
    if not 1 <= n <= 100_000:
        raise ExplorerError("cases", "a number from 1 to 100000", n)
    settings = case_settings(circuit, p_mean)
    rng = np.random.default_rng([check_seed(seed), 0xCA5E])
    low, high = np.array(list(settings.table.trained_ranges().values())).T
    found, drawn = np.empty((0, 9)), 0
    while len(found) < n:
        if drawn >= 100 * _BLOCK and len(found) < drawn / 1000:
            raise ExplorerError("p_mean", "one where responses repeat", settings["p_mean"])
        points = low + (high - low) * rng.random((_BLOCK, 9))
        sets = parameter_sets(settings, INFERRED_NAMES, points)
        last, before = last_two_responses(settings, sets, SETTLED_TRIALS)
        repeats = np.abs(last - before).max(axis=1) < REPEAT_TOLERANCE_MV
        found, drawn = np.concatenate([found, points[repeats]]), drawn + _BLOCK
    share = len(found) / drawn
    truth = found[:n]
    sets = parameter_sets(settings, INFERRED_NAMES, truth)
    source = evoked_batch(settings.table, sets, experiment_of(settings))
    return Cases(settings, truth, source, share)


def observations(cases: Cases, noise_factor: float, seed: int) -> tuple[np.ndarray, float]:
    """The waveforms (n, samples) in mV with sensor noise, and its σ (mV).

    The noise of a case depends on the seed, the noise factor and the case's number alone.
    """
    sd = noise_sd_mv(cases.settings.changed(noise_factor=noise_factor))
    key = round(1000 * noise_factor)
    noise = [
        np.random.default_rng([seed, 0x0B5, key, k]).standard_normal(cases.source.shape[1])
        for k in range(len(cases.truth))
    ]
    return cases.source + sd * np.array(noise), sd


def empty_ceiling(
    circuit: str, noise_factors: np.ndarray, n: int, seed: int, p_mean: float | None
) -> Ceiling:
    """Cases and observations, and nothing inferred yet.

    Raises:
        ExplorerError: as ``draw_cases``; a noise factor out of its range.
    """
    cases = draw_cases(circuit, n, seed, p_mean)
    seen = [observations(cases, float(factor), seed) for factor in noise_factors]
    shape, q = (len(noise_factors), n), len(QUANTITIES)

    def unknown(*more: int) -> np.ndarray:
        return np.full((*shape, *more), np.nan)

    return Ceiling(
        circuit=circuit, p_mean=cases.settings["p_mean"], seed=seed, share=cases.share,
        noise_factors=np.asarray(noise_factors, dtype=float),
        noise_mv=np.array([sd for _, sd in seen]),
        truth=np.concatenate([cases.truth, products_of(cases.truth)], axis=1),
        source=cases.source, observed=np.array([waves for waves, _ in seen]),
        mean=unknown(q), sd=unknown(q), quantiles=unknown(q, len(LEVELS)), r_hat=unknown(q),
        ess=unknown(q), converged=np.zeros(shape, bool), finished=np.zeros(shape, bool),
        seconds=unknown(), n_evaluations=np.zeros(shape, np.int64),
    )  # fmt: skip
