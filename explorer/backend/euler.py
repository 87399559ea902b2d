"""Forward Euler, as the public code of Tilwani & O'Reilly 2024 steps its model.

Kept to reproduce that code; for ``jansen_rit`` at 1 ms it doubles the amplitude of the
alpha rhythm, so only ``deepjr`` offers it. First order; the noise is p_sd ξ / √h.
"""

from __future__ import annotations

import math

from numba import njit

from explorer.backend.kernel_math import KERNEL, U64, generator_state, normal_pair, rotate_left

_EULER = {**KERNEL, "fastmath": False}  # the published order of operations, rounding included


@njit(**_EULER)
def run_single_euler(
    theta, weights, state, stimulus, noisy, seed, stream, h, every, states, slot_a, slot_b, sums
):
    """As ``single.run_single``; the stimulus of a step is its value at the step's start."""
    a_e, a_i, a, b, c = theta[0], theta[1], theta[2], theta[3], theta[4]
    v_max, v_0, r, p_mean, p_sd = theta[9], theta[10], theta[11], theta[12], theta[13]
    c1, c2, c3, c4 = c * theta[5], c * theta[6], c * theta[7], c * theta[8]
    s0, s1 = generator_state(seed, stream)
    y0, y1, y2, y3, y4, y5 = state
    for n in range(stimulus.shape[0] + 1):
        if slot_a[n] >= 0:
            sums[slot_a[n]] += y1 - y2
        if slot_b[n] >= 0:
            sums[slot_b[n]] += y1 - y2
        if every > 0 and n % every == 0:
            states[n // every, :] = (y0, y1, y2, y3, y4, y5)
        if n == stimulus.shape[0]:
            state[:] = (y0, y1, y2, y3, y4, y5)
            break
        p, u = p_mean, stimulus[n]
        if noisy:
            z0, _ = normal_pair(rotate_left(s0 + s1, 17) + s0)
            s1 = s1 ^ s0
            s0, s1 = rotate_left(s0, 49) ^ s1 ^ (s1 << U64(21)), rotate_left(s1, 28)
            p += p_sd / math.sqrt(h) * z0
        f0 = v_max / (1.0 + math.exp(r * (v_0 - (y1 - y2))))
        f1 = v_max / (1.0 + math.exp(r * (v_0 - c1 * y0)))
        f2 = v_max / (1.0 + math.exp(r * (v_0 - c3 * y0)))
        d0 = a_e * a * (u * weights[0] + f0) - 2 * a * y3 - a * a * y0
        d1 = a_e * a * (p + u * weights[1] + c2 * f1) - 2 * a * y4 - a * a * y1
        d2 = a_i * b * (u * weights[2] + c4 * f2) - 2 * b * y5 - b * b * y2
        y0, y1, y2 = y0 + h * y3, y1 + h * y4, y2 + h * y5
        y3, y4, y5 = y3 + h * d0, y4 + h * d1, y5 + h * d2
