"""The estimators: scikit-learn's own checks, and what they state."""

from __future__ import annotations

import sys
import warnings

import numpy as np
import pytest

import convexden as cd

pytest.importorskip("sklearn", reason="needs the extra sklearn")
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from convexden.errors import InvalidInput, MissingDependency
from convexden.estimators import MinimumNormDenoiser, MinimumNormRegressor

TRIANGLE = np.array([[0.0, 0.0], [2.0, 0.0], [0.5, 1.5]])
RNG = np.random.default_rng(0)
X = RNG.normal(size=(20, 2)).round(1)
Y = np.maximum(X[:, 0], 0) + 0.2 * RNG.normal(size=20)


@pytest.mark.slow
def test_scikit_learn_finds_nothing_wrong_with_the_regressor() -> None:
    # Local: its data are up to 200 samples in ten dimensions.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = check_estimator(
            MinimumNormRegressor(penalty=1.0, method="local"), on_skip=None, on_fail="raise"
        )
    assert len(results) > 40
    skipped = {each["check_name"] for each in results if each["status"] == "skipped"}
    assert skipped <= {  # where pandas and the array API of SciPy are not there
        "check_sample_weights_pandas_series",
        "check_array_api_input",
        "check_regressor_data_not_an_array",
    }


# Of 30 points in three dimensions, whose exact fits take seconds each, and their like.
HEAVY = (
    "check_estimators_dtypes",
    "check_fit_score_takes_y",
    "check_dont_overwrite_parameters",
    "check_n_features_in_after_fitting",
    "check_positive_only_tag_during_fit",
    "check_dtype_object",
    "check_pipeline_consistency",
    "check_f_contiguous_array_estimator",
    "check_transformer",
    "check_fit_idempotent",
    "check_n_features_in",
    "check_estimators_overwrite_params",
    "check_estimators_fit_returns_self",
    "check_readonly_memmap_input",
    "check_estimators_pickle",
    "check_methods",
    "check_dict_unchanged",
    "check_fit_check_is_fitted",
    "check_regressor",
    "check_supervised_y_2d",
    "check_sample_weight",
    "check_fit2d_predict1d",
    "check_fit2d_1feature",
    "check_estimators_nan_inf",
    "check_set_output",
    "check_global_output",
)


@pytest.mark.parametrize("estimator", [MinimumNormDenoiser(), MinimumNormRegressor()])
def test_scikit_learn_finds_nothing_wrong_with_parameters_and_refusals(estimator) -> None:
    from sklearn.utils.estimator_checks import estimator_checks_generator

    done = 0
    for each, check in estimator_checks_generator(estimator):
        name = check.func.__name__ if hasattr(check, "func") else check.__name__
        if not name.startswith(HEAVY) and name != "check_array_api_input":
            check(each)
            done += 1
    assert done > 15


def test_the_denoiser_is_the_solution() -> None:
    denoiser = MinimumNormDenoiser(radius=0.2).fit(TRIANGLE)
    solution = cd.solve(cd.denoising(TRIANGLE, radius=0.2))
    assert denoiser.lower_bound_ == pytest.approx(solution.cost, rel=1e-9)
    assert denoiser.relative_gap_ <= 1e-8
    assert denoiser.n_neurons_ == solution.neurons
    assert denoiser.certificate_ is denoiser.solution_.certificate
    noisy = TRIANGLE + [[0.1, -0.1], [0.0, 0.15], [-0.1, 0.0]]
    np.testing.assert_allclose(denoiser.transform(noisy), TRIANGLE, atol=1e-8)
    np.testing.assert_array_equal(denoiser.predict(noisy), denoiser.transform(noisy))
    assert MinimumNormDenoiser().fit(TRIANGLE).radius_ == pytest.approx(
        0.05 * cd.data.smallest_distance(TRIANGLE)
    )
    twice = MinimumNormDenoiser(radius=0.2).fit(np.repeat(TRIANGLE, 2, axis=0))
    assert twice.lower_bound_ == pytest.approx(solution.cost, rel=1e-8)


def test_the_regressor_is_the_fit_with_its_weights() -> None:
    weights = RNG.uniform(0.5, 2.0, 20)
    fit = MinimumNormRegressor(penalty=0.3).fit(X, Y, sample_weight=weights)
    solution = cd.regularize((X, Y), 0.3, weights=weights)
    assert fit.lower_bound_ == solution.lower_bound
    assert cd.verify_regularized(fit.solution_).passed
    np.testing.assert_array_equal(fit.predict(X), solution.network(X)[:, 0])
    assert 0.5 < fit.score(X, Y) < 1
    exact = MinimumNormRegressor().fit(X, Y)
    np.testing.assert_allclose(exact.predict(X), Y, atol=1e-7)
    assert exact.solution_.certified
    some = MinimumNormRegressor().fit(X, Y, sample_weight=np.arange(20) < 10)
    np.testing.assert_allclose(some.predict(X[:10]), Y[:10], atol=1e-7)


