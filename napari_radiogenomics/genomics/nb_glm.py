"""Negative binomial regression of many genes at once, and dispersions within a design.

The likelihood and its Cox-Reid adjustment are McCarthy, Chen and Smyth's
(https://doi.org/10.1093/nar/gks042); where edgeR's answer depends on how it searches (the
bounded search of the common dispersion, the spline over 11 points of each gene) the search is
the same. Letters: N samples, G genes, P columns of the design.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["common_dispersion", "fit_glm", "gene_dispersions"]

Reals = NDArray[np.float64]

_MIN_TOTAL = 5
_GRID = np.linspace(-6, 6, 11)  # log2 of the dispersion over the common one
_ROUNDS = 100


def fit_glm(counts: Reals, design: Reals, dispersion: Reals, offset: Reals) -> tuple[Reals, Reals]:
    """Fit a log-linear model to each gene.

    Parameters
    ----------
    counts : ndarray, shape (N, G)
        Counts.
    design : ndarray, shape (N, P)
        Of full rank.
    dispersion : ndarray, broadcast to (N, G)
        Of the negative binomial.
    offset : ndarray, broadcast to (N, G)
        Logarithm of the library sizes.

    Returns
    -------
    coefficients : ndarray, shape (P, G)
        Natural logarithms.
    means : ndarray, shape (N, G)
        Fitted counts.
    """
    dispersion = np.broadcast_to(dispersion, counts.shape)
    offset = np.broadcast_to(offset, counts.shape)
    start = np.log(counts + 0.5) - offset
    beta = np.asarray(np.linalg.lstsq(design, start, rcond=None)[0], np.float64)
    eta, loss = _loss(counts, design, dispersion, offset, beta)
    damping = np.zeros(counts.shape[1])
    going = np.arange(counts.shape[1])
    for _ in range(_ROUNDS):
        y, phi = counts[:, going], dispersion[:, going]
        step, gain = _step(y, design, phi, np.exp(eta[:, going]), damping[going])
        proposed = beta[:, going] + step
        new_eta, new_loss = _loss(y, design, phi, offset[:, going], proposed)
        better = new_loss <= loss[going] + 1e-12 * np.abs(loss[going])
        moved = going[better]
        beta[:, moved], eta[:, moved] = proposed[:, better], new_eta[:, better]
        loss[moved] = new_loss[better]
        damping[moved] /= 10
        damping[going[~better]] = np.maximum(damping[going[~better]] * 10, 1e-3)
        going = going[~(better & (gain < 1e-14 * (1 + np.abs(new_loss))))]
        if not going.size:
            break
    return beta, np.exp(eta)


def _loss(y: Reals, design: Reals, phi: Reals, offset: Reals, beta: Reals) -> tuple[Reals, Reals]:
    """Linear predictor and minus log likelihood up to a constant, shape (G,)."""
    eta: Reals = np.clip(design @ beta + offset, -50, 50)
    loss: Reals = np.sum((y + 1 / phi) * np.log1p(phi * np.exp(eta)) - y * eta, axis=0)
    return eta, loss


def _step(y: Reals, design: Reals, phi: Reals, mu: Reals, damping: Reals) -> tuple[Reals, Reals]:
    """Levenberg step of each gene, shape (P, G), and what it promises to gain, shape (G,)."""
    inverse = 1 / (1 + phi * mu)
    information = _information(design, mu * inverse)
    diagonal = np.einsum("gpp->gp", information)
    diagonal += damping[:, None] * diagonal + 1e-12
    score = ((y - mu) * inverse).T @ design  # (G, P)
    step: Reals = np.asarray(np.linalg.solve(information, score[..., None]), np.float64)[..., 0]
    return step.T, np.einsum("gp,gp->g", step, score)


def _information(design: Reals, weight: Reals) -> Reals:
    """Fisher information of each gene, shape (G, P, P)."""
    pairs = design[:, :, None] * design[:, None, :]
    return np.tensordot(weight.T, pairs, axes=1)


def _adjusted_profile(counts: Reals, design: Reals, dispersion: Reals, offset: Reals) -> Reals:
    """Cox-Reid adjusted profile log likelihood of each gene, shape (G,)."""
    from scipy.special import gammaln

    _, mu = fit_glm(counts, design, dispersion, offset)
    size = 1 / np.broadcast_to(dispersion, counts.shape)
    log_total = np.log(mu + size)
    found = counts * (np.log(mu) - log_total) + size * (np.log(size) - log_total)
    found += gammaln(counts + size) - gammaln(counts + 1) - gammaln(size)
    _, logdet = np.linalg.slogdet(_information(design, mu / (1 + mu / size)))
    return found.sum(axis=0) - 0.5 * logdet


def common_dispersion(counts: Reals, design: Reals) -> float:
    """One dispersion for all genes, between 0 and 4.

    Parameters
    ----------
    counts : ndarray, shape (N, G)
        Counts; genes with fewer than 5 reads in all do not count.
    design : ndarray, shape (N, P)
        Of full rank, P < N.
    """
    from scipy.optimize import fminbound

    offset = np.log(counts.sum(axis=1))[:, None]
    used = counts[:, counts.sum(axis=0) >= _MIN_TOTAL]

    def loss(root: float) -> float:
        dispersion = np.array(max(root**4, 1e-300))
        return -float(_adjusted_profile(used, design, dispersion, offset).sum())

    return float(fminbound(loss, 0.0, 4.0**0.25, xtol=1e-5) ** 4)


def gene_dispersions(counts: Reals, design: Reals, common: float) -> Reals:
    """Dispersion of each gene, from a spline through 11 points around the common one.

    Returns
    -------
    ndarray, shape (G,)
        The common one for genes with fewer than 5 reads in all.
    """
    offset = np.log(counts.sum(axis=1))[:, None]
    used = counts.sum(axis=0) >= _MIN_TOTAL
    found = np.full(counts.shape[1], common)
    if used.any():
        profile = np.array(
            [
                _adjusted_profile(counts[:, used], design, np.array(common * 2**at), offset)
                for at in _GRID
            ]
        )
        found[used] = common * 2 ** _spline_maximum(_GRID, profile)
    return found


def _spline_maximum(x: Reals, y: Reals) -> Reals:
    """Where the cubic spline through each column of ``y`` is highest, beside its highest point."""
    linear, square, cube = _spline(x, y)
    columns = np.arange(y.shape[1])
    top = y.argmax(axis=0)
    best, where = y[top, columns], x[top]
    for segment in (top - 1, top):
        inside = (segment >= 0) & (segment < len(x) - 1)
        at = np.clip(segment, 0, len(x) - 2)
        b, c, d = linear[at, columns], square[at, columns], cube[at, columns]
        with np.errstate(invalid="ignore", divide="ignore"):
            root = (-2 * c - np.sqrt(4 * c**2 - 12 * d * b)) / (6 * d)
            height = ((d * root + c) * root + b) * root + y[at, columns]
            better = inside & (root > 0) & (root < (x[at + 1] - x[at])) & (height > best)
        best, where = np.where(better, height, best), np.where(better, x[at] + root, where)
    return where


def _spline(x: Reals, y: Reals) -> tuple[Reals, Reals, Reals]:
    """Cubic spline whose ends follow the cubic through the first and last four points.

    Returns
    -------
    linear, square, cube : ndarray, shape (len(x) - 1, G)
        Coefficients in each segment, from its left end.
    """
    h = np.diff(x)
    slopes = np.diff(y, axis=0) / h[:, None]
    second = np.diff(slopes, axis=0)  # times the width, the second divided difference
    divided = second / (x[2:] - x[:-2])[:, None]
    third = np.diff(divided, axis=0) / (x[3:] - x[:-3])[:, None]
    system = np.zeros((len(x), len(x)))
    inner = np.arange(1, len(x) - 1)
    system[inner, inner - 1], system[inner, inner + 1] = h[:-1], h[1:]
    system[inner, inner] = 2 * (h[:-1] + h[1:])
    system[0, :2] = system[-1, -2:] = (-1.0, 1.0)
    right = np.vstack([third[:1] * h[0], second, third[-1:] * h[-1]])
    sigma = np.linalg.solve(system, right)
    rise = np.diff(sigma, axis=0)
    linear = slopes - h[:, None] * (sigma[1:] + 2 * sigma[:-1])
    return linear, 3 * sigma[:-1], rise / h[:, None]
