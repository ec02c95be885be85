r"""Checks proofs about networks of least cost.  It needs Python's standard library, nothing else.

``python checker.py PROOF.json`` prints what is proven and exits 0, or says in one line why nothing
is and exits 1.  All numbers are integers and fractions; a JSON float is the rational that it is.

**The statement.**  Sites n = 0..N-1 have centers y_n in R^d, radii r_n >= 0, targets t_n in R^p.  A
network h(y) = sum_k a_k [w_k.y + b_k]_+ + V y + c interpolates if h(y) = t_n where |y - y_n| <= r_n.
The optimum is the infimum of sum_k |a_k| |w_k| over these.  Kind "optimum" proves an interval that
holds it, "refuted" also that a given function costs more, "infeasible" that no network interpolates.

**Coordinates.**  y_n = y_0 + A_n B; the rows of B are y_j - y_0 for the sites j of "basis", or B = I.
K = B B^T, H = K^-1, omega = B w; with b counted from y_0, z_n = A_n.omega + b is the height of site n
over a hinge.  If w is in the span of B then tau := |w| = (omega^T H omega)^(1/2).  The rest of w
changes no height and makes |w| larger, so it can be left out.  If "moved" is given, the statement is
about the sites y_0 + A_n B, whose coordinates differ by that share of the largest in their column.

**Which hinges count.**  Merge neurons on one hyperplane, some turned by [-z]_+ = [z]_+ - z: the cost
does not rise.  A hinge that meets the inside of a ball would now bend h there: its weight is 0.  All
others have z_n >= r_n tau (site n is on, D_n = 1) or z_n <= -r_n tau (off, D_n = 0) for every n.  h is
affine on each site: sum_k D_kn a_k z_kn + V y_n + c = t_n, and on a ball sum_k D_kn a_k w_k + V = 0.

**Lower bound.**  Let l_n in R^p and Gamma_n in R^(p x k), 0 if r_n = 0, have sum l_n = 0 and
sum l_n A_n + Gamma_n = 0.  The sum of the equations above, weighted by them, is
sum l_n.t_n = sum_k a_k.F_k with F = sum_n D_n (l_n z_n + Gamma_n omega).  So if |F| <= (1 + delta) tau
for all hinges that cut no ball, the optimum is at least sum l_n.t_n / (1 + delta).  The equalities make
F(-w, -b) with 1 - D the negative of F(w, b) with D, and F = 0 if all sites are on or all are off.  For
fixed w, |F| is convex in b as long as D stays, hence largest where the hinge is tangent to a site.
`check_line` looks at all tangent hinges, `check_plane` halves the intervals of their directions,
`check_tree` distinguishes cases.  In each, some forms p_i in (tau, omega, b) are >= 0, and the form
    theta tau^2 - |F|^2 + mu (omega^T H omega - tau^2) - sum lam_ij p_i p_j
    - sum p_i (alpha_i tau - gamma_i.omega),   theta = (1 + delta)^2,  lam >= 0,  |gamma_i| <= alpha_i,
is positive definite, where |gamma|^2 = gamma^T K gamma, so that gamma.omega <= |gamma| tau: what is
taken from theta tau^2 - |F|^2 is >= 0, hence |F|^2 <= theta tau^2.

**Upper bound.**  For hinges that cut no ball the equations are linear in the weights.  M is the square
matrix of selected columns, C any matrix with q = |I - CM| < 1 (largest row sum).  Then M is invertible,
the correction x = M^-1 rho of the residual rho has x = C rho + (I - CM) x, and |x| <= |C rho| / (1 - q).
An omitted site is on the side of a ball of its target for all hinges, or is the same sample as another.
"""

from __future__ import annotations

import json
import re
import sys
from fractions import Fraction
from functools import cmp_to_key
from itertools import combinations, groupby
from math import inf, isfinite, isqrt, lcm, nextafter
from operator import mul
from typing import Any

Row = list[Fraction]
Matrix = list[Row]

ZERO = Fraction(0)
MOVED_MOST = Fraction(1, 2**46)  # 64 units in the last place
DEPTH_MOST = 200  # halvings of an interval of directions
ROOT_BITS = 120  # of square roots, which are rounded up or down


class NotProven(Exception):
    """The file proves nothing; the message says why."""


def require(condition: bool, reason: str) -> None:
    """Stop unless the condition holds."""
    if not condition:
        raise NotProven(reason)


