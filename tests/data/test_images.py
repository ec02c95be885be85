"""Digits and patches of photographs: the right pixels, and errors that say what there is."""

import sys

import numpy as np
import pytest

from convexden import InvalidInput, MissingDependency, data


@pytest.fixture
def china() -> np.ndarray:
    reason = "needs the extra images"
    datasets = pytest.importorskip("sklearn.datasets", reason=reason)
    pytest.importorskip("PIL", reason=reason)
    return datasets.load_sample_image("china.jpg") / 255


def test_digits_are_the_images_of_scikit_learn():
    datasets = pytest.importorskip("sklearn.datasets", reason="needs the extra images")
    images = data.read_points("digits:0, 5-7")
    np.testing.assert_array_equal(images, datasets.load_digits().data[[0, 5, 6, 7]] / 16)
    assert images.shape == (4, 64)
    assert images.max() <= 1


def test_patches_are_counted_row_by_row(china):
    patches = data.read_points("patches:china:8:0, 79-80,4239")
    assert patches.shape == (4, 8 * 8 * 3)
    corners = [(0, 0), (0, 632), (8, 0), (416, 632)]
    for patch, (top, left) in zip(patches, corners, strict=True):
        np.testing.assert_array_equal(patch.reshape(8, 8, 3), china[top : top + 8, left : left + 8])


def test_all_patches_tile_the_photograph(china):
    patches = data.patches("china", 100, range(24)).reshape(4, 6, 100, 100, 3)
    np.testing.assert_array_equal(
        np.block([[[p] for p in row] for row in patches]), china[:400, :600]
    )


def test_gray_patches_are_the_luma_of_the_colors(china):
    color = data.patches("china", 16, [3, 500]).reshape(2, 256, 3)
    gray = data.patches("china-grey", 16, [3, 500])
    assert gray.shape == (2, 256)
    np.testing.assert_allclose(gray, color @ [0.299, 0.587, 0.114], rtol=0, atol=1e-15)
    assert 0 <= gray.min() <= gray.max() <= 1


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("digits:", "give for example digits:0,1,5-7"),
        ("digits:a", "'a' is no image"),
        ("digits:1-", "is no image"),
        ("digits:7-5", "is empty: turn it around"),
        ("digits:1797", "give numbers 0 to 1796"),
        ("patches:", "not of the form patches:NAME:SIZE:INDICES"),
        ("patches:china:8", "not of the form"),
        ("patches:china:eight:0,1", "give for example patches:china:8:0,1,5-7"),
        ("patches:china:8:0:1", "not of the form"),
        ("patches:flower:8:x", "'x' is no image: give for example patches:flower:8:0,1,5-7"),
        ("patches:rome:8:0,1", "choose from china, flower, china-grey, flower-grey"),
    ],
)
def test_bad_sources_are_refused(source, message):
    with pytest.raises(InvalidInput, match=message):
        data.read_points(source)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("patches:china:0:0,1", r"\(427 x 640 pixels\) has no patches of size 0: give 1 to 427"),
        ("patches:flower:428:0,1", "give 1 to 427"),
        ("patches:china:8:0,4240", "53 rows of 80 patches .* no patch 4240: .* 0 to 4239"),
        ("patches:china:8:7", "single point"),
    ],
)
def test_patches_that_do_not_exist_are_refused(china, source, message):
    with pytest.raises(InvalidInput, match=message):
        data.read_points(source)
    with pytest.raises(InvalidInput, match="no patch -1"):
        data.patches("china", 8, [-1])


@pytest.mark.parametrize("missing", ["sklearn.datasets", "PIL"])
def test_what_is_missing_is_named(china, monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(MissingDependency, match=r'pip install "convexden\[images\]"'):
        data.read_points("patches:china:8:0,1")
