"""The physical tolerances: what counts as touching, as one, as nothing, as equal.

Every one is a share of a size of the data, so that the units of the data do not matter: of the
spread of the centers for lengths, of the spread of the targets for errors, of the cost or of the
heaviest neuron for weights, of the length of the vectors for dependence.  Values that mean the same
are one name, however far apart they are used; values of one meaning that stand for different
accuracies of what they are applied to (exact data, a polished hinge, a solution with a gap) are
several, in this order.  Numbers of one method alone are in the settings of that method, those of
the range of floats in `convexden.arithmetic`.

`ORDER` lists the chains of tolerances whose order matters, each with the reason.
"""

from __future__ import annotations

# Lengths, shares of the spread of the centers.

TOUCH_ROUNDING = 4e-15
"""Rounding of the distance of a hinge from a site that it was computed to touch.

A distance is a sum of d products of numbers of size 1: some 18 units of 2.2e-16.
"""

SAME_HINGE_RTOL = 1e-13
"""Hinges whose normals and biases differ by less are one: they were computed twice."""

FLAT_RTOL = 1e-12
"""Gaps between hulls, widths of ramps and distances from hulls below this are rounding."""

TANGENCY_RTOL = 1e-12
"""A hinge that misses tangency by less is feasible.

Common tangents of three and more sites are known only up to rounding, which grows where sites are
close together; a hundred roundings leave one digit to spare.
"""

MERGE_RTOL = 1e-12
"""Neurons of a network whose hinges differ by less are one neuron, or parts of one ramp.

Adding them moves the function by no more than its evaluation in floats.
"""

CUT_RTOL = 1e-11
"""A hinge that cuts a ball no deeper than this keeps the pattern that it was found with.

Newton's method leaves hinges that close to their faces; deeper cuts change the network on the ball.
"""

TOUCH_RTOL = 1e-9
"""A hinge nearer to a site touches it (of a ball: to its surface) or passes through the sample.

Newton's method leaves hinges within `CUT_RTOL` of what they touch; the coordinates of a reduced
problem add their rounding, and files of hinges theirs.
"""

NEAR_HINGE_RTOL = 1e-6
"""Saturating hinges whose normals and biases differ by less are one local maximum.

The dual constraint is quadratic there, so that an error of it moves the place of the maximum by the
root of this error: by 1e-6 for multipliers that are known to `COST_ROUNDING`.
"""

# Vectors: singular values, sines and pivots, shares of the largest.

NEGLIGIBLE_RCOND = 1e-12
"""Singular values below this are zero in least squares over data that are known to rounding."""

ORTHOGONAL_ROUNDING = 1e-14
"""Cosine of vectors that are orthogonal: the rounding of a product of unit vectors."""

DEPENDENT_RTOL = 1e-9
"""Vectors of which less is left beside others depend on them; parallel hyperplanes are one.

Far above the rounding of float64 (1e-14 after an elimination), far below the angles of data that
people write down.
"""

NOISY_DEPENDENT_RTOL = 1e-6
"""The same for vectors with the errors of a solution, not of rounding: features of hinges found."""

NONNEGATIVE_RTOL = 1e-9
"""A multiplier of tangency above minus this is nonnegative, and the face a candidate.

Too large a value only keeps candidates that pricing rejects; too small a one would lose a maximum.
"""

# Weights, shares of the cost or of the heaviest neuron.

FAINT_RTOL = 1e-9
"""Neurons below this are none: without them the cost stays within the digits that are claimed."""

WEIGHTLESS_RTOL = 1e-7
"""Weights below this are what a conic solver of accuracy 1e-8 to 1e-10 leaves of zero.

Above `FAINT_RTOL`: a solver's zeros are less accurate than those of a polished network.
"""

# Costs, relative.

EQUAL_COST_RTOL = 1e-14
"""Costs that differ by less are equal: some units in the last place of a sum of weights."""

THINNER_RTOL = 1e-13
"""What a network with fewer neurons may cost more: rounding, but a sparse network is preferred."""

COST_ROUNDING = 1e-12
"""Gaps, widths of enclosures and differences of costs below this are rounding.

A gap is the difference of two sums of up to a thousand terms.  No method works for more digits.
"""

