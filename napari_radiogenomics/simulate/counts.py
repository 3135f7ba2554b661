"""RNA counts that follow the fields of the tumour: negative binomial, with library sizes.

Gene names are facts; `genes.csv` lists about 2,000 symbols by set. Sources: the Hallmark
collection of MSigDB 7.0 (Liberzon et al. 2015, https://doi.org/10.1016/j.cels.2015.12.004,
CC BY 4.0); hypoxia: Buffa et al. 2010 (https://doi.org/10.1038/sj.bjc.6605450);
angiogenesis: Cristescu et al. 2022 (https://doi.org/10.1136/jitc-2021-003091); VEGF ligands
and receptors; commonly used housekeeping genes.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from napari_radiogenomics.simulate.fields import PROGRAMS
from napari_radiogenomics.simulate.randomness import stream

__all__ = ["Genes", "counts", "expected_log2", "gene_sets", "genes", "gmt"]

_DRIVEN = {
    "hypoxia": ("BUFFA_HYPOXIA", "HALLMARK_HYPOXIA"),
    "angiogenesis": ("CRISTESCU_ANGIOGENESIS", "VEGF_LIGAND_RECEPTOR", "HALLMARK_ANGIOGENESIS"),
    "proliferation": ("HALLMARK_E2F_TARGETS", "HALLMARK_G2M_CHECKPOINT"),
    "emt": ("HALLMARK_EPITHELIAL_MESENCHYMAL_TRANSITION",),
    "immune": (
        "HALLMARK_INFLAMMATORY_RESPONSE",
        "HALLMARK_INTERFERON_GAMMA_RESPONSE",
        "HALLMARK_INTERFERON_ALPHA_RESPONSE",
        "HALLMARK_IL6_JAK_STAT3_SIGNALING",
        "HALLMARK_TNFA_SIGNALING_VIA_NFKB",
    ),
}
_SOURCES = {
    "BUFFA": "Buffa 2010, doi:10.1038/sj.bjc.6605450",
    "CRISTESCU": "Cristescu 2022, doi:10.1136/jitc-2021-003091",
    "HALLMARK": "MSigDB Hallmark 7.0, CC BY 4.0, doi:10.1016/j.cels.2015.12.004",
    "VEGF": "VEGF ligands and receptors",
    "HOUSEKEEPING": "Commonly used reference genes",
}
# The genes behave alike in every simulated cohort: biology does not depend on the seed.
_BIOLOGY = 20260101
MEDIAN_LIBRARY = 3.0e6


@dataclass(frozen=True)
class Genes:
    """What is fixed about each gene.

    Attributes
    ----------
    symbols : tuple of str, length G
        Gene symbols.
    base : ndarray, shape (G,)
        log2 of the mean count in a library of median size.
    loadings : ndarray, shape (G, 5)
        log2 change per unit of each program.
    dispersion : ndarray, shape (G,)
        Biological overdispersion: variance = mean + dispersion × mean².
    """

    symbols: tuple[str, ...]
    base: NDArray[np.float64]
    loadings: NDArray[np.float64]
    dispersion: NDArray[np.float64]


@functools.cache
def gene_sets() -> dict[str, tuple[str, ...]]:
    """Gene sets by name, from the table in the package."""
    text = files("napari_radiogenomics.simulate").joinpath("genes.csv").read_text("utf-8")
    sets: dict[str, list[str]] = {}
    for line in text.splitlines()[1:]:
        symbol, name = line.split(",")
        sets.setdefault(name, []).append(symbol)
    return {name: tuple(symbols) for name, symbols in sets.items()}


def gmt() -> str:
    """Return the gene sets as the text of a GMT file, with their sources."""
    lines = []
    for name, symbols in gene_sets().items():
        source = next((text for key, text in _SOURCES.items() if name.startswith(key)), "")
        if source:
            lines.append("\t".join([name, source, *symbols]))
    return "\n".join(lines) + "\n"


@functools.cache
def genes() -> Genes:
    """Return the genes and how each follows the programs; the same in every cohort."""
    sets = gene_sets()
    symbols = tuple(dict.fromkeys(symbol for names in sets.values() for symbol in names))
    rng = stream(_BIOLOGY, "genes")
    count = len(symbols)
    base = np.clip(rng.normal(8.3, 1.7, count), 3.0, 13.5)
    strength = rng.uniform(0.25, 0.85, count)
    dispersion = 0.05 * np.exp(rng.normal(0, 0.4, count))
    member = np.zeros((count, len(PROGRAMS)))
    for column, program in enumerate(PROGRAMS):
        inside = {symbol for name in _DRIVEN[program] for symbol in sets[name]}
        member[:, column] = [symbol in inside for symbol in symbols]
    loadings = strength[:, None] * member / np.sqrt(np.maximum(member.sum(1, keepdims=True), 1))
    steady = np.isin(symbols, sets["HOUSEKEEPING"])
    dispersion[steady] = 0.02
    loadings[np.array(symbols) == "HIF1A"] = 0.0  # regulated at the protein, not at the mRNA
    return Genes(symbols, base, loadings, dispersion)


def expected_log2(activity: NDArray[np.float64]) -> NDArray[np.float64]:
    """log2 of the expected expression of tissue made of several places.

    Parameters
    ----------
    activity : ndarray, shape (P, 5)
        Programs at P places of the tissue; what is sequenced is the mean of their RNA.

    Returns
    -------
    ndarray, shape (G,)
    """
    table = genes()
    linear = np.exp2(activity @ table.loadings.T).mean(axis=0)
    return table.base + np.log2(linear)


def counts(
    log2: NDArray[np.float64], rng: np.random.Generator, *, altered: tuple[str, ...] = ()
) -> NDArray[np.int64]:
    """Draw the counts of one sample.

    Parameters
    ----------
    log2 : ndarray, shape (G,)
        log2 of the expected expression.
    rng : numpy.random.Generator
        Stream of the sample.
    altered : tuple of str, optional
        Genes whose alteration raises their own expression (EGFR).

    Returns
    -------
    ndarray of int, shape (G,)
        Gamma-Poisson draws (negative binomial) of the sample's library.
    """
    table = genes()
    raised = np.isin(table.symbols, altered) * 1.2
    expression = np.exp2(log2 + raised)
    library = MEDIAN_LIBRARY * np.exp(rng.normal(0, 0.35))
    mean = expression / np.exp2(table.base).sum() * library
    shape = 1 / table.dispersion
    return rng.poisson(rng.gamma(shape, mean / shape))
