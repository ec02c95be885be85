r"""Checks proofs about networks of least cost.  It needs Python's standard library, nothing else.

``python checker.py PROOF.json`` prints what is proven and exits 0, or why nothing is and exits 1.
All numbers are integers and fractions; a JSON float is the rational that it is.

**Statement.**  Sites n = 0..N-1 have centers y_n in R^d, radii r_n >= 0, targets t_n in R^p.  A
network h(y) = sum_k a_k [w_k.y + b_k]_+ + V y + c interpolates if h = t_n where |y - y_n| <= r_n.
The optimum is the infimum of sum_k |a_k| |w_k| over these.  Kind "optimum" proves an interval with
it inside, "refuted" also that a given function costs more, "infeasible" that none interpolates.

**Coordinates.**  y_n = y_0 + A_n B; rows of B: the "basis", y_j - y_0 for numbers j, or those of I.
K = B B^T, H = K^-1, omega = B w, b counts from y_0, z_n = A_n.omega + b is the height of site n.
tau = (omega^T H omega)^(1/2) is |w| if w is in the span of B; the rest of w changes no height and
adds to |w|, so it is left out.  With "moved" the statement is about the sites y_0 + A_n B, whose
coordinates differ from the centers' by at most that share of the largest in their column.

**Hinges.**  Merge neurons on one hyperplane, some turned by [-z]_+ = [z]_+ - z: the cost does not
rise.  A hinge that meets the inside of a ball would now bend h there: its weight is 0.  The others
have z_n >= r_n tau (n is on, D_n = 1) or z_n <= -r_n tau (off, D_n = 0).  h is affine on a site:
sum_k D_kn a_k z_kn + V y_n + c = t_n, and if it is a ball, sum_k D_kn a_k w_k^T + V = 0.

**Lower bound.**  Let l_n in R^p and Gamma_n in R^(p x k), 0 if r_n = 0, have sum l_n = 0 and
sum (l_n A_n^T + Gamma_n) = 0.  The equations above, times these, add up to
sum l_n.t_n = sum_k a_k.F_k, F = sum_n D_n (l_n z_n + Gamma_n omega).  So if |F| <= (1 + delta) tau
for all hinges that cut no ball, the optimum is at least sum l_n.t_n / (1 + delta).  F changes its
sign if a hinge is turned over, and is 0 if all sites are on or all are off, by both equalities.
For fixed w, |F| is convex in b while D stays, so it is largest where a site is tangent.  These
hinges are tried on the line and in the plane.  A tree splits into cases, with forms p_i >= 0 in
(tau, omega, b), and ends in leaves, where one that is positive definite shows the bound:
    theta tau^2 - |F|^2 + mu (omega^T H omega - tau^2) - sum lam_ij p_i p_j
    - sum p_i (alpha_i tau - gamma_i.omega), theta = (1 + delta)^2, lam >= 0, |gamma_i| <= alpha_i;
|gamma|^2 = gamma^T K gamma, so that gamma.omega <= |gamma| tau: what is taken off is >= 0.

**Upper bound.**  For hinges that cut no ball the equations are linear in the weights.  Let M be the
square matrix of selected columns, C any with q = |I - C M| < 1 (largest row sum).  M is regular;
the correction x = M^-1 rho of the residual rho is C rho + (I - C M) x, |x| <= |C rho| / (1 - q).
An omitted site is like a ball in its target and at every hinge, or the same sample as another.
"""

import json
import re
import sys
from fractions import Fraction
from functools import partial
from math import inf, isfinite, isqrt, lcm, nextafter
from operator import mul
from typing import Any

ZERO = Fraction(0)
MOVED_MOST = Fraction(1, 2**46)  # 64 units in the last place
DEPTH_MOST = 200  # halvings of an interval of directions
ROOT_BITS = 120  # of square roots, which are rounded up or down
pairs: Any = partial(zip, strict=True)


def require(condition: Any, reason: str) -> None:
    """Nothing is proven unless the condition holds."""
    if not condition:
        raise ValueError(reason)


