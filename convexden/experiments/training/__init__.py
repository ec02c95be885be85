r"""Networks that are trained, as in the experiments of Zeno et al. 2023, beside the exact optimum.

`train` minimizes, by full-batch Adam,

.. math:: \frac1S \sum_s |h(y_s) - t_s|^2 + \frac\lambda2 \sum_k (|a_k|^2 + |w_k|^2)

over noisy samples :math:`y_s` and all the parameters of
:math:`h(y) = \sum_k a_k [w_k^T y + b_k]_+ + V y + c`, while :math:`\lambda` is lowered in stages.
Biases, skip connection and offset are free of weight decay.  As :math:`\lambda \to 0` a global
minimum becomes the interpolating network of least representation cost, which `convexden.solve`
finds; Adam need not reach it, and `compare` says how far it stayed away.  `refine` trains further,
until errors are small.  `repeat` trains and compares over seeds, offline and online.

Only `train` needs PyTorch: ``pip install "convexden[train]"``.
"""

from convexden.experiments.training.adam import train
from convexden.experiments.training.comparison import Gap, Measured, compare
from convexden.experiments.training.measures import priced_excess, worst_error
from convexden.experiments.training.refinement import refine
from convexden.experiments.training.repeats import Repeat, RepeatProgress, Repeats, repeat
from convexden.experiments.training.samples import Mode, Noise, draw_samples
from convexden.experiments.training.trained import Snapshot, Trained

__all__ = [
    "Gap",
    "Measured",
    "Mode",
    "Noise",
    "Repeat",
    "RepeatProgress",
    "Repeats",
    "Snapshot",
    "Trained",
    "compare",
    "draw_samples",
    "priced_excess",
    "refine",
    "repeat",
    "train",
    "worst_error",
]


def __dir__() -> list[str]:
    """The public names."""
    return __all__
