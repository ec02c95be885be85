"""What is built: the site, and the page of ``convexden verify --report``.

``pytest docs/checks --site FOLDER [--report FOLDER]`` looks at them as a reader does, offline.
"""

from pathlib import Path

# Folders of the reference and of sources.
LIKE = {"generated", "_modules"}


def pytest_addoption(parser):
    parser.addoption("--site", type=Path, required=True, help="What sphinx-build wrote.")
    parser.addoption("--report", type=Path, help="What `convexden verify --report` wrote.")


def pytest_generate_tests(metafunc):
    """Every page is a test."""
    if "page" in metafunc.fixturenames:
        pages = pages_of(metafunc.config)
        if metafunc.module.__name__.endswith("test_browser"):
            pages = [page for page in pages if not LIKE.intersection(page.parts) or shown(page)]
        root = metafunc.config.getoption("--site").parent
        metafunc.parametrize(
            "page", pages, ids=[page.relative_to(root).as_posix() for page in pages]
        )


def pages_of(config) -> list[Path]:
    folders = [config.getoption("--site"), config.getoption("--report")]
    pages = [page.resolve() for folder in folders if folder for page in folder.rglob("*.html")]
    return sorted(page for page in pages if "_static" not in page.parts)  # parts of the theme


def shown(page: Path) -> bool:
    """Of the pages that are all alike the browser looks at these."""
    return page.stem in ("convexden.solve", "convexden.Solution", "convexden.theorems.rays", "rays")