def numbers(x: Any, *shape: int) -> Any:
    """Nested lists of this shape, of integers, finite floats and strings "p" or "p/q"."""
    if shape:
        require(type(x) is list and len(x) == shape[0], f"a list is not of length {shape[0]}")
        return [numbers(y, *shape[1:]) for y in x]
    finite = isfinite(x) if type(x) is float else type(x) in (int, Fraction)
    require(finite or re.fullmatch(r"-?[0-9]{1,4000}(/[0-9]{1,4000})?", x), f"{x} is no number")
    return Fraction(x)


def dot(x: Any, y: Any) -> Any:
    """The sum of products."""
    return sum(map(mul, x, y))


def scaled(matrix: Any) -> tuple[list[list[int]], int]:
    """The matrix in integers, and their common denominator."""
    unit = lcm(*(x.denominator for row in matrix for x in row))
    return [[x.numerator * (unit // x.denominator) for x in row] for row in matrix], unit


def products(x: Any, y: Any) -> Any:
    """The products of the rows of x with the rows of y."""
    (left, x_unit), (right, y_unit) = scaled(x), scaled(y)
    return [[Fraction(dot(row, other), x_unit * y_unit) for other in right] for row in left]


def one(size: int) -> list[list[Fraction]]:
    """The identity matrix."""
    return [[Fraction(i == j) for j in range(size)] for i in range(size)]


def solved(matrix: Any, right: Any, reason: str) -> Any:
    """matrix^-1 right, if the symmetric matrix is positive definite (Bareiss' exact divisions)."""
    rows, minor = scaled([[*x, *y] for x, y in pairs(matrix, right)])[0], 1
    for j in range(len(rows)):
        first, *top = rows[j]
        require(first > 0, reason)  # it is a leading minor
        rows = [[(first * x - a * y) // minor for x, y in pairs(row, top)] for a, *row in rows]
        rows[j], minor = top, first
    return [[Fraction(x, minor) for x in row] for row in rows]


def plus(*matrices: Any) -> Any:
    """The sum of matrices."""
    return [[sum(x) for x in pairs(*rows)] for rows in pairs(*matrices)]


def cost(weights: Any, lengths2: Any, up: bool) -> Fraction:
    """The sum of |a_k| |w_k|, whose terms are rounded up or down."""
    total = ZERO
    for x in filter(None, (dot(a, a) * y for a, y in pairs(weights, lengths2))):
        shift = ROOT_BITS + max(0, x.denominator.bit_length() - x.numerator.bit_length())
        total += Fraction(isqrt((x.numerator << 2 * shift) // x.denominator) + up, 1 << shift)
    return total


class Data:
    """Sites in coordinates: `points` A_n, `gram` K, `inverse` H.  `terms[n]` is what site n adds to
    F: rows (0, l_n A_n + Gamma_n, l_n) of forms in (tau, omega, b), one for each output.  `active`
    sites have such terms, `present` ones are these and the balls."""

    def __init__(self, document: Any) -> None:
        """Read the file, and require the equalities."""
        count, basis = len(document["radii"]), document["basis"] or []
        d, p = len(document["centers"][0]), len(document["targets"][0])
        self.sites, self.k, self.p, self.plain = range(count), len(basis) or d, p, not basis
        self.radii = numbers(document["radii"], count)
        centers = numbers(document["centers"], count, d)
        self.targets = numbers(document["targets"], count, p)
        self.points = numbers(document["coordinates"], count, self.k)
        steps = [[x - y for x, y in pairs(center, centers[0])] for center in centers]
        rows = [numbers(j, d) if type(j) is list else steps[self.sites.index(j)] for j in basis]
        rows = rows or one(d)
        self.gram = products(rows, rows)
        self.inverse = solved(self.gram, one(self.k), "the basis is linearly dependent")
        self.moved = numbers(document["moved"] or 0)
        require(min(self.radii) >= 0 <= self.moved, "a radius is negative, or what was moved")
        require(self.moved <= MOVED_MOST, "centers were moved by more than their rounding")
        for column, moved in pairs(pairs(*centers), products(list(pairs(*rows)), self.points)):
            moves = [abs(x - column[0] - y) for x, y in pairs(column, moved)]
            require(max(moves) <= self.moved * max(map(abs, column)), "the coordinates are others")
        values = numbers(document.get("values", [[0] * p] * count), count, p)
        gammas = numbers(document.get("jacobians", [[[0] * self.k] * p] * count), count, p, self.k)
        self.terms = [
            [[ZERO, *(x * a + g for a, g in pairs(point, row)), x] for x, row in pairs(value, rows)]
            for point, value, rows in pairs(self.points, values, gammas)
        ]
        require(not any(map(any, plus(*self.terms))), "the dual equalities do not hold")
        for r, rows in pairs(self.radii, gammas):
            require(r > 0 or not any(map(any, rows)), "a sample has a Jacobian multiplier")
        self.active = {n for n, rows in enumerate(self.terms) if any(map(any, rows))}
        self.present = [n for n in self.sites if self.radii[n] or n in self.active]
        self.objective = sum(map(dot, values, self.targets), ZERO)
        self.squares: dict[tuple[int, ...], Any] = {}  # matrices of |F|^2, by the sites on

    def form(self, n: int, on: bool) -> list[Fraction]:
        """The form that is >= 0 where site n is on, or off."""
        sign = 1 if on else -1
        return [-self.radii[n], *(sign * x for x in self.points[n]), Fraction(sign)]


def check_flat(data: Data, theta: Fraction) -> None:
    """The line and the plane: all hinges tangent to a site that is on, b = r |omega| - A.omega;
    others are these turned over.  omega = +-1, or +-(1 - t^2, 2 t) for t in [-1, 1], times any
    number.  If H is that of I but for e in each entry, tau^2 >= (1 - k e) |omega|^2: with radii and
    theta that are smaller by this share |omega| may stand for tau.  Computed in integers."""
    off = [abs(x - y) for rows in pairs(data.inverse, one(data.k)) for x, y in pairs(*rows)]
    share, line, pad = 1 - data.k * max(off), data.k == 1, [0] * (2 - data.k)
    require(data.k < 3 and share > 0, "no line or plane with a basis next to an orthonormal one")
    rows, unit = scaled([[share * data.radii[n], *data.points[n], *pad] for n in data.present])
    terms = [[*f[1:-1], *pad, f[-1] / unit] for n in data.present for f in data.terms[n]]
    terms, weight = scaled(terms)
    added = [*pairs(*[iter(terms)] * data.p)]  # p rows for each site
    for (r, u, v), sign in ((row, sign) for row in rows for sign in (1, -1)):
        sites = []  # radii, and coefficients of the height and of what is added to F
        for (radius, *point), f in pairs(rows, added):
            at = [(sign * (x - c * u), sign * (y - c * v), c * r) for x, y, c in [(*point, 1), *f]]
            at = [(x + c,) * 3 if line else (2 * (c - y), 2 * x, 2 * (c + y)) for x, y, c in at]
            sites.append((radius, at))
        zero, tau = [(0, 0, 0)] * data.p, (1, 1, 1) if line else (2, 0, 2)
        check_arc(sites, tau, zero, share * theta * weight**2)


def check_arc(start: Any, size: Any, zero: Any, bound: Fraction) -> None:
    """Halve the interval of t until |F|^2 is at most bound tau^2 in every coefficient of Bernstein,
    for all F that are possible: none if every hinge cuts a ball, four at most."""

    def half(forms: Any, way: int) -> Any:
        """Four times the coefficients on half of an interval, or on the other one in reverse."""
        return [(4 * a, 2 * (a + b), a + 2 * b + c) for a, b, c in (form[::way] for form in forms)]

    def square(forms: Any) -> tuple[int, ...]:
        """The coefficients of a sum of squares; that in the middle is three times as large."""
        a, b, c = pairs(*forms)
        return dot(a, a), dot(a, b), dot(a, c) + 2 * dot(b, b), dot(b, c), dot(c, c)

    stack = [(0, [size], zero, start)]
    while stack:
        depth, tau, total, sites = stack.pop()  # sites that are on for all of these t add total
        possible, rest = [total], []
        for radius, (height, *forms) in sites:  # a polynomial is between its coefficients
            low = [z - radius * t for z, t in pairs(height, *tau)]
            high = [z + radius * t for z, t in pairs(height, *tau)]
            on = [plus(f, forms) for f in possible] if max(low) >= 0 else []
            if min(low) >= 0:
                total, possible = plus(total, forms), on
            elif max(high) > 0:  # else it is off for all of these t
                possible = [*on, *possible][:5] if min(high) <= 0 else on
                rest.append((radius, [height, *forms]))
        most = [bound * x for x in square(tau)]
        if len(possible) > 4 or any(x > y for f in possible for x, y in pairs(square(f), most)):
            require(depth < DEPTH_MOST, "|F| is above 1 + delta, or too near to it")
            for way in (1, -1):
                parts = [(radius, half(forms, way)) for radius, forms in rest]
                stack.append((depth + 1, half(tau, way), half(total, way), parts))


def check_tree(data: Data, theta: Fraction, start: Any) -> None:
    """Cases: a site is off or on; "mirror" is the root's on (turned over it is its off); "nothing":
    all active sites are off, F = 0; a form is >= 0 or <= 0.  Once all active sites are decided, |F|
    is largest at a tangent to a decided one: not below a cut, and no site is decided below, as this
    hinge may cut it.  Before, a leaf shows with 0 for theta and F that there is no hinge.  Forms
    count from the root down, without that of the tangent."""
    stack: list[Any] = [(start, {}, [], None, False)]
    while stack:
        node, sides, forms, tangent, cut = stack.pop()
        kind, *rest = node if type(node) is list else [node]
        known = data.active <= set(sides)
        if kind == "mirror":
            fits = list(sides.values()) == [True] and len(forms) == 1
        elif kind == "nothing":
            fits = not any(sides.get(n, True) for n in data.active)
        elif kind == "site":
            n, *parts = rest
            fits = data.sites.index(n) not in sides and tangent is None
            for part, on in pairs(parts, (False, True)):
                stack.append((part, {**sides, n: on}, [*forms, data.form(n, on)], None, cut))
        elif kind == "tangent":
            fits = known and tangent is None and not cut and set(rest[0]) == set(map(str, sides))
            for i, n in enumerate(sides):
                stack.append((rest[0][str(n)], sides, forms[:i] + forms[i + 1 :], n, cut))
        elif kind == "cut":
            fits, form = True, numbers(rest[0], data.k + 2)
            for part, sign in pairs(rest[1:], (1, -1)):
                stack.append((part, sides, [*forms, [sign * x for x in form]], tangent, True))
        else:
            fits = kind == "leaf"
            check_leaf(data, theta, rest[0], sides, forms, tangent)
        require(fits, f"{kind} is not possible here: sites {sides}")


def check_leaf(data: Data, theta: Any, leaf: Any, sides: Any, forms: Any, tangent: Any) -> None:
    """Whether a leaf's form is positive definite: it is minus a sum of products, of the p_i with
    their factors, and of tau, omega and b with the rows of `rest`."""
    known, at, unit = data.active <= set(sides), range(len(forms)), one(data.k + 2)
    factors = [[ZERO] * (len(at) + data.k + 2) for _ in at]  # of the p_i, tau, omega and b
    for i, j, x in leaf["lam"]:
        factors[at.index(i)][at.index(j)] = numbers(x)
    require(all(x >= 0 for row in factors for x in row), "a multiplier of two forms is negative")
    for i, x, y in leaf["soc"]:
        alpha, gamma = numbers(x), numbers(y, data.k)
        longer = dot(gamma, products([gamma], data.gram)[0]) > alpha * alpha
        require(alpha >= 0 and not longer, "a gamma is longer than its alpha")
        factors[at.index(i)][len(at) : -1] = [alpha, *(-x for x in gamma)]
    on = tuple(n for n in sides if known and sides[n])
    if on not in data.squares:  # many leaves have one pattern
        columns = [*pairs(*plus([[ZERO] * len(unit)] * data.p, *(data.terms[n] for n in on)))]
        data.squares[on] = products(columns, columns)
    rest = [[*row] for row in data.squares[on]]
    rest[0][0] += (mu := numbers(leaf["mu"])) - theta * known
    for row, h in pairs(rest[1:-1], data.inverse):
        row[1:-1] = [x - mu * y for x, y in pairs(row[1:-1], h)]
    rest += products(factors, [*pairs(*forms, *unit)])
    matrix = products([*pairs(*unit, *forms)], [*pairs(*rest)])
    if tangent is not None:  # its form is 0, which gives b
        *form, sign = data.form(tangent, sides[tangent])
        lift = [[*row, -x / sign] for row, x in pairs(one(data.k + 1), form)]
        matrix = products(products(lift, matrix), lift)
    matrix = [[-x - y for x, y in pairs(*rows)] for rows in pairs(matrix, pairs(*matrix))]
    solved(matrix, [[]] * len(matrix), f"a leaf is not positive definite: sites {sides}")


def read_network(data: Data, network: Any) -> tuple[Any, Any, Any]:
    """Hinges (omega, b), their |w|^2, and weights of offset, skip connection and neurons."""
    hinges = [numbers([*omega, b], data.k + 1) for omega, b in network["hinges"]]
    lengths2 = [dot(w, [dot(row, w) for row in data.inverse]) for *w, _ in hinges]
    return hinges, lengths2, numbers(network["weights"], 1 + data.k + len(hinges), data.p)


def equations(data: Data, hinges: Any, lengths2: Any, omitted: Any) -> Any:
    """The equations of all sites but the omitted, for hinges that cut no ball.  Columns: offset,
    skip connection, neurons, right sides."""
    heights = [[dot(point, h) + h[-1] for h in hinges] for point in data.points]
    for n, (r, row) in enumerate(pairs(data.radii, heights)):
        require(all(z * z >= r * r * x for z, x in pairs(row, lengths2)), f"a hinge cuts ball {n}")
    for s, m in omitted.items():
        beside = all(x >= 0 if y > 0 else x <= 0 for x, y in pairs(heights[s], heights[m]))
        twin = data.radii[s] == 0 and data.points[s] == data.points[m]
        follows = m not in omitted and data.targets[s] == data.targets[m]
        require(follows and (twin or (beside and data.radii[m] > 0)), f"site {s} does not follow")
    sites = [(n, [max(z, ZERO) for z in heights[n]]) for n in data.sites if n not in omitted]
    rows = [[Fraction(1), *data.points[n], *on, *data.targets[n]] for n, on in sites]
    for (_, on), i in ((x, i) for x in sites if data.radii[x[0]] for i in range(data.k)):
        slopes = (h[i] * (z > 0) for h, z in pairs(hinges, on))
        rows.append([ZERO, *one(data.k)[i], *slopes, *[ZERO] * data.p])
    return rows


def upper_bound(data: Data, network: Any) -> Fraction:
    """The cost of the network that is corrected to meet the targets exactly, rounded up."""
    hinges, lengths2, weights = read_network(data, network)
    omitted = {data.sites.index(s): data.sites.index(m) for s, m in network["omitted"]}
    rows = equations(data, hinges, lengths2, omitted)
    columns = [range(len(weights)).index(j) for j in network["selected"]]
    require(len(set(columns)) == len(columns) == len(rows), f"{len(rows)} columns are needed")
    inverse = numbers(network["inverse"], len(rows), len(rows))
    minus = [[-x for x in row] for row in weights]
    steps = products(inverse, products([*pairs(*minus, *one(data.p))], rows))  # C rho
    image = products(inverse, [[row[j] for row in rows] for j in columns])  # C M
    misses = [sum(abs(x - (i == j)) for j, x in enumerate(row)) for i, row in enumerate(image)]
    require(max(misses) < 1, "the inverse is none: |I - C M| is not below 1")
    sizes = [max(map(abs, column)) / (1 - max(misses)) for column in pairs(*steps)]  # >= |x|
    for j, step, miss in pairs(columns, steps, misses):
        weights[j] = [abs(a + x) + miss * e for a, x, e in pairs(weights[j], step, sizes)]
    return cost(weights[1 + data.k :], lengths2, up=True)


def check_infeasible(data: Data, weights: Any, tree: Any) -> None:
    """Integers v_n of sum 0, not 0 at one sample at most, sum to 0 over the sites that are on, for
    all hinges that cut no ball.  On every site an interpolating h is an affine map that is t_n at a
    common x (constant on balls): sum v_n t_n = sum_k (v.D_k) a_k z_k(x) = 0.  If not, no h is.
    The tree decides sites, off (the subtree that comes next) and on.  "orthogonal": v sums to 0 on
    those that are on, whatever others do; "crossing": c >= 0 on these, <= 0 on those off, sum c = 0
    and |sum c_n y_n| < sum |c_n| r_n, which no hinge allows.  "touching": = instead of <: one may,
    along sum c_n y_n.  If v is 0 at samples, any x does: independent w_k have (v.D_k) a_k = 0."""
    v, alone = numbers(weights, len(data.sites)), []
    samples = [n for n in data.sites if v[n] and data.radii[n] == 0]
    require(sum(v) == 0 and len(samples) < 2, "these weights prove nothing")
    require(any(dot(v, column) for column in pairs(*data.targets)), "the weighted targets sum to 0")
    pending: list[dict[int, bool]] = [{}]
    for place, (kind, *rest) in enumerate(tree):
        sides, fits = pending.pop(), kind == "mirror" and place == 1  # the root's first part
        if kind == "site":
            fits = data.sites.index(rest[0]) not in sides
            pending += [{**sides, rest[0]: True}, {**sides, rest[0]: False}]
        elif kind == "orthogonal":
            fits = all(n in sides or x == 0 for n, x in enumerate(v))
            fits = fits and sum(v[n] for n in sides if sides[n]) == 0
        elif kind in ("crossing", "touching"):
            c = [sum((numbers(x) for m, x in rest if m == n), ZERO) for n in data.sites]
            normal = products([c], list(pairs(*data.points)))[0]
            gap = dot(map(abs, c), data.radii) ** 2 - dot(normal, products([normal], data.gram)[0])
            fits = all(not x or (x > 0) is sides.get(n) for n, x in enumerate(c))
            fits = fits and sum(c) == 0 <= gap and (gap > 0 or kind == "touching")
            alone += [normal] * (kind == "touching")
        require(fits, f"node {place} of the tree is wrong")
    require(not pending and not (alone and samples), "the tree is not complete, or leaves a hinge")
    solved(products(alone, alone), [[]] * len(alone), "hinges that are left alone are dependent")


def check(document: Any) -> tuple[Fraction | None, Fraction | None, str]:
    """Proven bounds of the optimum (None if there is no network), and a sentence."""
    require((document["format"], document["version"]) == ("convexden-proof", 1), "another format")
    kind, data = document["kind"], Data(document)
    end = f", if coordinates move by {float(data.moved):.2g} of their size" if data.moved else ""
    if kind == "infeasible":
        check_infeasible(data, **document[kind])
        return None, None, f"no network interpolates these {len(data.sites)} sites{end}"
    (method, *rest), delta = document["lower"], numbers(document["delta"])
    require(delta > -1 and kind in ("optimum", "refuted"), "no such kind, or delta is not above -1")
    methods: Any = {"line": check_flat, "plane": check_flat, "tree": check_tree}
    methods[method](data, (1 + delta) ** 2, *rest)
    lower, upper = max(data.objective / (1 + delta), ZERO), upper_bound(data, document["network"])
    require(lower <= upper, "the bounds contradict each other: this checker is wrong")
    if kind == "refuted":
        hinges, lengths2, weights = read_network(data, document["claim"])
        planes = {tuple(x / next(y for y in h[:-1] if y) for x in h) for h in hinges}
        excess = cost(weights[1 + data.k :], lengths2, up=False) - upper
        require(len(planes) == len(hinges) and excess > 0, "the claim costs no more, or has a twin")
        end += f"; the claim costs more by {nextafter(float(excess), 0.0)!r} at least"
    interval = f"[{nextafter(float(lower), 0.0)!r}, {nextafter(float(upper), inf)!r}]"
    width = float((upper - lower) / upper) if upper else 0.0
    return lower, upper, f"the optimum is in {interval}, of relative width {width:.2g}{end}"


def main(path: str) -> int:
    """Check one file, print one line, and return the exit status."""
    try:
        with open(path, encoding="utf-8") as file:
            words = f"proven: {check(json.load(file))[2]}"
    except Exception as error:  # whatever a malformed file causes
        words = f"not proven: {error!a}"[:200]
    sys.stdout.write(words + "\n")
    return int(not words.startswith("proven"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[-1]))
