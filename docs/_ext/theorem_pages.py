"""A page for every theorem of the registry, written before each build into docs/theorems.

What a page says is what the registry and the docstrings say, and what a run of the verification
finds while the page is written.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import redirect_stdout
from importlib import import_module
from pathlib import Path
from typing import Any

from joblib import Parallel, delayed

import convexden as cd
from convexden import cli
from convexden.storage.files import whole_file
from convexden.theorems import Theorem, registry, verify_all

FOLDER = "theorems"
SEED = 0  # the default of the verification
INSTANCES = 3
CANDIDATES = 8  # instances of each kind among which the picture is chosen

# Theorems that share the hypotheses of another one say so in their closed form.
HYPOTHESES = """\
Hypotheses
----------

.. autofunction:: {module}.hypotheses
   :no-index:

"""

PAGE = """\
{title}
{line}

:Status: **{status}**
:Range: {scope}
:Name: ``{name}``, in Python ``{module}``
:Claim: ``{statement}``
:Source: {reference}

{picture}
Statement and proof
-------------------

.. autofunction:: {module}.closed_form
   :no-index:

{hypotheses}Verify it
---------

In Python, on random instances that meet the hypotheses:

.. code-block:: python

{code}

.. code-block:: text

{printed}

or on points of your own, with ``{module}.verify``:

.. autofunction:: {module}.verify
   :no-index:

From the command line:

.. code-block:: console

{command}
"""

PICTURE = """\
.. figure:: {name}.png
   :alt: {title}: the closed form and the computed network of one instance, side by side
   :width: 100%

   A random instance ({kind}): the closed form, and what the solver finds without knowing it.{word}

"""

INDEX = """\
Theorems
========

Every result is stated with a closed form, which is verified on random instances each time these
pages are built.  A theorem that is not confirmed fails the build; a conjecture that is refuted is a
finding.

.. list-table::
   :header-rows: 1
   :widths: 30 12 58

   * - What it is about
     - Status
     - Claim
{rows}

.. toctree::
   :hidden:

{names}
"""

CODE = """\
from convexden import theorems

for result in theorems.verify_all(["{name}"], instances={instances}):
    print(f"{{result.kind}}: {{result.verdict}} ({{result.decided_by}})")
    print(f"  closed form {{result.closed_form_cost:.12g}}, cost {{result.cost:.12g}}")
    print(f"  relative gap {{result.relative_gap:.0e}}, excess {{result.relative_excess:.0e}}")
"""


def write_pages(app: Any) -> None:
    """As many at a time as Sphinx has processes (-j)."""
    folder = Path(app.srcdir) / FOLDER
    folder.mkdir(exist_ok=True)
    written = Parallel(n_jobs=app.parallel)(delayed(page)(name, folder) for name in registry)
    pages = {f"{name}.rst": text for name, (text, _) in zip(registry, written, strict=True)}
    pages["index.rst"] = index([status for _, status in written])
    for old in folder.iterdir():
        if old.suffix == ".rst" and old.name not in pages:
            old.unlink()
    for name, text in pages.items():
        file = folder / name
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")


def index(statuses: Sequence[str]) -> str:
    rows = [
        f"   * - :doc:`{name}`\n     - {status}\n     - ``{theorem.statement}``"
        for (name, theorem), status in zip(registry.items(), statuses, strict=True)
    ]
    return INDEX.format(rows="\n".join(rows), names="\n".join(f"   {name}" for name in registry))


def status_of(theorem: Theorem) -> str:
    """What the instances of the page show: a conjecture is refuted if one of them refutes it."""
    if theorem.kind == "theorem":
        return "Theorem"
    results = verify_all([theorem.name], instances=INSTANCES, seed=SEED)
    refuted = any(result.verdict == "refuted" for result in results)
    return "Conjecture, refuted" if refuted else "Conjecture, open"


def page(name: str, folder: Path) -> tuple[str, str]:
    """The page, and the status that it states."""
    theorem = registry[name]
    status = status_of(theorem)
    module = theorem.closed_form.__module__
    own = hasattr(import_module(module), "hypotheses")
    code = CODE.format(name=theorem.name, instances=INSTANCES)
    arguments = ["verify", theorem.name, "--instances", str(INSTANCES), "--each", "--quiet"]
    text = PAGE.format(
        title=theorem.title,
        line="=" * len(theorem.title),
        status=status,
        scope=theorem.scope,
        name=theorem.name,
        module=module,
        hypotheses=HYPOTHESES.format(module=module) if own else "",
        statement=theorem.statement,
        reference=theorem.reference,
        code=indented(code),
        printed=indented(printed(code)),
        command=indented(f"$ convexden {' '.join(arguments)}\n{command_output(arguments)}"),
        picture=picture(theorem, folder, refuting=status.endswith("refuted")),
    )
    return text, status


def printed(code: str) -> str:
    output = io.StringIO()
    with redirect_stdout(output):
        exec(code, {})
    return output.getvalue()


def command_output(arguments: list[str]) -> str:
    output = io.StringIO()
    with redirect_stdout(output):
        try:
            cli.main(arguments)
        except SystemExit as exit:
            if exit.code:
                raise RuntimeError(f"convexden {' '.join(arguments)} ended with {exit}") from exit
    return output.getvalue()


def picture(theorem: Theorem, folder: Path, *, refuting: bool) -> str:
    """Of the random instances that can be drawn whole the clearest; nothing if there is none.

    Of a refuted conjecture it is one that refutes it.
    """
    draws = list(range(CANDIDATES * len(theorem.kinds)))
    claims = [theorem.closed_form(**theorem.draw(SEED, k)) for k in draws]
    while True:
        chosen = cd.plotting.clearest([claim.problem for claim in claims])
        if chosen is None:
            return ""
        claim, k = claims.pop(chosen), draws.pop(chosen)
        if not refuting or theorem.verify(**theorem.draw(SEED, k)).verdict == "refuted":
            break
    solution = cd.solve(claim.problem)
    axes = cd.plotting.plot_comparison(claim.problem, claim.network, solution.network)
    with whole_file(folder / f"{theorem.name}.png") as temporary:
        axes[0].figure.savefig(temporary, dpi=120, bbox_inches="tight", pad_inches=0.1)
    word = "  It refutes the conjecture." if refuting else ""
    return PICTURE.format(
        name=theorem.name, kind=theorem.kind_of(k), title=theorem.title, word=word
    )


def indented(text: str) -> str:
    return "\n".join(f"   {line}".rstrip() for line in text.rstrip().splitlines())


def setup(app: Any) -> dict[str, bool]:
    app.connect("builder-inited", write_pages, priority=100)  # before autosummary looks for sources
    return {"parallel_read_safe": True, "parallel_write_safe": True}
