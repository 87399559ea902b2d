"""One trajectory by Strang splitting, written for short chains of dependent operations.

The same scheme, noise and stream of random numbers as ``strang.py``, where sixteen
trajectories share each instruction; here one trajectory keeps its state in registers.
The two agree to 1e-8 mV at the defaults; their sigmoids differ by 3e-12, which grows where
neighbouring paths part, to 1e-5 mV within 1.5 s at extreme parameters.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from explorer.backend.kernel_math import KERNEL, U64, generator_state, normal_pair, rotate_left
from explorer.backend.strang import flow_coefficients, noise_cholesky


@njit(**KERNEL)
def run_single(
    theta, weights, state, stimulus, noisy, seed, stream, h, every, states, slot_a, slot_b, sums
):
    """Integrate one trajectory; record its states and sum its source into time slots.

    theta (14,); weights (3,); state (6,), overwritten with the final state;
    stimulus (steps,) in s⁻¹, mean over each step; states (steps // every + 1, 6),
    overwritten (``every`` 0: not recorded); slot_a, slot_b (steps + 1,): slot to which
    the source at that moment is added, −1 for none; sums (slots,), to be zero at first.
    """
    a_e, a_i, b_e, b_i, c = theta[0], theta[1], theta[2], theta[3], theta[4]
    v_max, v_0, r = theta[9], theta[10], theta[11]
    exc, inh, chol = np.empty(6), np.empty(6), np.empty(3)
    flow_coefficients(b_e, h, exc)
    flow_coefficients(b_i, h, inh)
    noise_cholesky(b_e, h, a_e * b_e * theta[13], chol)
    kick0 = h * a_e * b_e * v_max
    kick1 = kick0 * c * theta[6]
    kick2 = h * a_i * b_i * v_max * c * theta[8]
    drive_e, drive_i = a_e * b_e, a_i * b_i
    s0, s1 = generator_state(seed, stream)
    y0, y1, y2, v0, v1, v2 = state
    half = 0.5  # the first kick is a half
    for n in range(stimulus.shape[0] + 1):
        k0 = kick0 / (1.0 + math.exp(r * (v_0 - (y1 - y2))))
        k1 = kick1 / (1.0 + math.exp(r * (v_0 - c * theta[5] * y0)))
        k2 = kick2 / (1.0 + math.exp(r * (v_0 - c * theta[7] * y0)))
        if slot_a[n] >= 0:
            sums[slot_a[n]] += y1 - y2
        if slot_b[n] >= 0:
            sums[slot_b[n]] += y1 - y2
        end = 0.0 if n == 0 else 0.5
        if every > 0 and n % every == 0:
            row = states[n // every]
            row[0], row[1], row[2] = y0, y1, y2
            row[3], row[4], row[5] = v0 + end * k0, v1 + end * k1, v2 + end * k2
        if n == stimulus.shape[0]:
            state[:] = (y0, y1, y2, v0 + end * k0, v1 + end * k1, v2 + end * k2)
            break
        v0, v1, v2 = v0 + (half + end) * k0, v1 + (half + end) * k1, v2 + (half + end) * k2
        u = stimulus[n]
        c0, c2 = u * weights[0] * drive_e, u * weights[2] * drive_i
        c1 = (theta[12] + u * weights[1]) * drive_e
        y0, v0 = (
            exc[0] * y0 + exc[1] * v0 + exc[4] * c0,
            exc[2] * y0 + exc[3] * v0 + exc[5] * c0,
        )
        y1, v1 = (
            exc[0] * y1 + exc[1] * v1 + exc[4] * c1,
            exc[2] * y1 + exc[3] * v1 + exc[5] * c1,
        )
        y2, v2 = (
            inh[0] * y2 + inh[1] * v2 + inh[4] * c2,
            inh[2] * y2 + inh[3] * v2 + inh[5] * c2,
        )
        if noisy:
            z0, z1 = normal_pair(rotate_left(s0 + s1, 17) + s0)
            s1 = s1 ^ s0
            s0, s1 = rotate_left(s0, 49) ^ s1 ^ (s1 << U64(21)), rotate_left(s1, 28)
            y1 += chol[0] * z0
            v1 += chol[1] * z0 + chol[2] * z1
