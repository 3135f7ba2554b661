"""Negative binomial regression that stops where edgeR's does.

Counts are matched by quantiles in ComBat-seq, so that a coefficient that differs in the seventh
figure moves a count over an edge now and then. edgeR (https://doi.org/10.1093/nar/gks042) begins
at the fit of one group and ends when a step promises to gain less than 1e-6; so does this. Where
the optimum itself is wanted, `nb_glm.fit_glm` goes on to the last figure. Letters: N samples, G
genes, P columns of the design.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["fit_levenberg", "fit_with_prior"]

Reals = NDArray[np.float64]

_TOLERANCE, _ROUNDS = 1e-6, 250
_FIRST_DAMPING, _LEAST_DAMPING, _MOST_DAMPING = 1e-6, 1e-13, 1e13
_LOW = 1e-10  # a deviance of no account, in parts of the largest count
_POISSON = 1e-4  # dispersions below it


def fit_levenberg(
    counts: Reals, design: Reals, dispersion: Reals, offset: Reals
) -> tuple[Reals, Reals]:
    """Fit a log-linear model to each gene.

    Parameters
    ----------
    counts : ndarray, shape (N, G)
        Counts, not all zero in any gene.
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
    phi, off = (np.broadcast_to(part, counts.shape) for part in (dispersion, offset))
    fit = _Fit(counts, design, phi, off, _start(counts, design, phi, off))
    going = np.arange(counts.shape[1])
    for _ in range(_ROUNDS):
        going = fit.step(going)
        if not going.size:
            break
    return fit.beta, fit.mu


class _Fit:
    """Coefficients and means of all genes on their way, each with a damping of its own."""

    def __init__(self, y: Reals, design: Reals, phi: Reals, offset: Reals, beta: Reals) -> None:
        self.y, self.design, self.phi, self.offset, self.beta = y, design, phi, offset, beta
        self.mu: Reals = np.exp(design @ beta + offset)
        self.deviance, self.top = _deviance(y, self.mu, phi), y.max(axis=0)
        self.damping: Reals | None = None
        self.most = np.full(y.shape[1], -1.0)  # largest information seen

    def step(self, going: NDArray[np.intp]) -> NDArray[np.intp]:
        """Take one step in some genes; those that are to go on."""
        information, score = _slope(
            self.y[:, going], self.mu[:, going], self.phi[:, going], self.design
        )
        diagonal = np.einsum("gpp->gp", information)
        self.most[going] = np.maximum(self.most[going], diagonal.max(axis=1))
        if self.damping is None:
            self.damping = np.maximum(self.most * _FIRST_DAMPING, _LEAST_DAMPING)
        steps = np.zeros_like(score)
        ended = np.zeros(len(going), bool)
        trying = np.arange(len(going))
        at_once = trying[:0]
        while trying.size:
            own = going[trying]
            good, low, step = self._try(own, information[trying], score[trying])
            if len(trying) == len(going):
                at_once = trying[good]
            steps[trying[good]] = step[good]
            self.damping[own[~good]] *= 2
            lost = ~good & (self.damping[own] > _MOST_DAMPING * self.most[own])
            ended[trying[low | lost]] = True
            trying = trying[~good & ~lost]
        self.damping[going[at_once]] /= 10
        ended |= np.einsum("gp,gp->g", steps, score) < _TOLERANCE
        return going[~ended]

    def _try(
        self, own: NDArray[np.intp], information: Reals, score: Reals
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_], Reals]:
        """Try a step in some genes: where it was taken, whose fit is perfect, and the steps."""
        damping = np.zeros(len(own)) if self.damping is None else self.damping[own]
        ridge = damping[:, None, None] * np.eye(self.design.shape[1])
        solved = np.linalg.solve(information + ridge, score[..., None])[..., 0]
        step = np.asarray(solved, np.float64)
        beta = self.beta[:, own] + step.T
        mu: Reals = np.exp(self.design @ beta + self.offset[:, own])
        deviance = _deviance(self.y[:, own], mu, self.phi[:, own])
        low = deviance / self.top[own] < _LOW
        good = (deviance <= self.deviance[own]) | low
        taken = own[good]
        self.beta[:, taken], self.mu[:, taken] = beta[:, good], mu[:, good]
        self.deviance[taken] = deviance[good]
        return good, low, step


def fit_with_prior(
    counts: Reals, design: Reals, dispersion: Reals, offset: Reals, prior_count: float
) -> Reals:
    """Coefficients after a small count is added, in proportion to the library sizes.

    Returns
    -------
    ndarray, shape (P, G)
        Finite even where a group has no reads.
    """
    library = np.exp(offset)
    prior = prior_count * library / library.mean(axis=0)
    return fit_levenberg(counts + prior, design, dispersion, np.log(library + 2 * prior))[0]


def _start(counts: Reals, design: Reals, dispersion: Reals, offset: Reals) -> Reals:
    """Coefficients that come nearest to one level for all samples, shape (P, G)."""
    library: Reals = np.exp(offset)
    weight = library / (1 + dispersion * library)
    level = np.log((counts * weight / library).sum(axis=0) / weight.sum(axis=0))
    same = np.broadcast_to(level, counts.shape)
    return np.asarray(np.linalg.lstsq(design, same, rcond=None)[0], np.float64)


def _slope(y: Reals, mu: Reals, phi: Reals, design: Reals) -> tuple[Reals, Reals]:
    """Fisher information, shape (G, P, P), and derivative of the log likelihood, (G, P)."""
    inverse = 1 / (1 + phi * mu)
    pairs = design[:, :, None] * design[:, None, :]
    information: Reals = np.tensordot((mu * inverse).T, pairs, axes=1)
    return information, ((y - mu) * inverse).T @ design


def _deviance(y: Reals, mu: Reals, phi: Reals) -> Reals:
    """Deviance of each gene, shape (G,); of Poisson counts where the dispersion is tiny."""
    y, mu = y + 1e-8, mu + 1e-8
    with np.errstate(divide="ignore", invalid="ignore"):
        poisson = y * np.log(y / mu) - (y - mu)
        negative = y * np.log(y / mu) - (y + 1 / phi) * np.log((1 + phi * y) / (1 + phi * mu))
    found: Reals = 2 * np.where(phi < _POISSON, poisson, negative).sum(axis=0)
    return found