def numbers(x: Any, *shape: int) -> Any:
    """Nested lists of this shape, of integers, finite floats and strings "p" or "p/q"."""
    if shape:
        require(type(x) is list and len(x) == shape[0], f"a list is not of length {shape[0]}")
        return [numbers(y, *shape[1:]) for y in x]
    text = type(x) is str and re.fullmatch(r"-?[0-9]{1,4000}(/[0-9]{1,4000})?", x)
    finite = type(x) in (int, Fraction) or (type(x) is float and isfinite(x))
    require(bool(text or finite), f"{str(x)[:40]!r} is no number")
    return Fraction(x)


def index(x: Any, count: int) -> int:
    """An integer from 0 to count - 1."""
    require(type(x) is int and 0 <= x < count, f"{str(x)[:40]!r} is no index below {count}")
    return int(x)


def dot(x: Any, y: Any) -> Any:
    """The sum of products."""
    return sum(map(mul, x, y))


def transposed(matrix: Matrix) -> Matrix:
    """The columns."""
    return [list(column) for column in zip(*matrix)]


def scaled(matrix: Matrix) -> tuple[list[list[int]], int]:
    """The matrix in integers, and their common denominator."""
    unit = lcm(*(x.denominator for row in matrix for x in row))
    return [[x.numerator * (unit // x.denominator) for x in row] for row in matrix], unit


def product(x: Matrix, y: Matrix) -> Matrix:
    """The product of two matrices."""
    (left, x_unit), (right, y_unit) = scaled(x), scaled(transposed(y))
    return [[Fraction(dot(row, column), x_unit * y_unit) for column in right] for row in left]


def solved(matrix: Matrix, right: Matrix, reason: str) -> Matrix:
    """matrix^-1 right by elimination; the pivots show that the matrix is positive definite."""
    rows = [[*x, *y] for x, y in zip(matrix, right)]
    for j in range(len(rows)):
        require(rows[j][j] > 0, reason)
        rows[j] = [x / rows[j][j] for x in rows[j]]
        for i in {i for i, row in enumerate(rows) if row[j]} - {j}:
            rows[i] = [x - rows[i][j] * y for x, y in zip(rows[i], rows[j])]
    return [row[len(rows) :] for row in rows]


def unit_matrix(size: int) -> Matrix:
    """Ones on the diagonal."""
    return [[Fraction(i == j) for j in range(size)] for i in range(size)]


def root(x: Fraction, up: bool) -> Fraction:
    """The square root, rounded up or down."""
    shift = max(0, ROOT_BITS + (x.denominator.bit_length() - x.numerator.bit_length()) // 2)
    floor = isqrt((x.numerator << 2 * shift) // x.denominator)
    return Fraction(floor + (up and Fraction(floor, 1 << shift) ** 2 != x), 1 << shift)


def surd_sign(p: Fraction, q: Fraction, square: Fraction) -> int:
    """The sign of p + q sqrt(square), where square > 0."""
    first, second = (p > 0) - (p < 0), (q > 0) - (q < 0)
    gap = p * p - q * q * square
    return first * ((gap > 0) - (gap < 0)) if first * second < 0 else first or second


class Data:
    """Sites in coordinates: `points` A_n, `gram` K, `inverse` H; multipliers and their F.

    `terms[n]` has for each output the row (0, l_n A_n + Gamma_n, l_n) of a form in (tau, omega, b),
    what site n adds to F.  `active` sites have such terms; `present` ones are these and the balls.
    """

    def __init__(self, document: dict[str, Any]) -> None:
        count, basis = len(document["radii"]), document["basis"] or []
        d, self.p = len(document["centers"][0]), len(document["targets"][0])
        self.count, self.k, self.plain = count, len(basis) or d, not basis
        centers = numbers(document["centers"], count, d)
        self.targets = numbers(document["targets"], count, self.p)
        self.radii, self.moved = numbers(document["radii"], count), document["moved"]
        require(min(self.radii) >= 0, "a radius is negative")
        self.points = numbers(document["coordinates"], count, self.k)
        rows = [[x - y for x, y in zip(centers[index(j, count)], centers[0])] for j in basis]
        rows = rows or unit_matrix(d)
        self.gram = product(rows, transposed(rows))
        self.inverse = solved(self.gram, unit_matrix(self.k), "the basis is linearly dependent")
        share = ZERO if self.moved is None else numbers(self.moved)
        require(0 <= share <= MOVED_MOST, "the centers were moved by more than their rounding")
        for column, moved in zip(zip(*centers), zip(*product(self.points, rows))):
            moves = [abs(x - column[0] - y) for x, y in zip(column, moved)]
            require(max(moves) <= share * max(map(abs, column)), "coordinates are not the centers'")
        values = numbers(document["values"], count, self.p)
        jacobians = numbers(document["jacobians"], count, self.p, self.k)
        self.terms = [
            [[ZERO, *(x * a + g for a, g in zip(point, row)), x] for x, row in zip(value, rows)]
            for point, value, rows in zip(self.points, values, jacobians)
        ]
        for sums in zip(*self.terms):
            require(not any(map(sum, zip(*sums))), "the dual equalities do not hold")
        for radius, rows in zip(self.radii, jacobians):
            require(radius > 0 or not any(map(any, rows)), "a sample has a Jacobian multiplier")
        self.active = [n for n, rows in enumerate(self.terms) if any(map(any, rows))]
        self.present = [n for n in range(count) if self.radii[n] or any(map(any, self.terms[n]))]
        self.objective = sum(map(dot, values, self.targets), ZERO)
        self._squares: dict[frozenset[int], Matrix] = {}

    def length2(self, omega: Row) -> Fraction:
        """The square of |w|."""
        return Fraction(dot(omega, [dot(row, omega) for row in self.inverse]))

    def form(self, n: int, on: bool) -> Row:
        """The form that is >= 0 where site n is on, or off."""
        sign = 1 if on else -1
        return [-self.radii[n], *(sign * x for x in self.points[n]), Fraction(sign)]

    def square(self, on: frozenset[int]) -> Matrix:
        """The matrix of |F|^2 if these sites are on."""
        if on not in self._squares:
            rows = [[sum(x, ZERO) for x in zip(*f)] for f in zip(*(self.terms[n] for n in on))]
            rows = rows or [[ZERO] * (self.k + 2)]
            self._squares[on] = product(transposed(rows), rows)
        return self._squares[on]


def check_line(data: Data, theta: Fraction) -> None:
    """|F|^2 <= theta tau^2 at all hinges x with omega = 1, z_n = A_n - x, that are tangent to a site:
    x = A_n -+ r_n tau, tau^2 = H.  From right to left, a site is on once its left end has come.
    """
    h = data.inverse[0][0]
    key: Any = cmp_to_key(lambda s, t: surd_sign(t[0] - s[0], t[1] - s[1], h))
    ends: list[Any] = [
        (data.points[n][0], s * data.radii[n], n, s) for n in data.present for s in (-1, 1)
    ]
    moments, sums, inside = [ZERO] * data.p, [ZERO] * data.p, 0  # inside: balls that hold the place
    for _, group in groupby(sorted(ends, key=key), key=key):
        here = list(group)
        for n in (n for _, _, n, side in here if side < 0):
            moments = [x + row[1] for x, row in zip(moments, data.terms[n])]
            sums = [x + row[2] for x, row in zip(sums, data.terms[n])]
            inside -= data.radii[n] > 0
        if inside == 0:  # F = u + v tau
            u = [x - here[0][0] * y for x, y in zip(moments, sums)]
            v = [-here[0][1] * y for y in sums]
            sign = surd_sign((theta - dot(v, v)) * h - dot(u, u), Fraction(-2 * dot(u, v)), h)
            require(sign >= 0, f"|F| exceeds 1 + delta at a hinge tangent to site {here[0][2]}")
        inside += sum(side > 0 and r > 0 for _, r, _, side in here)


Curve = tuple[int, int, int]  # Bernstein coefficients of a quadratic polynomial on an interval


def check_plane(data: Data, theta: Fraction) -> None:
    """|F|^2 <= theta tau^2 at all hinges tangent to a site that is on; B = I, k = 2.  If it is site m,
    b = r_m tau - A_m.omega, omega = +-(1 - t^2, 2 t), tau = 1 + t^2, t in [-1, 1].  All others are
    these turned over.  Heights and F are quadratic in t, in integers.
    """
    table, unit = scaled([[*data.points[n], data.radii[n]] for n in data.present])
    rows, weight = scaled([[x for f in data.terms[n] for x in f[1:]] for n in data.present])
    bound = theta.numerator * (unit * weight) ** 2, theta.denominator
    for u, v, r in table:
        for sign in (1, -1):

            def curve(x: int, y: int, b: int) -> Curve:  # omega.(x, y) + b (r tau - omega.(u, v))
                x, y = sign * (x - b * u), sign * (y - b * v)  # noqa: B023
                return 2 * (b * r - y), 2 * x, 2 * (b * r + y)  # noqa: B023

            sites: list[Site] = []
            for (x, y, radius), f in zip(table, rows):
                parts = [(f[i] * unit, f[i + 1] * unit, f[i + 2]) for i in range(0, len(f), 3)]
                sites.append((radius, curve(x, y, 1), [curve(*part) for part in parts]))
            halve(sites, bound, data.p)


Site = tuple[int, Curve, list[Curve]]  # the radius, the height, what is added to F


def halve(sites: list[Site], bound: tuple[int, int], outputs: int) -> None:
    """bound[1] |F|^2 <= bound[0] tau^2 for t in [-1, 1]: halve it until coefficients decide.

    By their signs a site is never on, or never off, or (both) cut; at most two are left undecided,
    and for either side of these the five coefficients of the difference have to be >= 0.
    """
    stack = [(0, (2, 0, 2), [(0, 0, 0)] * outputs, sites)]
    while stack:
        depth, tau, total, sites = stack.pop()
        rest, on, doubt, cut = [], total, [], False
        for site in sites:
            radius, z, f = site
            low = [x - radius * y for x, y in zip(z, tau)]
            high = [x + radius * y for x, y in zip(z, tau)]
            if min(low) >= 0:  # on, and not cut
                total, on = plus(total, f), plus(on, f)
            elif max(high) > 0:  # else it is off, and not cut
                never_on, never_off = max(low) < 0, min(high) > 0
                cut = cut or (never_on and never_off)
                on = plus(on, f) if never_off else on
                doubt += [] if never_on or never_off else [f]
                rest.append(site)
        if cut:
            continue
        subsets = [s for size in range(3) for s in combinations(doubt, size)]
        if len(doubt) <= 2 and all(bounded(plus(on, *s), tau, bound) for s in subsets):
            continue
        require(depth < DEPTH_MOST, "|F| exceeds 1 + delta in the plane, or equals it")
        for s in (0, 1):
            part = [(r, half(z, s), [half(g, s) for g in f]) for r, z, f in rest]
            stack.append((depth + 1, half(tau, s), [half(g, s) for g in total], part))


def half(f: Curve, right: int) -> Curve:
    """Four times the coefficients on half of the interval."""
    a, b, c = f
    return (a + 2 * b + c, 2 * (b + c), 4 * c) if right else (4 * a, 2 * (a + b), a + 2 * b + c)


def plus(total: list[Curve], *others: list[Curve]) -> list[Curve]:
    """The sum of curves."""
    for f in others:
        total = [(a + x, b + y, c + z) for (a, b, c), (x, y, z) in zip(total, f)]
    return total


def bounded(f: list[Curve], tau: Curve, bound: tuple[int, int]) -> bool:
    """Whether the coefficients of bound[0] tau^2 - bound[1] |F|^2 are >= 0."""
    signed = [(bound[0], *tau), *((-bound[1], *g) for g in f)]
    rows = [
        (s * a * a, s * a * b, s * (a * c + 2 * b * b), s * b * c, s * c * c)
        for s, a, b, c in signed
    ]
    return all(sum(column) >= 0 for column in zip(*rows))


Case = tuple[Any, str, dict[int, bool], list[Row], int | None, bool]


def check_tree(data: Data, theta: Fraction, tree: Any) -> None:
    """|F|^2 <= theta tau^2 at all hinges that cut no ball, by cases.

    A site is off or on; "mirror" stands for the root's on (turned over it is the root's off), and
    "nothing" for all active sites off, where F = 0.  Once all active sites are decided, D stays
    between the last site that is on and the first that is off, and |F| is largest at a hinge tangent
    to one of the decided sites: not below a cut, and no site is decided below, as the hinge may cut it.
    """
    stack: list[Case] = [(tree, "root", {}, [], None, False)]
    while stack:
        node, place, sides, forms, tangent, cut = stack.pop()
        known = set(data.active) <= set(sides)
        kind, *rest = node if type(node) is list else [node]
        if kind == "mirror":
            require(place == "root/on", f"{place}: only the root's second part has a mirror image")
        elif kind == "nothing":
            require(not any(sides.get(n, True) for n in data.active), f"{place}: not all is off")
        elif kind == "site":
            n, *parts = rest
            free = index(n, data.count) not in sides and tangent is None
            require(free, f"{place}: site {n} is decided twice, or below a tangent")
            for part, on in zip(parts, (False, True), strict=True):
                name, more = f"{place}/{'on' if on else 'off'}", [*forms, data.form(n, on)]
                stack.append((part, name, {**sides, n: on}, more, None, cut))
        elif kind == "tangent":
            (parts,) = rest
            require(known and tangent is None and not cut, f"{place}: no tangent is possible here")
            require(set(parts) == set(map(str, sides)), f"{place}: a tangent is missing")
            for i, n in enumerate(sides):  # in the order of their forms
                more = forms[:i] + forms[i + 1 :]
                stack.append((parts[str(n)], f"{place}/tangent {n}", sides, more, n, cut))
        elif kind == "cut":
            form, *parts = rest
            for part, sign in zip(parts, (1, -1), strict=True):
                more = [*forms, [sign * x for x in numbers(form, data.k + 2)]]
                stack.append((part, f"{place}/cut", sides, more, tangent, True))
        else:
            (leaf,) = rest
            require(kind == "leaf" and known, f"{place}: no leaf, or not all sites are decided")
            matrix = leaf_matrix(data, theta, leaf, sides, forms, tangent)
            solved(matrix, [[]] * len(matrix), f"{place}: the leaf is not positive definite")


def leaf_matrix(
    data: Data,
    theta: Fraction,
    leaf: Any,
    sides: dict[int, bool],
    forms: Matrix,
    tangent: int | None,
) -> Matrix:
    """The matrix of a leaf's form in (tau, omega, b); where b is tangent to a site, in (tau, omega)."""
    mu = numbers(leaf["mu"])
    matrix = [[-x for x in row] for row in data.square(frozenset(n for n in sides if sides[n]))]
    matrix[0][0] += theta - mu
    for row, h in zip(matrix[1:], data.inverse):
        row[1:-1] = [x + mu * y for x, y in zip(row[1:-1], h)]
    factors = [[ZERO] * (data.k + 2) for _ in forms]  # what each form is multiplied by
    for i, j, x in leaf["lam"]:
        i, other, lam = index(i, len(forms)), forms[index(j, len(forms))], numbers(x)
        require(lam >= 0, "a multiplier of two forms is negative")
        factors[i] = [x + lam * y for x, y in zip(factors[i], other)]
    for i, x, y in leaf["soc"]:
        i, alpha, gamma = index(i, len(forms)), numbers(x), numbers(y, data.k)
        length2 = dot(gamma, [dot(row, gamma) for row in data.gram])
        require(alpha >= 0 and length2 <= alpha * alpha, "a gamma is longer than its alpha")
        factors[i] = [x + y for x, y in zip(factors[i], [alpha, *(-x for x in gamma), ZERO])]
    for form, factor in zip(forms, factors):
        for row, a, b in zip(matrix, form, factor):
            row[:] = [x - (a * v + b * u) / 2 for x, u, v in zip(row, form, factor)]
    if tangent is not None:  # its form is 0
        *form, sign = data.form(tangent, sides[tangent])
        change = [*unit_matrix(data.k + 1), [-x / sign for x in form]]
        matrix = product(transposed(change), product(matrix, change))
    return matrix


def upper_bound(data: Data, network: dict[str, Any]) -> Fraction:
    """The cost of the network that is corrected to meet the targets exactly, rounded up."""
    count = len(network["hinges"])
    hinges = [numbers([*omega, b], data.k + 1) for omega, b in network["hinges"]]
    lengths2 = [data.length2(hinge[:-1]) for hinge in hinges]
    heights = product([[*point, Fraction(1)] for point in data.points], transposed(hinges))
    for n, (r, row) in enumerate(zip(data.radii, heights)):
        require(all(z * z >= r * r * s for z, s in zip(row, lengths2)), f"a hinge cuts ball {n}")
    omitted = {index(s, data.count): index(m, data.count) for s, m in network["omitted"]}
    for s, m in omitted.items():
        same = all(x >= 0 if y > 0 else x <= 0 for x, y in zip(heights[s], heights[m]))
        twin = data.radii[s] == 0 and data.points[s] == data.points[m]
        follows = m not in omitted and data.targets[s] == data.targets[m]
        require(follows and ((same and data.radii[m] > 0) or twin), f"site {s} is omitted wrongly")
    kept = [n for n in range(data.count) if n not in omitted]
    rows = [[Fraction(1), *data.points[n], *(max(z, ZERO) for z in heights[n])] for n in kept]
    right = [data.targets[n] for n in kept]
    for n in (n for n in kept if data.radii[n]):
        for i, row in enumerate(unit_matrix(data.k)):
            slopes = (hinge[i] * (z > 0) for hinge, z in zip(hinges, heights[n]))
            rows.append([ZERO, *row, *slopes])
            right.append([ZERO] * data.p)
    weights = numbers(network["weights"], 1 + data.k + count, data.p)
    columns = [index(j, len(weights)) for j in network["selected"]]
    require(len(set(columns)) == len(columns) == len(rows), f"{len(rows)} columns are needed")
    matrix = [[row[j] for j in columns] for row in rows]
    approximate = numbers(network["inverse"], len(rows), len(rows))
    residual = [[x - y for x, y in zip(*pair)] for pair in zip(right, product(rows, weights))]
    steps = product(approximate, residual)  # C rho
    misses = [
        sum(abs(x - (i == j)) for j, x in enumerate(row))
        for i, row in enumerate(product(approximate, matrix))
    ]  # the row sums of |I - C M|
    require(max(misses) < 1, "the inverse is none: |I - C M| is not below 1")
    sizes = [max(map(abs, column)) / (1 - max(misses)) for column in zip(*steps)]  # >= |x|
    for j, step, miss in zip(columns, steps, misses):
        weights[j] = [abs(a + x) + miss * e for a, x, e in zip(weights[j], step, sizes)]
    pairs = zip(weights[1 + data.k :], lengths2)
    return sum((root(dot(a, a) * length2, up=True) for a, length2 in pairs), ZERO)


def claimed_cost(data: Data, claim: dict[str, Any]) -> Fraction:
    """The cost of a network's function, rounded down: no two of its hinges are on one hyperplane."""
    hinges = [numbers([*omega, b], data.k + 1) for omega, b in claim["hinges"]]
    leads = [next((x for x in hinge[:-1] if x), ZERO) for hinge in hinges]
    require(all(leads), "a hinge of the claim has no direction")
    planes = {tuple(x / lead for x in hinge) for hinge, lead in zip(hinges, leads)}
    require(len(planes) == len(hinges), "two hinges of the claim are on one hyperplane")
    weights = numbers(claim["weights"], 1 + data.k + len(hinges), data.p)[1 + data.k :]
    lengths2 = (data.length2(hinge[:-1]) for hinge in hinges)
    return sum((root(dot(a, a) * x, up=False) for a, x in zip(weights, lengths2)), ZERO)


def check_infeasible(document: dict[str, Any]) -> None:
    """Let integers v_n sum to 0, be 0 at all samples but one, and sum to 0 over the sites that are on,
    for every hinge that cuts no ball.  h equals t_n on site n, and so does an affine map, at a common
    point x of these (constant on balls): sum v_n t_n = sum_k (v.D_k) a_k z_k(x) = 0.  If not, no h is.

    The tree decides sites, off (the next subtree) and on.  Its leaves: "orthogonal" (v sums to 0 over
    those on, whatever the others do); "crossing": c >= 0 where on, <= 0 where off, of sum 0, with
    |sum c_n y_n| < sum |c_n| r_n, which no hinge allows.  If equal ("touching"), one hinge alone does,
    with normal sum c_n y_n.  If these normals are independent, and v is 0 at samples, then
    sum v_n t_n = sum_j (v.D_j) a_j z_j(x) over these j for all x, so that each of its terms is 0.
    """
    count, proof = len(document["radii"]), document["infeasible"]
    d, p = len(document["centers"][0]), len(document["targets"][0])
    centers, targets = (
        numbers(document["centers"], count, d),
        numbers(document["targets"], count, p),
    )
    radii, v = numbers(document["radii"], count), numbers(proof["weights"], count)
    samples = sum(x != 0 and r == 0 for x, r in zip(v, radii))
    require(min(radii) >= 0 and sum(v) == 0 and samples < 2, "these weights prove nothing")
    require(any(dot(v, column) for column in zip(*targets)), "the weighted targets sum to 0")
    pending: list[dict[int, bool]] = [{}]
    normals: Matrix = []
    for place, (kind, *rest) in enumerate(proof["tree"]):
        sides = pending.pop()
        if kind == "site":
            require(index(rest[0], count) not in sides, f"site {rest[0]} is decided twice")
            pending += [{**sides, rest[0]: True}, {**sides, rest[0]: False}]
        elif kind in ("crossing", "touching"):
            c = {index(n, count): numbers(x) for n, x in rest}
            fits = all(n in sides and (x == 0 or (x > 0) is sides[n]) for n, x in c.items())
            reach = sum(abs(x) * radii[n] for n, x in c.items())
            normal = [dot(c.values(), [centers[n][i] for n in c]) for i in range(d)]
            gap = reach * reach - dot(normal, normal)
            fits = fits and len(c) == len(rest) and sum(c.values()) == 0 and reach > 0 <= gap
            require(fits and (gap > 0 or kind == "touching"), f"node {place} excludes no hinge")
            normals += [normal] if kind == "touching" else []
        elif kind == "orthogonal":
            known = all(n in sides or x == 0 for n, x in enumerate(v))
            require(
                known and sum(v[n] for n in sides if sides[n]) == 0, f"node {place}: not orthogonal"
            )
        else:  # the root's first part is its second one, turned over
            require(kind == "mirror" and place == 1, f"node {place} is of no kind")
    require(not pending and (samples == 0 or not normals), "the tree is not complete")
    gram = [[Fraction(dot(x, y)) for y in normals] for x in normals]
    solved(gram, [[]] * len(gram), "normals of hinges that are alone depend on each other")


def check(document: Any) -> tuple[Fraction | None, Fraction | None, str]:
    """The proven bounds (None if there is no network) and a statement; raises if nothing is proven."""
    head = document["format"], document["version"], document["kind"]
    require(head[:2] == ("convexden-proof", 1), "the file is no convexden-proof of version 1")
    require(head[2] in ("optimum", "refuted", "infeasible"), "the file is of no known kind")
    if head[2] == "infeasible":
        check_infeasible(document)
        return None, None, f"no network interpolates these {len(document['radii'])} sites"
    data, delta, (method, *rest) = Data(document), numbers(document["delta"]), document["lower"]
    require(delta > -1, "delta is not above -1")
    if (method, rest) == ("line", []) and data.k == 1:
        check_line(data, (1 + delta) ** 2)
    elif (method, rest) == ("plane", []) and data.k == 2 and data.plain:
        check_plane(data, (1 + delta) ** 2)
    else:
        require(method == "tree" and len(rest) == 1, "the lower bound does not fit the data")
        check_tree(data, (1 + delta) ** 2, rest[0])
    lower = max(data.objective / (1 + delta), ZERO)
    upper = upper_bound(data, document["network"])
    require(lower <= upper, "the bounds contradict each other: this checker is wrong")
    width = (upper - lower) / upper if upper else ZERO
    low, high = nextafter(float(lower), -inf) if lower else 0.0, nextafter(float(upper), inf)
    words = f"the optimum is in [{low!r}, {high!r}], relative width {float(width):.2g}"
    if data.moved is not None:
        words += (
            f", with coordinates moved by at most {float(numbers(data.moved)):.2g} of their size"
        )
    if head[2] == "refuted":
        excess = claimed_cost(data, document["claim"]) - upper
        require(excess > 0, "the claimed network does not cost more than the upper bound")
        words += f"; the claimed function costs more, by {nextafter(float(excess), 0.0)!r} at least"
    return lower, upper, words


def distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON, whose keys must differ."""
    require(len(dict(pairs)) == len(pairs), "a key is given twice")
    return dict(pairs)


def main(arguments: list[str]) -> int:
    """Check one file, print one line, and return the exit status."""
    try:
        with open(arguments[0], encoding="utf-8") as file:
            line = "proven: " + check(json.load(file, object_pairs_hook=distinct))[2]
    except Exception as error:  # also what a malformed file may cause
        kind = "" if isinstance(error, NotProven) else f"malformed file, {type(error).__name__}: "
        line = "not proven: " + " ".join((kind + str(error)).split())[:200]
    sys.stdout.write(line + "\n")
    return 0 if line.startswith("proven") else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
