"""Adaptive Gauss-Kronrod quadrature of many intervals at once.

`scipy.integrate.quad_vec` asks for one point at a time, which makes an integrand that is cheap in
bulk twenty times as expensive.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from convexden.tolerances import COST_ROUNDING

Array = NDArray[np.float64]

# Nodes x >= 0 and weights of the rules of QUADPACK's qk21, outwards from 0.  The Gauss rule has
# every other node.
_NODES = (
    0.0,
    0.148874338981631210884826001129720,
    0.294392862701460198131126603103866,
    0.433395394129247190799265943165784,
    0.562757134668604683339000099272694,
    0.679409568299024406234327365114874,
    0.780817726586416897063717578345042,
    0.865063366688984510732096688423493,
    0.930157491355708226001207180059508,
    0.973906528517171720077964012084452,
    0.995657163025808080735527280689003,
)
_KRONROD = (
    0.149445554002916905664936468389821,
    0.147739104901338491374841515972068,
    0.142775938577060080797094273138717,
    0.134709217311473325928054001771707,
    0.123491976262065851077958109831074,
    0.109387158802297641899210590325805,
    0.093125454583697605535065465083366,
    0.075039674810919952767043140916190,
    0.054755896574351996031381300244580,
    0.032558162307964727478818972459390,
    0.011694638867371874278064396062192,
)
_GAUSS = (
    0.295524224714752870173892994651338,
    0.269266719309996355091226921569469,
    0.219086362515982043995534934228163,
    0.149451349150580593145776339657697,
    0.066671344308688137593568809893332,
)

LIMIT = 5_000  # intervals; what is not resolved then counts into the accuracy
BLOCK = 2048  # points that the integrand is asked for at once


def integrate(
    f: Callable[[Array], Array], marks: Array, relative: float = COST_ROUNDING
) -> tuple[Array, float]:
    """Integrate a vector function over all intervals between marks.

    An interval is bisected as long as its error is more than its share of the accuracy.  The
    error of the 21-point rule is estimated as in QUADPACK, from its difference to the 10-point
    rule, and is not below its rounding.

    Parameters
    ----------
    f : callable
        (M,) points -> (k, M) values.
    marks : (m,) array
        In order.  The function may bend or jump there.
    relative : float
        Accuracy that is asked for, in units of the largest of the k integrals of absolute values.

    Returns
    -------
    integrals : (k,) array
    accuracy : float
        Estimate of the largest of their absolute errors.
    """
    start, stop = marks[:-1], marks[1:]
    values, errors, rounding, sizes = _rule(f, start, stop)
    share = relative * sizes.sum(axis=1).max() / len(marks)
    integrals, accuracy, count = np.zeros(len(values)), 0.0, len(start)
    while True:
        rough = errors > share
        rough &= count + 2 * rough.sum() <= LIMIT
        integrals = integrals + values[:, ~rough].sum(axis=1)
        accuracy += float(np.maximum(errors, rounding)[~rough].sum())
        if not rough.any():
            return integrals, accuracy
        middle = (start + stop)[rough] / 2
        start = np.concatenate([start[rough], middle])
        stop = np.concatenate([middle, stop[rough]])
        count += len(start)
        values, errors, rounding, _ = _rule(f, start, stop)


def _rule(
    f: Callable[[Array], Array], start: Array, stop: Array
) -> tuple[Array, Array, Array, Array]:
    """Integrals (k, m) over intervals, errors (m,), rounding errors (m,) and integrals of |f|."""
    half = (stop - start) / 2
    points = ((start + stop) / 2)[:, None] + half[:, None] * NODES
    blocks = np.array_split(points.ravel(), -(-points.size // BLOCK))
    y = np.concatenate([f(block) for block in blocks], axis=1)
    y = y.reshape(len(y), len(half), NODES.size)
    kronrod, gauss = y @ KRONROD, y[:, :, 1::2] @ GAUSS
    errors = (np.abs(kronrod - gauss) * half).max(axis=0)
    spread = (np.abs(y - kronrod[:, :, None] / 2) @ KRONROD * half).max(axis=0)
    share = np.divide(errors, spread, out=np.zeros_like(errors), where=spread > 0)
    sizes = np.abs(y) @ KRONROD * half
    rounding = 50 * np.finfo(float).eps * sizes.max(axis=0)
    return kronrod * half, spread * np.minimum(1.0, (200 * share) ** 1.5), rounding, sizes


def _both(half: tuple[float, ...], sign: float = 1.0) -> Array:
    """Values at nodes of both signs from those at the positive ones."""
    return np.concatenate([sign * np.array(half[::-1]), half])


NODES = np.unique(_both(_NODES, -1.0))
KRONROD = np.delete(_both(_KRONROD), len(_KRONROD))
GAUSS = _both(_GAUSS)
