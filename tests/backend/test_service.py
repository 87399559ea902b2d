"""The service: networks in a thread, failures kept apart, stops, many realisations."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from explorer.backend.assets import ASSETS
from explorer.backend.estimators.interface import observe
from explorer.backend.estimators.monte_carlo import monte_carlo, truth_of
from explorer.backend.estimators.names import ESTIMATOR_TITLES, SAMPLER
from explorer.backend.estimators.resimulate import curves_of, fit_of, resimulate, settings_of
from explorer.backend.estimators.service import Service
from explorer.backend.evoked import evoked
from explorer.backend.parameters import INFERRED_NAMES
from explorer.backend.settings import Settings, make_settings
from explorer.backend.snapshot import take_snapshot
from explorer.backend.spreading import Cancelled

FOLDER = ASSETS / "estimators"
SHIPPED = tuple(
    name for name in ESTIMATOR_TITLES if (FOLDER / f"{name}_jansen_rit.safetensors").exists()
)
WITH_WEIGHTS = pytest.mark.skipif(
    not {"bilstm", SAMPLER} <= set(SHIPPED), reason="no weights in assets/estimators"
)


def on(_share: float) -> bool:
    return True


@pytest.fixture(scope="module")
def service() -> Service:
    made = Service()
    made.wait("deepjr")
    return made


@pytest.fixture(scope="module")
def point() -> Settings:
    return make_settings("jansen_rit", {"p_mean": 90.0, "p_sd": 0.0})


def test_names_are_the_registrys() -> None:
    from explorer.backend.estimators.registry import ESTIMATORS

    assert {name: row.title for name, row in ESTIMATORS.items()} == ESTIMATOR_TITLES
    assert [name for name, row in ESTIMATORS.items() if row.samples] == [SAMPLER]


def test_importing_the_service_does_not_import_torch() -> None:
    modules = ["monte_carlo", "resimulate", "service", "trust", "recorded"]
    code = "import sys\n" + "".join(f"import explorer.backend.estimators.{m}\n" for m in modules)
    done = subprocess.run([sys.executable, "-c", code + "sys.exit('torch' in sys.modules)"])
    assert done.returncode == 0


def test_a_folder_without_weights_disables_all_and_says_so(tmp_path: Path) -> None:
    empty = Service(tmp_path)
    empty.wait("jansen_rit")
    failures = empty.failures("jansen_rit")
    assert [f.estimator for f in failures] == list(ESTIMATOR_TITLES)
    assert all(f.missing and "manifest.json" in str(f.error) for f in failures)
    reading = empty.read(observe(make_settings(), np.zeros(301)))
    assert reading.estimates == {} and reading.failures == failures


@WITH_WEIGHTS
def test_a_damaged_file_disables_one_estimator_alone(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "w")
    damaged = tmp_path / "w" / "bilstm_jansen_rit.safetensors"
    content = bytearray(damaged.read_bytes())
    content[-100] ^= 0xFF
    damaged.write_bytes(content)
    service = Service(tmp_path / "w")
    reading = service.read(observe(make_settings(), np.zeros(301)))
    assert set(reading.estimates) == set(SHIPPED) - {"bilstm"}
    (failure,) = (f for f in reading.failures if not f.missing)
    assert failure.estimator == "bilstm"
    assert "bilstm_jansen_rit.safetensors" in str(failure.error)
    service.wait("deepjr")
    assert all(failure.missing for failure in service.failures("deepjr"))


@WITH_WEIGHTS
def test_a_reading_is_what_the_networks_say(service: Service, point: Settings) -> None:
    from explorer.backend.estimators.predict import estimate
    from explorer.backend.estimators.weights import load_weights

    seen = observe(point, evoked(point).source)
    reading = service.read(seen)
    assert list(reading.estimates) == list(SHIPPED)
    own = estimate(load_weights("bilstm", "jansen_rit"), [seen])
    np.testing.assert_allclose(reading.estimates["bilstm"].mean, own.mean, rtol=1e-5)
    draws = service.draws(seen, 1000, on)
    assert draws.shape == (1000, 9)
    spread = draws.std(axis=0)
    gap = np.abs(draws.mean(axis=0) - reading.estimates[SAMPLER].mean[0, :9])
    assert (gap < 6 * spread / np.sqrt(300)).all()


@WITH_WEIGHTS
def test_a_foreign_response_is_out_of_distribution(service: Service, point: Settings) -> None:
    wave = 30.0 * np.sin(np.arange(301))
    reading = service.read(observe(point, wave))
    assert reading.outliers == frozenset(SHIPPED)
    known = service.read(observe(point, evoked(point).source))
    assert known.outliers == frozenset()


@WITH_WEIGHTS
def test_realisations_centre_and_widen_with_noise(service: Service, point: Settings) -> None:
    quiet = monte_carlo(service, point, ["bilstm"], on, n=30).realised["bilstm"]
    loud = monte_carlo(service, point.changed(noise_factor=5000.0), ["bilstm"], on, n=30)
    assert quiet.mean.shape == (30, 13)
    assert np.median(loud.realised["bilstm"].spread / quiet.spread) > 2.0
    np.testing.assert_allclose(loud.truth[9:], truth_of(point)[9:])
    np.testing.assert_allclose(loud.truth[9], point["C"] * point["a_1"])
    np.testing.assert_allclose(quiet.bias, quiet.mean.mean(axis=0) - quiet.truth)


@WITH_WEIGHTS
def test_realisations_stop_at_the_look_that_says_so(service: Service, point: Settings) -> None:
    looks: list[float] = []

    def stop_later(share: float) -> bool:
        looks.append(share)
        return share < 0.3

    with pytest.raises(Cancelled):
        monte_carlo(service, point.changed(p_sd=2.0), list(ESTIMATOR_TITLES), stop_later)
    assert looks[-2] < 0.3 <= looks[-1] < 0.35


@WITH_WEIGHTS
def test_no_look_at_the_progress_is_far_from_the_next(service: Service, point: Settings) -> None:
    looks = [0.0]

    def look(share: float) -> bool:
        looks.append(share)
        return True

    monte_carlo(service, point, list(ESTIMATOR_TITLES), look)
    assert looks[-1] == 1.0
    assert min(np.diff(looks)) >= 0.0 and max(np.diff(looks)) < 0.03


def test_the_truth_simulated_again_fits_as_well_as_the_noise_allows(point: Settings) -> None:
    own = curves_of(point, "source")
    shot = take_snapshot(point)
    np.testing.assert_allclose(own.signal, shot.signal)
    np.testing.assert_allclose(own.wave, shot.evoked.source)
    again = settings_of(point, np.array([point[name] for name in INFERRED_NAMES]))
    assert again == point
    noisy = point.changed(noise_factor=100.0)
    seen = observe(noisy, shot.evoked.source)
    fit = fit_of(type(own)(own.signal, own.spectrum, seen.wave), own, seen.noise_mv)
    assert 0.85 < fit.in_noise < 1.15
    assert fit.spectrum_db == 0.0 and fit.signal.rmse < 1e-9


@WITH_WEIGHTS
def test_every_estimate_is_simulated_again(service: Service, point: Settings) -> None:
    reading = service.read(observe(point, evoked(point).source))
    again = resimulate(point, reading, "source", on)
    assert list(again.fits) == list(reading.estimates)
    where = settings_of(point, reading.estimates["npe"].mean[0, :9])
    np.testing.assert_allclose(again.fits["npe"].curves.wave, evoked(where).source)
    with pytest.raises(Cancelled):
        resimulate(point, reading, "source", lambda _share: False)
