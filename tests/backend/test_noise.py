"""The background noise against the exact Ornstein-Uhlenbeck solution of the linear part.

With v_max = 0 the source is y1 alone: y'' = A_e b_e (p_mean + p_sd ξ) − 2 b_e y' − b_e² y.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.linalg import expm
from scipy.signal import welch

from explorer.backend.circuits import CIRCUITS
from explorer.backend.kernel_math import generator_state
from explorer.backend.settings import make_settings
from explorer.backend.simulate import decimated_slots, simulate, simulate_batch
from explorer.backend.strang import flow_coefficients, noise_cholesky

TABLE = CIRCUITS["jansen_rit"]
A, B, P_MEAN, P_SD = 3.25, 100.0, 220.0, 1.8
STEPS = [1e-3, 1e-4]


def linear_theta(n: int, p_mean: float = P_MEAN) -> np.ndarray:
    settings = make_settings("jansen_rit", {"p_mean": p_mean, "p_sd": P_SD})
    theta = np.tile(settings.theta, (n, 1))
    theta[:, 9] = 0.0  # v_max: the coupling vanishes
    return theta


def van_loan(b: float, h: float, strength: float) -> tuple[np.ndarray, np.ndarray]:
    """Flow (2, 2) and noise covariance (2, 2) of (y, y') over h, by one matrix exponential.

    Time is counted in units of h, so that no entry is tiny (Van Loan 1978).
    """
    x = b * h
    drift = np.array([[0.0, 1.0], [-x * x, -2.0 * x]])
    noise = np.array([[0.0, 0.0], [0.0, 1.0]])
    block = expm(np.block([[-drift, noise], [np.zeros((2, 2)), drift.T]]))
    flow = block[2:, 2:].T
    unit = np.diag([h**1.5, h**0.5])
    to_time = np.array([[1.0, h], [1.0 / h, 1.0]])
    return flow * to_time, strength**2 * unit @ (flow @ block[:2, 2:]) @ unit


@pytest.mark.parametrize("b", [25.0, 50.0, 100.0, 150.0])
@pytest.mark.parametrize("h", [1e-6, 1e-5, 1e-4, 1.9e-4, 2.1e-4, 1e-3, 1e-2])
def test_one_step_flow_and_covariance_are_exact(b, h):
    flow, covariance = van_loan(b, h, 3.0)
    found = np.empty(6)
    flow_coefficients(b, h, found)
    assert found[:4] == pytest.approx(flow.ravel(), rel=1e-12, abs=1e-15)
    chol = np.empty(3)
    noise_cholesky(b, h, 3.0, chol)
    lower = np.array([[chol[0], 0.0], [chol[1], chol[2]]])
    assert lower @ lower.T == pytest.approx(covariance, rel=1e-7)
    assert chol[2] ** 2 == pytest.approx(
        covariance[1, 1] - covariance[0, 1] ** 2 / covariance[0, 0], rel=1e-5
    )


@pytest.fixture(scope="module", params=STEPS, ids=["1 ms", "0.1 ms"])
def ensemble(request):
    """y1 at 0.3 s and every 5 ms after it, and (y1, y1') at the end, of many trajectories."""
    n, dt = 40_000, request.param
    steps = round(0.4 / dt)
    slots = decimated_slots(steps, round(0.005 / dt), skip=round(0.3 / dt))
    mean = np.array([0.0, A * P_MEAN / B, 0.0, 0.0, 0.0, 0.0])
    return simulate_batch(
        TABLE, linear_theta(n), np.zeros(steps), slots, dt=dt, initial=mean, seed=11
    )


VAR_Y = (A * B * P_SD) ** 2 / (4 * B**3)
VAR_V = (A * B * P_SD) ** 2 / (4 * B)


def test_stationary_mean(ensemble):
    n = ensemble.source.shape[0]
    assert ensemble.source.mean(axis=0) == pytest.approx(
        A * P_MEAN / B, abs=4.5 * math.sqrt(VAR_Y / n)
    )
    assert abs(ensemble.final[:, 4].mean()) < 4 * math.sqrt(VAR_V / n)


def test_stationary_covariance_of_potential_and_velocity(ensemble):
    n = ensemble.final.shape[0]
    sampling = 4 * math.sqrt(2 / n)
    assert ensemble.final[:, 1].var() == pytest.approx(VAR_Y, rel=sampling)
    assert ensemble.final[:, 4].var() == pytest.approx(VAR_V, rel=sampling)
    assert abs(np.corrcoef(ensemble.final[:, 1], ensemble.final[:, 4])[0, 1]) < 4 / math.sqrt(n)
    assert ensemble.source.var(axis=0) == pytest.approx(VAR_Y, rel=1.2 * sampling)


def test_autocovariance(ensemble):
    """⟨y(s) y(s + t)⟩ = var (1 + b|t|) exp(−b|t|), from each start s."""
    y = ensemble.source - A * P_MEAN / B
    n = y.shape[0]
    found = np.array([(y[:, 0] * y[:, k]).mean() for k in range(y.shape[1])])
    bt = B * 0.005 * np.arange(y.shape[1])
    assert found / VAR_Y == pytest.approx((1 + bt) * np.exp(-bt), abs=4.5 * math.sqrt(2 / n))


def test_nothing_but_the_background_is_noisy(ensemble):
    assert (ensemble.final[:, [0, 2, 3, 5]] == 0.0).all()


@pytest.mark.parametrize("dt", STEPS)
@pytest.mark.parametrize("steps", [1, 2, 9])
def test_covariance_after_a_few_steps(dt, steps):
    n = 100_000
    batch = simulate_batch(
        TABLE, linear_theta(n, p_mean=0.0), np.zeros(steps), decimated_slots(steps, steps), dt=dt
    )
    _, true = van_loan(B, steps * dt, A * B * P_SD)
    found = np.cov(batch.final[:, [1, 4]].T)
    spread = np.sqrt((np.outer(np.diag(true), np.diag(true)) + true**2) / n)
    assert (np.abs(found - true) < 4.5 * spread).all()


@pytest.mark.parametrize("dt", STEPS)
def test_spectrum(dt):
    """|A b / (b + iω)²|² p_sd², two-sided; Welch's estimate is one-sided, twice that."""
    n, seconds, settle = 64, 60, 1
    steps = round((seconds + settle) / dt)
    slots = decimated_slots(steps, round(1e-3 / dt), skip=round(settle / dt))
    y = simulate_batch(
        TABLE, linear_theta(n, p_mean=0.0), np.zeros(steps), slots, dt=dt, seed=3
    ).source
    f, density = welch(y, fs=1000.0, nperseg=2000)
    asked = (f >= 1.0) & (f <= 60.0)
    true = 2 * np.abs(A * B / (B + 2j * math.pi * f) ** 2) ** 2 * P_SD**2
    ratio = density.mean(axis=0)[asked] / true[asked]
    sampling = math.sqrt(19 / 18 / (n * (seconds - 1)))  # Welch 1967, Hann, half overlap
    assert np.abs(ratio - 1).max() < 5 * sampling
    assert ratio.mean() == pytest.approx(1.0, abs=5 * sampling / math.sqrt(asked.sum() / 2))
    assert ratio.std() == pytest.approx(sampling, rel=0.35)


def python_path(seed: int, stream: int, h: float, steps: int) -> np.ndarray:
    """y1 of the linear part with the same noise: whole numbers, libm and SciPy only."""
    mask = 2**64 - 1
    s0, s1 = (int(s) for s in generator_state(np.uint64(seed), np.uint64(stream)))
    flow, covariance = van_loan(B, h, A * B * P_SD)
    lower = np.linalg.cholesky(covariance)
    rest = np.array([A * P_MEAN / B, 0.0])
    y, out = np.zeros(2), [0.0]
    for _ in range(steps):
        total = (s0 + s1) & mask
        word = ((total << 17 | total >> 47) + s0) & mask
        s1 ^= s0
        s0, s1 = (
            ((s0 << 49 | s0 >> 15) ^ s1 ^ (s1 << 21)) & mask,
            (s1 << 28 | s1 >> 36) & mask,
        )
        radius = math.sqrt(-2 * math.log(1 - (word >> 32) / 2**32))
        angle = ((word & 0xFFFFFFFF) / 2**32 - 0.5) * 2 * math.pi
        z = radius * np.array([math.cos(angle), math.sin(angle)])
        y = rest + flow @ (y - rest) + lower @ z
        out.append(y[0])
    return np.array(out)


@pytest.mark.parametrize("h", STEPS)
def test_a_noisy_path_step_by_step(h):
    batch = simulate_batch(
        TABLE, linear_theta(3), np.zeros(200), decimated_slots(200, 1), dt=h, seed=8,
        streams=np.array([5, 0, 999]),
    )  # fmt: skip
    for stream, source in zip((5, 0, 999), batch.source, strict=True):
        assert source == pytest.approx(python_path(8, stream, h, 200), abs=1e-8)


def noisy_batch(streams, seed=1, workers=None, steps=3000):
    theta = np.tile(make_settings("jansen_rit", {"p_sd": 1.8}).theta, (len(streams), 1))
    return simulate_batch(
        TABLE, theta, np.zeros(steps), decimated_slots(steps, 10), seed=seed,
        streams=np.asarray(streams), workers=workers,
    )  # fmt: skip


def test_same_seed_same_result_whatever_the_batch_and_the_workers():
    whole = noisy_batch(range(200), workers=1)
    for workers in (2, 3, 8, None):
        again = noisy_batch(range(200), workers=workers)
        assert (again.source == whole.source).all()
        assert (again.final == whole.final).all()
    order = np.random.default_rng(0).permutation(200)
    assert (noisy_batch(order).source == whole.source[order]).all()
    for size in (1, 15, 16, 17, 33):
        assert (noisy_batch(range(size)).source == whole.source[:size]).all()
    assert (noisy_batch([137]).source[0] == whole.source[137]).all()


def test_other_seeds_and_streams_differ():
    one, two = noisy_batch(range(20)).source[:, 1:], noisy_batch(range(20), seed=2).source[:, 1:]
    assert not (one == two).any()
    assert not (one[:-1] == one[1:]).any()
    assert (noisy_batch([3, 3, 3]).source == noisy_batch([3]).source).all()  # common numbers


def test_streams_of_an_ensemble_are_uncorrelated():
    batch = simulate_batch(
        TABLE, linear_theta(200), np.zeros(20_000), decimated_slots(20_000, 100, skip=200), seed=6
    )  # 0.1 s apart: correlation 5e-4
    r = np.corrcoef(batch.source)[np.triu_indices(200, 1)]
    samples = batch.source.shape[1]
    assert np.abs(r).max() < 5.5 / math.sqrt(samples)
    assert r.std() == pytest.approx(1 / math.sqrt(samples), rel=0.05)


def test_noise_of_the_whole_model_does_not_depend_on_the_step():
    """Variance across an ensemble of the nonlinear model below its first bifurcation."""
    variances = []
    for dt in STEPS:
        theta = np.tile(make_settings("jansen_rit", {"p_mean": 50.0, "p_sd": 1.8}).theta, (8000, 1))
        steps = round(2.0 / dt)
        slots = decimated_slots(steps, steps)
        source = simulate_batch(TABLE, theta, np.zeros(steps), slots, dt=dt, seed=4).source
        variances.append(source[:, -1].var())
    assert variances[0] == pytest.approx(variances[1], rel=4.5 * math.sqrt(4 / 8000))


def test_a_single_trajectory_repeats_and_zero_noise_is_none():
    settings = make_settings("jansen_rit", seed=12)
    once, again = simulate(settings, 0.5).states, simulate(settings, 0.5).states
    assert (once == again).all()
    assert not (once[1:, 1] == simulate(settings, 0.5, stream=1).states[1:, 1]).any()
    silent = settings.changed(p_sd=0.0)
    assert (simulate(silent, 0.5).states == simulate(silent, 0.5, stream=1).states).all()
