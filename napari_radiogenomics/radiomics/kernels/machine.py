"""What the machine does in one instruction, for kernels: vectors of numbers, bits of words.

A vector holds one number of each of `LANES` matrices, in registers wherever it can; `load` and
`store` move one between it and a row of `LANES` neighbors in memory. Vectors of equal lanes go
through the same instructions, so that a lane never depends on its neighbors.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.core.datamodel import PrimitiveModel
from numba.extending import intrinsic, overload, register_model
from numpy.typing import NDArray

__all__ = [
    "LANES",
    "LLVM",
    "VECTOR",
    "any_positive",
    "fill",
    "instruction",
    "load",
    "load_at",
    "load_counts",
    "lowest_bit",
    "root",
    "rows",
    "store",
    "where_positive",
]

LANES = 8
LLVM = ir.VectorType(ir.DoubleType(), LANES)
_ZEROS = ir.Constant(LLVM, [0.0] * LANES)


def instruction(make: Callable[..., Any]) -> Any:
    """Let compiled code call what makes its own instructions."""
    return intrinsic(make)


class _Vector(types.Type):
    """Type of a vector in compiled code."""

    def __init__(self) -> None:
        super().__init__(name=f"vector_of_{LANES}")


VECTOR = _Vector()


@register_model(_Vector)
class _VectorModel(PrimitiveModel):
    def __init__(self, dmm: Any, fe_type: Any) -> None:
        super().__init__(dmm, fe_type, LLVM)


def _row(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    """Make the address of a row of a flat array."""
    array = context.make_array(signature.args[0])(context, builder, arguments[0])
    place = builder.mul(arguments[1], ir.Constant(arguments[1].type, LANES))
    return builder.bitcast(builder.gep(array.data, [place]), LLVM.as_pointer())


@instruction
def load(typing: Any, array: Any, row: Any) -> Any:
    """Row of a flat float64 array as a vector; no bounds checking."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load(_row(context, builder, signature, arguments), align=8)

    return VECTOR(array, types.intp), generate


@instruction
def load_at(typing: Any, array: Any, place: Any) -> Any:
    """`LANES` numbers of a flat float64 array from a place on; no bounds checking."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        place = builder.gep(array.data, [arguments[1]])
        return builder.load(builder.bitcast(place, LLVM.as_pointer()), align=8)

    return VECTOR(array, types.intp), generate


@instruction
def load_counts(typing: Any, array: Any, row: Any) -> Any:
    """Row of a flat int32 array as a vector; no bounds checking."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        place = builder.mul(arguments[1], ir.Constant(arguments[1].type, LANES))
        counts = ir.VectorType(ir.IntType(32), LANES)
        address = builder.bitcast(builder.gep(array.data, [place]), counts.as_pointer())
        return builder.sitofp(builder.load(address, align=4), LLVM)

    return VECTOR(array, types.intp), generate


@instruction
def store(typing: Any, array: Any, row: Any, value: Any) -> Any:
    """Write a vector to a row of a flat float64 array; no bounds checking."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        builder.store(arguments[2], _row(context, builder, signature, arguments), align=8)
        return context.get_dummy_value()

    return types.void(array, types.intp, VECTOR), generate


@instruction
def fill(typing: Any, value: Any) -> Any:
    """Vector of one number in all lanes."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        unset, first = ir.Constant(LLVM, ir.Undefined), ir.Constant(ir.IntType(32), 0)
        one = builder.insert_element(unset, arguments[0], first)
        lanes = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
        return builder.shuffle_vector(one, unset, lanes)

    return VECTOR(types.float64), generate


@instruction
def root(typing: Any, x: Any) -> Any:
    """Square root of each lane."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(LLVM, [LLVM])
        name = f"llvm.sqrt.v{LANES}f64"
        return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), arguments)

    return VECTOR(VECTOR), generate


@instruction
def where_positive(typing: Any, x: Any, yes: Any, no: Any) -> Any:
    """Lanes of ``yes`` where x > 0, of ``no`` where it is not, or is NaN."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        positive = builder.fcmp_ordered(">", arguments[0], _ZEROS)
        return builder.select(positive, arguments[1], arguments[2])

    return VECTOR(VECTOR, VECTOR, VECTOR), generate


@instruction
def any_positive(typing: Any, x: Any) -> Any:
    """Whether x > 0 in a lane."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        bits = ir.IntType(LANES)
        positive = builder.bitcast(builder.fcmp_ordered(">", arguments[0], _ZEROS), bits)
        return builder.icmp_unsigned("!=", positive, ir.Constant(bits, 0))

    return types.boolean(VECTOR), generate


@instruction
def lowest_bit(typing: Any, word: Any) -> Any:
    """Place of the lowest bit that is set in a uint64 that is not 0."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.uint64(types.uint64), generate


def _join(name: str) -> Any:
    """Make what joins two vectors lane by lane."""

    @instruction
    def join(typing: Any, x: Any, y: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return getattr(builder, name)(*arguments)

        return VECTOR(VECTOR, VECTOR), generate

    return join


def _teach(sign: Callable[[Any, Any], Any], join: Any) -> None:
    """Let a sign of arithmetic join vectors, and vectors with numbers."""

    def both(x: Any, y: Any) -> Any:
        return join(x, y)

    def number_right(x: Any, y: Any) -> Any:
        return join(x, fill(y))

    def number_left(x: Any, y: Any) -> Any:
        return join(fill(x), y)

    @overload(sign)
    def teach(x: Any, y: Any) -> Any:
        if x == VECTOR and y == VECTOR:
            return both
        if x == VECTOR and isinstance(y, types.Float):
            return number_right
        if y == VECTOR and isinstance(x, types.Float):
            return number_left
        return None


for _sign, _name in (
    (operator.add, "fadd"),
    (operator.sub, "fsub"),
    (operator.mul, "fmul"),
    (operator.truediv, "fdiv"),
):
    _teach(_sign, _join(_name))


@njit(cache=True, nogil=True, error_model="numpy")
def rows(n: int) -> NDArray[np.float64]:
    """Zeros for ``n`` rows; none of them lies across two lines of the cache."""
    memory = np.zeros(n * LANES + 8)
    skip = (-(memory.ctypes.data // 8)) % 8
    return memory[skip : skip + n * LANES]
