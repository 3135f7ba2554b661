"""Small whole numbers in vectors, for kernels: `WIDE` voxels go through one instruction.

As in `machine`, whose vectors of real numbers hold the half of one of these. Whole numbers have
16 bits; what is true is −1, all bits set, so that it selects and is counted by subtraction.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core.datamodel import PrimitiveModel
from numba.extending import overload, register_model

from napari_radiogenomics.radiomics.kernels.machine import LANES, LLVM, VECTOR, instruction

__all__ = [
    "WIDE",
    "equal",
    "first_half",
    "larger",
    "load_whole",
    "second_half",
    "store_whole",
    "wholes",
]

WIDE = 2 * LANES
_WHOLE = ir.VectorType(ir.IntType(16), WIDE)
_LANE = ir.IntType(32)


class _Wholes(types.Type):
    """Type of a vector of whole numbers in compiled code."""

    def __init__(self) -> None:
        super().__init__(name=f"wholes_of_{WIDE}")


_WHOLES = _Wholes()


@register_model(_Wholes)
class _WholesModel(PrimitiveModel):
    def __init__(self, dmm: Any, fe_type: Any) -> None:
        super().__init__(dmm, fe_type, _WHOLE)


def _row(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    """Make the address of a row of a flat array."""
    array = context.make_array(signature.args[0])(context, builder, arguments[0])
    place = builder.mul(arguments[1], ir.Constant(arguments[1].type, WIDE))
    return builder.bitcast(builder.gep(array.data, [place]), _WHOLE.as_pointer())


@instruction
def load_whole(typing: Any, array: Any, row: Any) -> Any:
    """Row of a flat int16 array as a vector; no bounds checking."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load(_row(context, builder, signature, arguments), align=2)

    return _WHOLES(array, types.intp), generate


@instruction
def store_whole(typing: Any, array: Any, row: Any, value: Any) -> Any:
    """Write a vector to a row of a flat int16 array; no bounds checking."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        builder.store(arguments[2], _row(context, builder, signature, arguments), align=2)
        return context.get_dummy_value()

    return types.void(array, types.intp, _WHOLES), generate


@instruction
def wholes(typing: Any, value: Any) -> Any:
    """Vector of one whole number in all lanes."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        one = builder.trunc(arguments[0], ir.IntType(16))
        unset = ir.Constant(_WHOLE, ir.Undefined)
        one = builder.insert_element(unset, one, ir.Constant(_LANE, 0))
        lanes = ir.Constant(ir.VectorType(_LANE, WIDE), [0] * WIDE)
        return builder.shuffle_vector(one, unset, lanes)

    return _WHOLES(types.int64), generate


@instruction
def equal(typing: Any, x: Any, y: Any) -> Any:
    """−1 in lanes where x is y, else 0."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.sext(builder.icmp_signed("==", *arguments), _WHOLE)

    return _WHOLES(_WHOLES, _WHOLES), generate


@instruction
def larger(typing: Any, x: Any, y: Any) -> Any:
    """The larger of x and y."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.select(builder.icmp_signed(">", *arguments), *arguments)

    return _WHOLES(_WHOLES, _WHOLES), generate


def _half(begin: int) -> Any:
    """Make what gives a half of a vector."""

    @instruction
    def half(typing: Any, x: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            lanes = ir.VectorType(_LANE, LANES)(list(range(begin, begin + LANES)))
            unset = ir.Constant(_WHOLE, ir.Undefined)
            return builder.uitofp(builder.shuffle_vector(*arguments, unset, lanes), LLVM)

        return VECTOR(_WHOLES), generate

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

        return _WHOLES(_WHOLES, _WHOLES), generate

    def both(x: Any, y: Any) -> Any:
        return join(x, y)

    @overload(sign)
    def teach(x: Any, y: Any) -> Any:
        return both if x == _WHOLES and y == _WHOLES else None


for _sign, _name in (
    (operator.add, "add"),
    (operator.sub, "sub"),
    (operator.mul, "mul"),
    (operator.and_, "and_"),
    (operator.or_, "or_"),
):
    _teach(_sign, _name)
