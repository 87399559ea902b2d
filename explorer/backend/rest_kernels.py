"""Kernels for the curve of rests: see ``fixed_points.py`` for its equations.

Every function takes the model parameters theta (14,) in the order of ``MODEL_NAMES``.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from explorer.backend.kernel_math import KERNEL

REACH = 18.0
"""Folds and Hopf points lie where |r (x − v_0)| is below this: beyond, the products of
sigmoid slopes are too small for any values in the table, and p(x) is a straight line."""
CELLS = 400
MOST = 16
"""Most zeros that are kept of one function; the model has at most four of any."""
SLOPE, HOPF, INPUT = 0, 1, 2
"""Functions along the curve: dp/dx, Hurwitz's test, p(x) − p_mean."""


@njit(**KERNEL)
def share_firing(r, v_0, v):
    """S(v) / v_max, without overflow."""
    return 0.5 * (1.0 + math.tanh(0.5 * r * (v - v_0)))


@njit(**KERNEL)
def rest_at(theta, x):
    """(p, dp/dx, k0, k1, k2, y0, y2) of the rest with source x."""
    a_e, a_i, b_e, b_i, c = theta[0], theta[1], theta[2], theta[3], theta[4]
    v_max, v_0, r = theta[9], theta[10], theta[11]
    s0 = share_firing(r, v_0, x)
    y0 = a_e / b_e * v_max * s0
    s1 = share_firing(r, v_0, c * theta[5] * y0)
    s2 = share_firing(r, v_0, c * theta[7] * y0)
    y2 = a_i / b_i * c * theta[8] * v_max * s2
    p = b_e / a_e * (x + y2) - c * theta[6] * v_max * s1
    steep = r * v_max
    k0 = a_e * b_e * steep * s0 * (1.0 - s0)
    k1 = a_e * b_e * c * c * theta[5] * theta[6] * steep * s1 * (1.0 - s1)
    k2 = a_i * b_i * c * c * theta[7] * theta[8] * steep * s2 * (1.0 - s2)
    slope = b_e / a_e * (1.0 - k0 * k1 / b_e**4 + k0 * k2 / (b_e * b_i) ** 2)
    return p, slope, k0, k1, k2, y0, y2


@njit(**KERNEL)
def hopf_at(b_e, b_i, k01, k02):
    """Hurwitz's test function and ω² (s⁻²) of the pair of opposite eigenvalues ±iω.

    With the even part E and the odd part O of the characteristic polynomial in z = s²
    and E mod O = r1 z + r0, such a pair exists where O(−r0/r1) = 0.
    """
    q, m, n = b_i / b_e, k01 / b_e**4, k02 / b_e**4
    c0 = q * q * (1.0 - m) + n
    c1 = 4.0 * q * q + 2.0 * q - 2.0 * q * m + 2.0 * n
    c2 = 6.0 * q * q + 8.0 * q + 1.0 - m + n
    c3 = 4.0 * q * q + 12.0 * q + 4.0
    c4 = q * q + 8.0 * q + 6.0
    c5 = 2.0 * q + 4.0
    quotient = (c4 - c3 / c5) / c5
    r1 = c2 - c1 / c5 - quotient * c3
    r0 = c0 - quotient * c1
    return c1 * r1 * r1 - c3 * r1 * r0 + c5 * r0 * r0, r0 / r1 * b_e * b_e


@njit(**KERNEL)
def along_curve(theta, x, which):
    """The value at x of one of the functions along the curve."""
    p, slope, k0, k1, k2, _, _ = rest_at(theta, x)
    if which == SLOPE:
        return slope
    if which == HOPF:
        return hopf_at(theta[2], theta[3], k0 * k1, k0 * k2)[0]
    return p - theta[12]


@njit(**KERNEL)
def bisect(theta, which, a, b):
    """The zero between a and b, where the signs differ, to rounding."""
    negative = along_curve(theta, a, which) < 0.0
    for _ in range(120):
        middle = 0.5 * (a + b)
        if middle <= a or middle >= b:
            break
        if (along_curve(theta, middle, which) < 0.0) == negative:
            a = middle
        else:
            b = middle
    return 0.5 * (a + b)


@njit(**KERNEL)
def curve_zeros(theta, which, out):
    """Zeros of SLOPE or HOPF along the curve, ascending, into ``out`` (16,); their number."""
    v_0, r = theta[10], theta[11]
    width = 2.0 * REACH / CELLS / r
    a, count = v_0 - REACH / r, 0
    negative = along_curve(theta, a, which) < 0.0
    for _ in range(CELLS):
        b = a + width
        if (along_curve(theta, b, which) < 0.0) != negative and count < MOST:
            out[count] = bisect(theta, which, a, b)
            negative = not negative
            count += 1
        a = b
    return count


@njit(**KERNEL)
def rest_roots(theta, out):
    """Sources of all rests for theta's p_mean, ascending, into ``out`` (16,); their number.

    Between two extrema of p(x) there is at most one.
    """
    a_e, a_i, b_e, b_i, c = theta[0], theta[1], theta[2], theta[3], theta[4]
    v_max, p = theta[9], theta[12]
    edges = np.empty(MOST + 2)
    n = curve_zeros(theta, SLOPE, edges[1:-1])
    edges[0] = a_e / b_e * p - a_i / b_i * c * theta[8] * v_max - 1.0
    edges[n + 1] = a_e / b_e * (p + c * theta[6] * v_max) + 1.0
    count = 0
    for k in range(n + 1):
        a, b = edges[k], edges[k + 1]
        low, high = along_curve(theta, a, INPUT), along_curve(theta, b, INPUT)
        if (low < 0.0) != (high < 0.0) and count < MOST:
            out[count] = bisect(theta, INPUT, a, b)
            count += 1
    return count


@njit(**KERNEL)
def rest_roots_batch(theta, out, counts):
    """``rest_roots`` of theta (n, 14) into out (n, 16) and counts (n,)."""
    for i in range(theta.shape[0]):
        counts[i] = rest_roots(theta[i], out[i])
