"""Logarithms and powers of two of vectors, for kernels.

Strategy: a number is a power of two times a mantissa near 1, both read from its bits. What is
left is a short series: log2 from that of the area tangent, 2^x from that of the exponential.
Both are right to a few units in the last place.
"""

from __future__ import annotations

from math import log
from typing import Any

from llvmlite import ir
from numba import njit

from napari_radiogenomics.radiomics.kernels.machine import (
    LANES,
    LLVM,
    VECTOR,
    fill,
    instruction,
    where_positive,
)

__all__ = ["log2", "power_of_two"]

_BITS = ir.VectorType(ir.IntType(64), LANES)
# Bits of a mantissa, of 1.0, and of 2⁵², whose last bits are those of a whole number.
_MANTISSA = (1 << 52) - 1
_ONE = 1023 << 52
_WHOLE = 1075 << 52
_WHOLE_OF = 2.0**52
_BIAS = 1023.0
_NEAREST = 1.5 * 2.0**52
_SQRT2 = 2.0**0.5
_LN2 = log(2.0)
# 2 / (k·ln 2) for odd k: the series, last term first.
_AREA = tuple(2.0 / (k * _LN2) for k in range(19, 0, -2))


def _all(number: int) -> Any:
    return ir.Constant(_BITS, [number] * LANES)


@instruction
def _exponent(typing: Any, x: Any) -> Any:
    """Exponents of positive x, as real numbers, 1023 and 2⁵² too large."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        bits = builder.lshr(builder.bitcast(arguments[0], _BITS), _all(52))
        return builder.bitcast(builder.or_(bits, _all(_WHOLE)), LLVM)

    return VECTOR(VECTOR), generate


@instruction
def _mantissa(typing: Any, x: Any) -> Any:
    """Mantissas of positive x, from 1 to 2."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        bits = builder.and_(builder.bitcast(arguments[0], _BITS), _all(_MANTISSA))
        return builder.bitcast(builder.or_(bits, _all(_ONE)), LLVM)

    return VECTOR(VECTOR), generate


@instruction
def _raise(typing: Any, x: Any, power: Any) -> Any:
    """Multiply x by two to the power that the last bits of ``power`` say."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        x, power = (builder.bitcast(argument, _BITS) for argument in arguments)
        return builder.bitcast(builder.add(x, builder.shl(power, _all(52))), LLVM)

    return VECTOR(VECTOR, VECTOR), generate


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def log2(x: Any) -> Any:
    """Logarithm to the base 2 of a vector of normal numbers above 0."""
    one = fill(1.0)
    mantissa = _mantissa(x)
    exponent = _exponent(x) - (_WHOLE_OF + _BIAS)
    beyond = mantissa - _SQRT2
    exponent = where_positive(beyond, exponent + 1.0, exponent)
    mantissa = where_positive(beyond, mantissa * 0.5, mantissa)
    t = (mantissa - one) / (mantissa + one)
    square = t * t
    series = fill(_AREA[0])
    for k in range(1, len(_AREA)):
        series = series * square + fill(_AREA[k])
    return exponent + t * series


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
def power_of_two(x: Any) -> Any:
    """2^x of a vector of numbers from −1000 to 1000."""
    nearest = x + _NEAREST
    rest = (x - (nearest - _NEAREST)) * _LN2
    series = fill(1.0)
    for k in range(13, 0, -1):
        series = series * rest * (1.0 / k) + 1.0
    return _raise(series, nearest)
