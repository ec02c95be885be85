"""Built by python -m sphinx -j auto -W --keep-going -b html docs docs/_build/html"""

from __future__ import annotations

import re
import sys
import warnings
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent / "_ext"))

from numpydoc.xref import DEFAULT_LINKS

import convexden

project = "convexden"
author = "The convexden contributors"
project_copyright = author
version = release = convexden.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.viewcode",
    "numpydoc",
    "myst_parser",
    "sphinx_gallery.gen_gallery",
    "mathml",
    "repository_links",
    "theorem_pages",
    "whole_pages",
]
# The times of the gallery are on a page that loads scripts from elsewhere.
exclude_patterns = ["_build", "checks", "examples", "**sg_execution_times.rst"]
templates_path = ["_templates"]
default_role = "py:obj"  # what docstrings put in single quotes are names of this package

myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3

# A public name has one page, that of `import convexden`; the module it lives in links to it.
PUBLIC = {name: f"convexden.{name}" for name in convexden.__all__ if name != "__version__"}
autosummary_ignore_module_all = False
# Names that the reference lists although they are not public have a page as well.
LISTED = ("analysis.fixed_points.FixedPoints", "running.progress.TaskProgress")
PAGES = PUBLIC | {name.rpartition(".")[2]: f"convexden.{name}" for name in LISTED}
autosummary_context = {"public": PAGES}
autodoc_typehints = "none"  # numpydoc says types and shapes
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
numpydoc_xref_param_type = True
numpydoc_xref_aliases = PUBLIC | {
    name: f"convexden.theorems.{name}" for name in convexden.theorems.__all__
}
numpydoc_xref_ignore = "all"
DEFAULT_LINKS.clear()  # those to Python and NumPy, which would be looked up on the network

html_math_renderer = "mathml"
html_theme = "pydata_sphinx_theme"
html_title = project
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_sidebars = {"index": [], "findings": [], "formulation": [], "changelog": []}
# A list of all modules on each of their pages would be most of the site.
html_sidebars["api/generated/**"] = []
html_context = {"default_mode": "auto"}  # light or dark, as the system prefers
html_theme_options = {
    "logo": {"text": project},
    "header_links_before_dropdown": 5,
    "navigation_with_keys": False,
    "show_prev_next": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": ["sphinx-version"],
}

sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "gallery",
    "remove_config_comments": True,
    "download_all_examples": False,
    "show_signature": False,
    "within_subsection_order": "ExampleTitleSortKey",
    "matplotlib_animations": False,
    "parallel": True,  # as many examples at a time as Sphinx has processes (-j)
}

warnings.filterwarnings("ignore", message=".*is non-interactive", category=UserWarning)

# Literals, roles and bars: only the last are touched.
_BARS = re.compile(r"``.*?``|:\w+:`[^`]*`|(\|)", re.DOTALL)


def norms_are_no_substitutions(
    app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]
) -> None:
    """Docstrings write |a| for the norm of a, which reStructuredText takes for a substitution."""
    math = False
    for i, line in enumerate(lines):
        if line.lstrip().startswith(".. math::"):
            math, indent = True, len(line) - len(line.lstrip())
        elif math and line.strip() and len(line) - len(line.lstrip()) <= indent:
            math = False
        if not math and not line.lstrip().startswith((">>>", "...")):
            lines[i] = _BARS.sub(lambda m: r"\|" if m.group(1) else m.group(0), line)


def setup(app: Any) -> None:
    app.connect("autodoc-process-docstring", norms_are_no_substitutions)
