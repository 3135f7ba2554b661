"""Numbers of curves that can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from scipy.special import ellipe, i0e

from napari_radiogenomics.vessels.centerline import smooth_path
from napari_radiogenomics.vessels.tortuosity import (
    METRICS,
    local_distance_metric,
    moving_mean,
    shape_of,
)


def helix(radius: float, pitch: float, turns: float = 4, count: int = 4000) -> np.ndarray:
    angle = np.linspace(0, 2 * np.pi * turns, count)
    return np.stack(
        [radius * np.cos(angle), radius * np.sin(angle), pitch * angle / (2 * np.pi)], axis=1
    )


def wave(amplitude: float, length: float, waves: int = 3, count: int = 4000) -> np.ndarray:
    """A sine in a plane, sampled evenly along its course."""
    z = np.linspace(0, waves * length, 20 * count)
    fine = np.stack([amplitude * np.sin(2 * np.pi * z / length), 0 * z, z], axis=1)
    along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(fine, axis=0), axis=1))])
    even = np.linspace(0, along[-1], count)
    return np.stack([np.interp(even, along, column) for column in fine.T], axis=1)


def test_a_line_is_straight() -> None:
    line = np.outer(np.arange(50.0), [1, 2, 2])
    metrics = shape_of(line).metrics()
    assert shape_of(line).length == pytest.approx(147)
    assert metrics["distance_metric"] == pytest.approx(1)
    assert metrics["inflection_count"] == pytest.approx(1)
    assert [metrics[name] for name in ("sum_of_angles", "curvature", "torsion")] == pytest.approx(
        [0, 0, 0], abs=1e-6
    )


@pytest.mark.parametrize(("radius", "pitch"), [(1.0, 12.0), (3.0, 20.0), (2.0, 6.0)])
def test_a_helix_has_the_curvature_and_torsion_of_the_textbook(radius, pitch) -> None:
    slope = pitch / (2 * np.pi)
    square = radius**2 + slope**2
    metrics = shape_of(helix(radius, pitch)).metrics()
    assert metrics["distance_metric"] == pytest.approx(np.sqrt(square) / slope, rel=1e-3)
    assert metrics["curvature"] == pytest.approx(radius / square, rel=1e-3)
    assert metrics["torsion"] == pytest.approx(slope / square, rel=1e-3)
    # In-plane and torsional angle of a step are both constant: the root of their squares.
    assert metrics["sum_of_angles"] == pytest.approx(1 / np.sqrt(square), rel=1e-3)
    assert metrics["inflection_count"] == pytest.approx(metrics["distance_metric"])


def test_a_sine_has_the_length_of_an_ellipse_and_an_inflection_at_each_zero() -> None:
    amplitude, length, waves = 3.0, 20.0, 3
    steep = 2 * np.pi * amplitude / length
    # Arc length of a sine over a wave: a complete elliptic integral of the second kind.
    arc = 2 / np.pi * length * np.sqrt(1 + steep**2) * ellipe(steep**2 / (1 + steep**2))
    shape = shape_of(wave(amplitude, length, waves), least_curvature=1e-3)
    assert shape.length == pytest.approx(waves * arc, rel=1e-5)
    assert shape.distance_metric == pytest.approx(arc / length, rel=1e-5)
    assert shape.inflections == 2 * waves - 1  # the ends of the curve are zeros too
    assert shape.metrics()["inflection_count"] == pytest.approx(2 * waves * arc / length, rel=1e-4)
    assert shape.metrics()["torsion"] == pytest.approx(0, abs=1e-3)  # it stays in its plane
    # It turns from its steepest angle to the opposite one and back in every wave.
    turned = shape.metrics()["curvature"] * shape.length
    assert turned == pytest.approx(4 * waves * np.arctan(steep), rel=1e-3)


def test_a_half_circle_and_a_right_angle() -> None:
    angle = np.linspace(0, np.pi, 500)
    half = shape_of(np.stack([5 * np.cos(angle), 5 * np.sin(angle)], axis=1))
    assert half.distance_metric == pytest.approx(np.pi / 2, rel=1e-4)
    assert half.metrics()["curvature"] == pytest.approx(1 / 5, rel=1e-3)
    corner = np.array([[0, 0], [1, 0], [2, 0], [3, 0], [3, 1], [3, 2], [3, 3]], float)
    assert shape_of(corner).distance_metric == pytest.approx(np.sqrt(2))


def test_a_loop_has_no_distance_metric() -> None:
    angle = np.linspace(0, 2 * np.pi, 400)
    loop = shape_of(np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=1), closed=True)
    assert np.isnan(loop.distance_metric)
    assert loop.metrics()["curvature"] == pytest.approx(1, rel=1e-2)


def test_corkscrews_are_found_by_the_sum_of_angles_where_the_distance_metric_misses_them() -> None:
    wide = shape_of(helix(6.0, 60.0)).metrics()
    tight = shape_of(helix(0.6, 6.0, turns=40)).metrics()
    assert wide["distance_metric"] == pytest.approx(tight["distance_metric"], rel=1e-2)
    assert tight["sum_of_angles"] > 9 * wide["sum_of_angles"]


@given(st.integers(0, 1000), st.floats(0.2, 5))
def test_turning_mirroring_and_reversing_change_nothing_and_scaling_what_it_should(
    seed, size
) -> None:
    curve = helix(2.0, 9.0, turns=2, count=300)
    moved = Rotation.random(random_state=seed).apply(curve) * [-1, 1, 1] + [4, 5, 6]
    first, second = shape_of(curve).metrics(), shape_of(size * moved[::-1]).metrics()
    for name in ("distance_metric", "inflection_count"):
        assert second[name] == pytest.approx(first[name], rel=1e-6)
    for name in ("sum_of_angles", "curvature", "torsion"):
        assert second[name] == pytest.approx(first[name] / size, rel=1e-6)


def test_noise_on_a_straight_vessel_is_no_twisting() -> None:
    rng = np.random.default_rng(1)
    shaky = np.outer(np.arange(0, 40, 0.4), [0, 0, 1.0]) + rng.normal(0, 0.001, (100, 3))
    assert shape_of(shaky).metrics()["torsion"] > 0.5
    assert shape_of(shaky, least_curvature=0.05).metrics()["torsion"] < 0.05


@pytest.mark.parametrize("amplitude", [0.3, 0.5])
def test_a_wave_counts_from_the_amplitude_on_that_is_told(amplitude: float) -> None:
    """A (1 - cos(2π 4 / 24)) is 0.2 mm for A of 0.4 mm."""
    curve = wave(amplitude, 24.0, waves=4, count=240)
    found = shape_of(curve, smoothing_mm=4.0, least_bow_mm=0.2)
    assert found.inflections == (7 if amplitude > 0.4 else 0)
    bend = shape_of(curve).metrics()["inflection_count"]
    assert bend == pytest.approx(8 * found.distance_metric, rel=0.01)


@pytest.mark.parametrize(("radius", "pitch"), [(8.0, 20.0), (4.0, 16.0), (6.0, 40.0)])
def test_noise_that_a_smoothing_leaves_twists_no_helix(radius: float, pitch: float) -> None:
    rng, slope = np.random.default_rng(3), pitch / (2 * np.pi)
    length = 60.0
    turns = length / (2 * np.pi * np.hypot(radius, slope))
    drawn = helix(radius, pitch, turns=turns, count=76)
    shaky = smooth_path(drawn + rng.normal(0, 0.02, drawn.shape), step=0.4, wavelength=4.0)
    true = 1 / np.hypot(radius, slope)
    damped, raw = (
        shape_of(shaky, least_curvature=0.05, smoothing_mm=mm).metrics() for mm in (4.0, 0.0)
    )
    assert raw["sum_of_angles"] > 1.1 * true
    assert damped["sum_of_angles"] == pytest.approx(true, rel=0.05)
    assert damped["torsion"] == pytest.approx(slope * true**2, rel=0.1)
    assert damped["distance_metric"] == raw["distance_metric"]


def test_an_end_that_smoothing_straightens_bends_as_what_is_next_to_it() -> None:
    smooth = smooth_path(helix(3.0, 20.0, turns=1, count=600), step=0.4, wavelength=4.0)
    true = 3.0 / (9 + (10 / np.pi) ** 2)
    assert shape_of(smooth).metrics()["curvature"] < 0.95 * true
    held = shape_of(smooth, smoothing_mm=4.0).metrics()["curvature"]
    assert held == pytest.approx(true, rel=0.03)


def test_a_ridge_moves_back_by_what_smoothing_took() -> None:
    """The ridge of a circle under a Gaussian: exp(-r²/2σ²) I0(rR/σ²) is highest there."""
    radius, sigma = 5.0, 1.0
    r = np.linspace(4, 6, 20001)
    ridge = r[np.argmax(-((r - radius) ** 2) / (2 * sigma**2) + np.log(i0e(r * radius)))]
    assert ridge < radius - 0.09
    angle = np.linspace(0, 2 * np.pi, 400)
    circle = ridge * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    back = smooth_path(circle, step=0.1, wavelength=2.0, closed=True, ridge_sigma=sigma)
    assert np.linalg.norm(back, axis=1).mean() == pytest.approx(radius, rel=0.004)


def test_local_distance_metric_tells_where_a_vessel_winds() -> None:
    straight = np.stack([np.zeros(300), np.zeros(300), np.linspace(-30, 0, 300)], axis=1)
    winding = wave(3.0, 15.0, 2, 500)
    winding[:, 2] -= winding[0, 2]
    local = local_distance_metric(np.concatenate([straight, winding[1:]]), 15.0)
    assert local[50] == pytest.approx(1, abs=1e-6)
    assert local[-100] > 1.2
    short = local_distance_metric(straight[:20], 15.0)
    assert short == pytest.approx(np.ones(20))


def test_moving_mean_keeps_a_constant_and_the_length() -> None:
    assert moving_mean(np.full(7, 3.0), 4) == pytest.approx(np.full(7, 3.0))
    assert len(moving_mean(np.arange(3.0), 50)) == 3


def test_every_metric_has_a_title_and_a_meaning() -> None:
    measured = set(shape_of(helix(1, 9)).metrics()) | {"local_distance_metric", "radius_mm"}
    assert set(METRICS) == measured
    assert all(metric.title and metric.meaning for metric in METRICS.values())
