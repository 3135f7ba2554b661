"""Vectors of whole numbers, for kernels: `WIDE` voxels go through one instruction.

As in `machine`, whose vectors of real numbers hold the half of one of these. Levels and counts
have 16 bits, sets 32. What is true is −1, all bits set, so that it selects, and is counted by
subtraction.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.datamodel import PrimitiveModel
from numba.extending import overload, register_model

from napari_radiogenomics.radiomics.kernels.machine import LANES, LLVM, VECTOR, instruction

__all__ = [
    "WIDE",
    "any_set",
    "as_sets",
    "equal",
    "first_half",
    "larger",
    "load_set",
    "load_whole",
    "n_set",
    "second_half",
    "sets",
    "store_whole",
    "where_set",
    "wholes",
]

WIDE = 2 * LANES
_LANE = ir.IntType(32)


class _Wholes(types.Type):
    """Type of a vector of whole numbers in compiled code."""

    def __init__(self, bits: int) -> None:
        super().__init__(name=f"wholes_of_{WIDE}_{bits}")
        self.made = ir.VectorType(ir.IntType(bits), WIDE)


_WHOLES = _Wholes(16)
_SETS = _Wholes(32)


@register_model(_Wholes)
class _WholesModel(PrimitiveModel):
    def __init__(self, dmm: Any, fe_type: Any) -> None:
        super().__init__(dmm, fe_type, fe_type.made)


def _row(made: Any, context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    """Make the address of a row of a flat array."""
    array = context.make_array(signature.args[0])(context, builder, arguments[0])
    place = builder.mul(arguments[1], ir.Constant(arguments[1].type, WIDE))
    return builder.bitcast(builder.gep(array.data, [place]), made.as_pointer())


def _load(kind: _Wholes) -> Any:
    """Make what loads a row of a flat array."""

    @instruction
    def load(typing: Any, array: Any, row: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            address = _row(kind.made, context, builder, signature, arguments)
            return builder.load(address, align=2)

        return kind(array, types.intp), generate

    return load


def _fill(kind: _Wholes) -> Any:
    """Make what fills a vector with one number."""

    @instruction
    def fill(typing: Any, value: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            one = builder.trunc(arguments[0], kind.made.element)
            unset = ir.Constant(kind.made, ir.Undefined)
            one = builder.insert_element(unset, one, ir.Constant(_LANE, 0))
            lanes = ir.Constant(ir.VectorType(_LANE, WIDE), [0] * WIDE)
            return builder.shuffle_vector(one, unset, lanes)

        return kind(types.int64), generate

    return fill


# Row of a flat array of int16, or of int32, as a vector; no bounds checking.
load_whole = _load(_WHOLES)
load_set = _load(_SETS)
# Vector of one number, or of one set, in all lanes.
wholes = _fill(_WHOLES)
sets = _fill(_SETS)


@instruction
def store_whole(typing: Any, array: Any, row: Any, value: Any) -> Any:
    """Write a vector to a row of a flat array of its numbers; no bounds checking."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        address = _row(value.made, context, builder, signature, arguments)
        builder.store(arguments[2], address, align=2)
        return context.get_dummy_value()

    return types.void(array, types.intp, value), generate


@instruction
def as_sets(typing: Any, x: Any) -> Any:
    """What is true of levels, made true of sets."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.sext(arguments[0], _SETS.made)

    return _SETS(_WHOLES), generate


@instruction
def equal(typing: Any, x: Any, y: Any) -> Any:
    """−1 in lanes where x is y, else 0."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.sext(builder.icmp_signed("==", *arguments), x.made)

    return x(x, x), generate


@instruction
def larger(typing: Any, x: Any, y: Any) -> Any:
    """The larger of x and y."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.select(builder.icmp_signed(">", *arguments), *arguments)

    return x(x, x), generate


@instruction
def where_set(typing: Any, x: Any, y: Any) -> Any:
    """Lanes of y where a bit of x is set, else 0."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        none = ir.Constant(x.made, [0] * WIDE)
        is_set = builder.icmp_signed("!=", arguments[0], none)
        return builder.select(is_set, arguments[1], none)

    return x(x, x), generate


@instruction
def any_set(typing: Any, x: Any) -> Any:
    """Whether a bit is set in a lane."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        bits = ir.IntType(x.made.element.width * WIDE)
        word = builder.bitcast(arguments[0], bits)
        return builder.icmp_unsigned("!=", word, ir.Constant(bits, 0))

    return types.boolean(x), generate


@instruction
def n_set(typing: Any, x: Any) -> Any:
    """How many bits are set in each lane of sets."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(x.made, [x.made])
        name = f"llvm.ctpop.v{WIDE}i32"
        return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), arguments)

    return x(_SETS), generate


def _half(begin: int) -> Any:
    """Make what gives a half of a vector."""

    @instruction
    def half(typing: Any, x: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            lanes = ir.VectorType(_LANE, LANES)(list(range(begin, begin + LANES)))
            unset = ir.Constant(x.made, ir.Undefined)
            return builder.uitofp(builder.shuffle_vector(*arguments, unset, lanes), LLVM)

        return VECTOR(x), generate

    return half


# Half of a vector, without signs, as a vector of real numbers.
first_half = _half(0)
second_half = _half(LANES)


def _teach(sign: Callable[[Any, Any], Any], name: str) -> None:
    """Let a sign of arithmetic join vectors."""

    @instruction
    def join(typing: Any, x: Any, y: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return getattr(builder, name)(*arguments)

        return x(x, y), generate

    def both(x: Any, y: Any) -> Any:
        return join(x, y)

    @overload(sign)
    def teach(x: Any, y: Any) -> Any:
        return both if isinstance(x, _Wholes) and x == y else None


for _sign, _name in (
    (operator.add, "add"),
    (operator.sub, "sub"),
    (operator.mul, "mul"),
    (operator.and_, "and_"),
    (operator.or_, "or_"),
    (operator.xor, "xor"),
):
    _teach(_sign, _name)
