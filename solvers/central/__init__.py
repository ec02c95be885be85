r"""Samples under any cost: hinges are cells and faces of one arrangement through the origin.

With :math:`x_n = (y_n, 1)` and :math:`\theta = (w, b)` a hinge acts on the samples as
:math:`[\theta^T x_n]_+`, and both that and its price :math:`\Omega(\theta)` are homogeneous: there
is no trust region, and every cone of one activation pattern has its maximum in closed form.
"""
