"""Images of people's files as points: png, jpg, pgm and others, alone or in a folder, and idx."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convexden.errors import InvalidProblem, MissingDependency

Array = NDArray[np.float64]

SUFFIXES = (".png", ".jpg", ".jpeg", ".pgm", ".ppm", ".bmp", ".gif", ".tif", ".tiff")
_IDX_TYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
_FULL = {"uint8": 255.0, "uint16": 65535.0}


def is_picture(path: Path) -> bool:
    """Whether this is the name of an image file."""
    return path.suffix.lower() in SUFFIXES


def is_idx(path: Path) -> bool:
    """Whether this is the name of an idx file, such as those of MNIST: train-images-idx3-ubyte."""
    name = path.name.lower().removesuffix(".gz")
    return "idx" in name and (name.endswith("ubyte") or name.endswith(".idx"))


def read_folder(folder: Path) -> Array:
    """The images in a folder, in the order of their names, values in [0, 1].

    Returns
    -------
    (N, H, W) array
        Of gray images; (N, H, W, 3) if they are in color.

    Raises
    ------
    InvalidProblem
        If there are none, or they differ in size, or some are gray and others in color.
    MissingDependency
        If Pillow is not installed.
    """
    files = sorted(path for path in folder.iterdir() if is_picture(path))
    if not files:
        raise InvalidProblem(
            f"{folder} is a folder without images ({', '.join(s[1:] for s in SUFFIXES)}): "
            "give a file, or such a folder"
        )
    images = [read_picture(file) for file in files]
    for file, image in zip(files, images, strict=True):
        if image.shape != images[0].shape:
            raise InvalidProblem(
                f"{file} is {_described(image)}, {files[0].name} is {_described(images[0])}: "
                "give images of one kind and size"
            )
    return np.stack(images)


def read_picture(path: Path) -> Array:
    """One image (H, W), or (H, W, 3) in color, values in [0, 1].

    Raises
    ------
    InvalidProblem
        If it cannot be read, or is transparent.
    MissingDependency
        If Pillow is not installed.
    """
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError as error:
        raise MissingDependency(
            'images need Pillow, which is not installed: run `pip install "convexden[images]"`'
        ) from error
    try:
        with Image.open(path) as image:
            pixels = _pixels(image)
    except (UnidentifiedImageError, Image.DecompressionBombError, SyntaxError) as error:
        raise InvalidProblem(f"{path} is no image that can be read: check the file") from error
    if pixels is None:
        raise InvalidProblem(f"{path} is transparent: save it without an alpha channel")
    return pixels


def _pixels(image: Any) -> Array | None:
    """Values in [0, 1]; None of an image that is not opaque."""
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        if np.asarray(image.convert("RGBA"))[..., 3].min() < 255:
            return None
        gray = image.mode.startswith("L")
        image = image.convert("L" if gray else "RGB")
    if image.mode == "1":
        image = image.convert("L")
    if image.mode not in ("L", "I;16", "I;16B", "I;16L", "I", "RGB"):
        image = image.convert("RGB")
    values = np.asarray(image)
    # Pillow reads gray images of 16 bits in this mode as well.
    full = 65535.0 if image.mode == "I" else _FULL[values.dtype.name]
    return values / full


def read_idx(path: Path) -> Array:
    """The array of an idx file, as MNIST is stored, gzipped or not, in the numbers of the file.

    Raises
    ------
    InvalidProblem
        If it is none.
    """
    content = path.read_bytes()
    try:
        content = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
        kind, dimensions = content[2], content[3]
        start = 4 + 4 * dimensions
        shape = np.frombuffer(content[4:start], ">i4")
        values = np.frombuffer(content, _IDX_TYPES[kind], offset=start).reshape(shape)
    except (OSError, EOFError, IndexError, KeyError, ValueError) as error:
        raise InvalidProblem(f"{path} is not a whole idx file: check the file") from error
    return values.astype(float)


def _described(image: Array) -> str:
    """Kind and size of an image."""
    height, width = image.shape[:2]
    return f"{'gray' if image.ndim == 2 else 'in color'} and {width} x {height} pixels"