def test_several_outputs_at_once() -> None:
    both = np.column_stack([Y, -X[:, 1]])
    fit = MinimumNormRegressor(penalty=0.3).fit(X, both)
    assert fit.predict(X).shape == (20, 2)
    assert fit.solution_.certified
    assert MinimumNormRegressor(penalty=0.3).fit(X, Y[:, None]).predict(X).shape == (20, 1)


def test_the_penalty_is_chosen_by_cross_validation_in_a_pipeline() -> None:
    pipeline = make_pipeline(StandardScaler(), MinimumNormRegressor(penalty=1.0))
    grid = {"minimumnormregressor__penalty": [0.1, 1.0]}
    search = GridSearchCV(pipeline, grid, cv=3).fit(X, Y)
    assert search.best_estimator_[-1].solution_.certified
    assert clone(search.best_estimator_).get_params()["minimumnormregressor__penalty"] in (0.1, 1.0)
    repeated = np.vstack([X, X])
    other = np.concatenate([Y, Y + 0.1])
    fit = MinimumNormRegressor(penalty=0.5).fit(repeated, other)
    assert fit.solution_.certified
    with pytest.raises(ValueError, match="different targets"):
        MinimumNormRegressor().fit(repeated, other)


def test_names_of_the_features_are_kept() -> None:
    denoiser = MinimumNormDenoiser(radius=0.2).fit(TRIANGLE)
    assert denoiser.get_feature_names_out().tolist() == ["x0", "x1"]
    assert denoiser.set_output(transform="default") is denoiser
    pandas = pytest.importorskip("pandas", reason="needs pandas")
    frame = pandas.DataFrame(TRIANGLE, columns=["length", "width"])
    named = MinimumNormDenoiser(radius=0.2).set_output(transform="pandas").fit(frame)
    assert list(named.transform(frame).columns) == ["length", "width"]


def test_what_is_not_certified_warns() -> None:
    many = RNG.normal(size=(70, 5))
    values = np.maximum(many[:, 0], 0) + 0.1 * RNG.normal(size=70)
    with pytest.warns(ConvergenceWarning, match="not certified"):
        fit = MinimumNormRegressor(penalty=1.0).fit(many, values)
    assert not fit.solution_.certified
    assert fit.relative_gap_ == 1.0
    assert fit.score(many, values) > 0.5
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        MinimumNormRegressor(penalty=0.3).fit(X, Y)


def test_parameters_are_checked_when_it_fits() -> None:
    for estimator, message in (
        (MinimumNormRegressor(penalty=-1.0), "penalty is -1"),
        (MinimumNormRegressor(tolerance=2.0), "tolerance is 2"),
        (MinimumNormRegressor(method="ramps"), "no method 'ramps'"),
        (MinimumNormRegressor(time_limit=0.0), "time_limit is 0"),
    ):
        with pytest.raises(InvalidInput, match=message):
            estimator.fit(X, Y)


def test_masks_and_gradients_are_refused_not_dropped() -> None:
    hidden, values = np.ma.masked_equal([[0.0], [1.0], [3.0]], 1.0), np.array([0.0, 1.0, 1.0])
    fit = MinimumNormRegressor(penalty=0.1).fit(hidden.data, values)
    denoiser = MinimumNormDenoiser().fit(hidden.data)
    weights = np.ma.masked_equal([1.0, 2.0, 1.0], 2.0)
    for call in (
        lambda: MinimumNormRegressor().fit(hidden, values),
        lambda: MinimumNormRegressor().fit(hidden.data, np.ma.masked_equal(values, 0.0)),
        lambda: MinimumNormRegressor(penalty=0.1).fit(hidden.data, values, weights),
        lambda: MinimumNormDenoiser().fit(hidden),
        lambda: fit.predict(hidden),
        lambda: denoiser.transform(hidden),
    ):
        with pytest.raises(cd.InvalidProblem, match="masked numbers"):
            call()

    class Tensor(np.ndarray):
        requires_grad = True

    with pytest.raises(cd.InvalidProblem, match="detach"):
        fit.predict(hidden.data.view(Tensor))


def test_without_scikit_learn_one_line_says_what_to_install(monkeypatch) -> None:
    monkeypatch.delitem(sys.modules, "convexden.estimators.regressor")
    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.setitem(sys.modules, "sklearn.base", None)
    with pytest.raises(MissingDependency, match=r"pip install \"convexden\[sklearn\]\""):
        _ = cd.estimators.MinimumNormRegressor
    with pytest.raises(AttributeError):
        _ = cd.estimators.MinimumNorm
