"""Branch-free arithmetic that LLVM vectorises: exp, log, sine, normal deviates.

The functions are inlined into the kernels. ``exp`` is a polynomial of degree 6 in
x/64 squared six times; the logarithm and the angle of the Box-Muller transform are
polynomials too, so that no call leaves the loop over lanes. Random bits come from
xoroshiro128++ (Blackman & Vigna 2021, ACM Trans Math Softw 47:36), one generator for
each trajectory, seeded by splitmix64 from (seed, stream).
"""

from __future__ import annotations

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

KERNEL = {
    "cache": True,
    "nogil": True,
    "error_model": "numpy",
    "fastmath": {"contract", "nnan", "nsz"},
}
"""How every kernel is compiled; division checks would keep LLVM from vectorising."""

U64 = np.uint64
_CLIP = 60.0 / 64.0
_SQRT_HALF_BITS = np.int64(0x3FE6A09E667F3BCD)
_ONE_BITS = U64(0x3FF0000000000000)
_UPPER = U64(0xFFFFFFFF00000000)
_LN2 = 0.6931471805599453
_TWO_PI = 6.283185307179586


def _bitcast(target: object, llvm_type: ir.Type):
    def typing(typingctx, value):
        def codegen(context, builder, signature, args):
            return builder.bitcast(args[0], llvm_type)

        return target(value), codegen  # type: ignore[operator]

    return intrinsic(typing)


float_bits = _bitcast(types.int64, ir.IntType(64))
bits_float = _bitcast(types.float64, ir.DoubleType())


@njit(inline="always", **KERNEL)
def exp_of_64th(z):
    """exp(64 z), z clipped to ±0.9375 (so exp(±60)).

    A logistic function of it is right to 3e-12 everywhere: where the error grows, the
    function is saturated.
    """
    z = min(max(z, -_CLIP), _CLIP)
    z2 = z * z  # pairs first (Estrin), for a shorter chain of dependent operations
    e = (1.0 + z) + z2 * ((1 / 2 + z * (1 / 6)) + z2 * ((1 / 24 + z * (1 / 120)) + z2 * (1 / 720)))
    e = e * e
    e = e * e
    e = e * e
    e = e * e
    e = e * e
    return e * e


@njit(inline="always", **KERNEL)
def fast_log(x):
    """Natural logarithm of a positive normal number, relative error below 1e-11."""
    bits = float_bits(x) - _SQRT_HALF_BITS
    exponent = bits >> 52
    m = bits_float((bits & np.int64(0x000FFFFFFFFFFFFF)) + _SQRT_HALF_BITS)
    s = (m - 1.0) / (m + 1.0)
    q = s * s
    series = 1.0 + q * (
        1 / 3 + q * (1 / 5 + q * (1 / 7 + q * (1 / 9 + q * (1 / 11 + q * (1 / 13)))))
    )
    return exponent * _LN2 + 2.0 * s * series


@njit(inline="always", **KERNEL)
def unit_float(bits):
    """A number in [0, 1) from the upper 52 of 64 random bits."""
    return bits_float((bits >> U64(12)) | _ONE_BITS) - 1.0


@njit(inline="always", **KERNEL)
def rotate_left(x, k):
    """The 64 bits of x rotated left by k."""
    return (x << U64(k)) | (x >> U64(64 - k))


@njit(inline="always", **KERNEL)
def box_muller_radius(bits):
    """Radius of a pair of independent normal deviates, from the upper 32 random bits."""
    return np.sqrt(-2.0 * fast_log(1.0 - unit_float(bits & _UPPER)))


@njit(inline="always", **KERNEL)
def quarter_angle(bits):
    """A quarter of an angle uniform on [−π, π), from the lower 32 random bits."""
    return (unit_float(bits << U64(32)) - 0.5) * (_TWO_PI / 4.0)


@njit(inline="always", **KERNEL)
def sine(x):
    """sin(x) for |x| ≤ π/4, error below 1e-11."""
    q = x * x
    return x * (
        1.0 + q * (-1 / 6 + q * (1 / 120 + q * (-1 / 5040 + q * (1 / 362880 - q / 39916800))))
    )


@njit(inline="always", **KERNEL)
def cosine(x):
    """cos(x) for |x| ≤ π/4, error below 1e-12."""
    q = x * x
    return 1.0 + q * (
        -1 / 2
        + q * (1 / 24 + q * (-1 / 720 + q * (1 / 40320 + q * (-1 / 3628800 + q / 479001600))))
    )


@njit(inline="always", **KERNEL)
def splitmix(x):
    """The splitmix64 finaliser: scatters a counter into 64 random-looking bits."""
    z = x + U64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> U64(30))) * U64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> U64(27))) * U64(0x94D049BB133111EB)
    return z ^ (z >> U64(31))


@njit(**KERNEL)
def generator_state(seed, stream):
    """The two words with which the generator of (seed, stream) starts."""
    start = splitmix(splitmix(seed) ^ splitmix(stream + U64(0x632BE59BD9B4E019)))
    return splitmix(start), splitmix(start ^ U64(0x5851F42D4C957F2D))


@njit(inline="always", **KERNEL)
def normal_pair(draw):
    """Two independent normal deviates from 64 random bits (Box & Muller 1958)."""
    radius = box_muller_radius(draw)
    s, c = sine(quarter_angle(draw)), cosine(quarter_angle(draw))
    s, c = 2.0 * s * c, 1.0 - 2.0 * s * s
    return radius * (1.0 - 2.0 * s * s), radius * 2.0 * s * c
