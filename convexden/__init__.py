"""convexden: minimum-norm shallow ReLU denoisers, solved exactly and with a certificate.

The public names stand in the stub `__init__.pyi`; each is loaded on first use, so that
`import convexden` stays fast.
"""

import lazy_loader as lazy

from convexden import display

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)

# The report is above the objects whose tables it makes: they do not know it, and find it here.
display.tables_are_made_by("convexden.report.terminal.text")
