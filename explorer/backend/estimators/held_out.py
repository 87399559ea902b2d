"""The test sets of the benchmark: fixed seeds, none of them seen in training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from explorer.backend.ceiling import draw_cases
from explorer.backend.dataset import simulate_draws
from explorer.backend.draws import REPEATING_P_MEAN, Draws, draw
from explorer.backend.errors import ExplorerError
from explorer.backend.parameters import PARAMETERS
from explorer.backend.sensors import waveform_noise_sd_mv
from explorer.backend.settings import make_settings
from explorer.backend.targets import target_values

SEED = 20_240_605
"""Of the test sets; the training data have other seeds."""
NOISE_FACTORS = (0.1, 1.0, 10.0, 100.0, 1_000.0, 10_000.0)
_NOISE_KEY = 0x7E57


@dataclass(frozen=True)
class CaseSet:
    """Cases to be estimated.

    Attributes:
        test: key of ``TESTS``.
        circuit: key of ``CIRCUITS``.
        truth: (n, 13) of ``TARGETS``.
        waves: (n, samples) averaged responses in mV without sensor noise.
        context: (n, 3) p_mean, p_sd and trials.
        share: of the draws that are kept.
    """

    test: str
    circuit: str
    truth: np.ndarray
    waves: np.ndarray
    context: np.ndarray
    share: float


@dataclass(frozen=True)
class Test:
    """One test.

    Attributes:
        name: key of ``TESTS``.
        meaning: one sentence.
        circuits: those that it is made for.
        make: n cases of a circuit.
    """

    __test__ = False  # not one of pytest's

    name: str
    meaning: str
    circuits: tuple[str, ...]
    make: Callable[[str, int], CaseSet]


def _trials() -> float:
    return PARAMETERS["n_trials"].default


def _repeating(circuit: str, n: int) -> CaseSet:
    cases = draw_cases(circuit, n, SEED)
    context = np.array([cases.settings["p_mean"], 0.0, _trials()])
    return CaseSet(
        "repeating", circuit, target_values(cases.truth), cases.source,
        np.tile(context, (n, 1)), cases.share,
    )  # fmt: skip


def _drawn(test: str, circuit: str, n: int, protocol: str) -> CaseSet:
    draws = draw(circuit, n, SEED, protocol)
    context = draws.context.copy()
    context[:, 2] = _trials()
    waves = simulate_draws(circuit, Draws(draws.parameters, context), SEED)
    return CaseSet(test, circuit, target_values(draws.parameters), waves, context, 1.0)


def _explorer(circuit: str, n: int) -> CaseSet:
    return _drawn("explorer", circuit, n, "explorer")


def _published(circuit: str, n: int) -> CaseSet:
    return _drawn("published", circuit, n, "published")


TESTS: dict[str, Test] = {
    row.name: row
    for row in (
        Test(
            "repeating",
            "Parameters uniform over the trained ranges, no background noise (jansen_rit: "
            f"p_mean {REPEATING_P_MEAN['jansen_rit']:g} s⁻¹), 60 trials; only cases whose "
            "response repeats with the stimulus.",
            ("jansen_rit", "deepjr"),
            _repeating,
        ),
        Test(
            "explorer",
            "Parameters uniform over the trained ranges, p_mean 50 – 350 s⁻¹, p_sd 0 – 4 "
            "s⁻¹·√s (a quarter exactly 0), 60 trials; every case.",
            ("jansen_rit",),
            _explorer,
        ),
        Test(
            "published",
            "Parameters from Normal(middle of the range, range / 4), as in the paper, 60 trials; "
            "every case.",
            ("deepjr",),
            _published,
        ),
    )
}
"""The tests by name."""


def test_of(name: str) -> Test:
    """The test of that name.

    Raises:
        ExplorerError: there is none.
    """
    if name not in TESTS:
        raise ExplorerError("test", f"one of {', '.join(TESTS)}", repr(name))
    return TESTS[name]


def noise_mv(circuit: str, noise_factor: float) -> float:
    """Noise on the waveform in mV at a noise factor, other settings at their defaults."""
    return waveform_noise_sd_mv(make_settings(circuit, {"noise_factor": noise_factor}))


def observed(cases: CaseSet, noise_factor: float) -> np.ndarray:
    """What the estimators see: waves (n, samples) in mV with sensor noise.

    The draws of a case depend on its number alone and are scaled, so that a ladder of noise
    factors is smooth, and more cases begin with the same ones.
    """
    rng = np.random.default_rng([SEED, _NOISE_KEY])
    unit = rng.standard_normal(cases.waves.shape)
    return cases.waves + noise_mv(cases.circuit, noise_factor) * unit