ACCURATE_RTOL = 1e-10
"""Accuracy of what is proved about closed forms, and of the interior-point solvers."""

COST_RTOL = 1e-9
"""Differences of costs beyond this are an error of a statement, not of arithmetic."""

CERTIFIED_RTOL = 1e-8
"""Relative gap at which a solution is certified if none is asked for."""

# Errors at the sites, shares of the spread (or the largest) of the targets.

MET_RTOL = 1e-10
"""A target missed by less is met, as far as the solvers are concerned.

A digit below `FEASIBILITY_RTOL`, so that verification finds room for its own rounding.
"""

SPANNED_RTOL = 1e-9
"""Targets of which features leave less than this are spanned by them."""

FEASIBILITY_RTOL = 1e-9
"""Verification rejects a network that misses a target by more."""

# The dual equalities, shares of their terms.

EQUALITY_RTOL = 1e-6
"""Multipliers that miss an equality by more are none of the problem, and are rejected.

Those that miss it by less are closed: changed so that it holds exactly.
"""

# The dual constraint, whose greatest value is 1 at the optimum.

VIOLATION_RTOL = 1e-11
"""A hinge at which the dual constraint exceeds 1 by less violates nothing.

A violation of v moves the bound by v: this is below the gaps that are asked for, above rounding.
"""

SATURATED_RTOL = 1e-8
"""A local maximum of the dual constraint this close to the largest saturates it.

That is the gap of a certified solution: its multipliers are no better known.
"""

# Angles, radians.

ALIGNED_RAD = 1e-10
"""Angles up to this are 0.

Rounding leaves 1e-12, whereas the smallest tilts of triangles half a degree from an isosceles one
are 1e-9; column generation and the central path agree on these to seven digits.
"""

TILTED_RAD = 1e-7
"""Tilts from here on are real; between `ALIGNED_RAD` and this, two methods have to find them.

Errors of a solver grow to 1e-10 where the normals of two faces coincide, as in right triangles.
"""

PARALLEL_RAD = 0.05
"""Hinges tilted by less are shown as parts of one ramp: 3 degrees, about what an eye sees."""

ORDER: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "what was computed to touch does, then what is one hinge, then what only nearly touches",
        (
            "TOUCH_ROUNDING",
            "SAME_HINGE_RTOL",
            "TANGENCY_RTOL",
            "CUT_RTOL",
            "TOUCH_RTOL",
            "NEAR_HINGE_RTOL",
        ),
    ),
    ("merging finds again what was one hinge", ("SAME_HINGE_RTOL", "MERGE_RTOL", "TOUCH_RTOL")),
    ("what is flat is not told apart by touching", ("FLAT_RTOL", "TOUCH_RTOL")),
    (
        "the more accurate a vector, the smaller what is left of a dependent one",
        ("ORTHOGONAL_ROUNDING", "NEGLIGIBLE_RCOND", "DEPENDENT_RTOL", "NOISY_DEPENDENT_RTOL"),
    ),
    (
        "a polished network has fewer false neurons than a solver's",
        ("FAINT_RTOL", "WEIGHTLESS_RTOL"),
    ),
    (
        "a claim is checked to fewer digits than it was worked for",
        (
            "EQUAL_COST_RTOL",
            "THINNER_RTOL",
            "COST_ROUNDING",
            "ACCURATE_RTOL",
            "COST_RTOL",
            "CERTIFIED_RTOL",
        ),
    ),
    ("solvers meet targets better than verification asks", ("MET_RTOL", "FEASIBILITY_RTOL")),
    (
        "a method stops only after what still violates the constraint is below the gap",
        ("VIOLATION_RTOL", "SATURATED_RTOL"),
    ),
    ("violations are seen above rounding", ("EQUAL_COST_RTOL", "COST_ROUNDING", "VIOLATION_RTOL")),
    ("a tilt is none, doubtful, real, visible", ("ALIGNED_RAD", "TILTED_RAD", "PARALLEL_RAD")),
)
"""Chains that ascend, each with its reason; a test checks them."""
