r"""Checks proofs about networks of least cost.  It needs Python's standard library, nothing else.

``python checker.py PROOF.json`` prints what is proven and exits 0, or says in one line why nothing
is and exits 1.  All numbers are integers and fractions; a JSON float is the rational that it is.

**Statement.**  Sites n = 0..N-1 have centers y_n in R^d, radii r_n >= 0, targets t_n in R^p.  A
network h(y) = sum_k a_k [w_k.y + b_k]_+ + V y + c interpolates if h = t_n where |y - y_n| <= r_n.
The optimum is the infimum of sum_k |a_k| |w_k| over these.  Kind "optimum" proves an interval with
it inside, "refuted" also that a given function costs more, "infeasible" that none interpolates.

**Coordinates.**  y_n = y_0 + A_n B; the rows of B are y_j - y_0 for j in "basis", or those of I.
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
For fixed w, |F| is convex in b while D stays, so it is largest where a site is tangent.  The line
tries all these hinges, the plane halves intervals of their directions, a tree splits into cases.
In each, forms p_i in (tau, omega, b) are >= 0, and one that is positive definite shows the bound:
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
from itertools import combinations
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


def solved(matrix: Any, right: Any, reason: str) -> Any:
    """matrix^-1 right by elimination; positive pivots are required: matrix is positive definite."""
    rows = [[*x, *y] for x, y in pairs(matrix, right)]
    for j in range(len(rows)):
        require(rows[j][0] > 0, reason)
        top = [x / rows[j][0] for x in rows[j][1:]]
        rows = [[x - a * y for x, y in pairs(row, top)] for a, *row in rows]
        rows[j] = top
    return rows


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
        self.unit = [[Fraction(i == j) for j in range(self.k)] for i in range(self.k)]
        rows = [[x - y for x, y in pairs(centers[self.sites.index(j)], centers[0])] for j in basis]
        rows = rows or self.unit
        self.gram = products(rows, rows)
        self.inverse = solved(self.gram, self.unit, "the basis is linearly dependent")
        self.moved = numbers(document["moved"] or 0)
        require(min(self.radii) >= 0, "a radius is negative")
        require(0 <= self.moved <= MOVED_MOST, "centers were moved by more than their rounding")
        for column, moved in pairs(pairs(*centers), products(list(pairs(*rows)), self.points)):
            moves = [abs(x - column[0] - y) for x, y in pairs(column, moved)]
            require(max(moves) <= self.moved * max(map(abs, column)), "the coordinates are others")
        values = numbers(document.get("values", [[0] * p] * count), count, p)
        gammas = numbers(document.get("jacobians", [[[0] * self.k] * p] * count), count, p, self.k)
        self.terms = [
            [[ZERO, *(x * a + g for a, g in pairs(point, row)), x] for x, row in pairs(value, rows)]
            for point, value, rows in pairs(self.points, values, gammas)
        ]
        for sums in pairs(*self.terms):
            require(not any(map(sum, pairs(*sums))), "the dual equalities do not hold")
        for r, rows in pairs(self.radii, gammas):
            require(r > 0 or not any(map(any, rows)), "a sample has a Jacobian multiplier")
        self.active = {n for n, rows in enumerate(self.terms) if any(map(any, rows))}
        self.present = [n for n in self.sites if self.radii[n] or n in self.active]
        self.objective = sum(map(dot, values, self.targets), ZERO)

    def form(self, n: int, on: bool) -> list[Fraction]:
        """The form that is >= 0 where site n is on, or off."""
        sign = 1 if on else -1
        return [-self.radii[n], *(sign * x for x in self.points[n]), Fraction(sign)]


def check_line(data: Data, theta: Fraction) -> None:
    """All tangent hinges that cut no ball, with omega = 1 and b = -x - y tau, where tau^2 = H."""
    ((h,),), sites = data.inverse, [(n, data.points[n][0], data.radii[n]) for n in data.present]

    def sign(p: Fraction, q: Fraction) -> int:
        first, second, gap = (p > 0) - (p < 0), (q > 0) - (q < 0), p * p - q * q * h
        return first * ((gap > 0) - (gap < 0)) if first * second < 0 else first or second

    for n, x, y in ((n, x, side * r) for n, x, r in sites for side in (-1, 1)):
        on = [m for m, a, r in sites if sign(a - x, -r - y) >= 0]
        if all(m in on or sign(a - x, r - y) <= 0 for m, a, r in sites):  # F = u + v tau
            rows = [[sum(z) for z in pairs(*f)] for f in pairs(*(data.terms[m] for m in on))]
            u, v = [f[1] - x * f[2] for f in rows], [-y * f[2] for f in rows]
            rest = sign((theta - dot(v, v)) * h - dot(u, u), Fraction(-2 * dot(u, v)))
            require(rest >= 0, f"|F| is above 1 + delta at a hinge tangent to site {n}")


def check_plane(data: Data, theta: Fraction) -> None:
    """All hinges tangent to a site that is on, b = r tau - A.omega; others are these turned over.
    Here omega = +-(1 - t^2, 2 t), tau = 1 + t^2, and t in [-1, 1] is halved until the coefficients
    of Bernstein decide: a site is never on, or never off, or (both) cut.  Of at most two that are
    undecided any may be on, and the coefficients of theta tau^2 - |F|^2 have to be >= 0.
    """

    def plus(total: Any, *others: Any) -> Any:
        return [[sum(x) for x in pairs(*rows)] for rows in pairs(total, *others)]

    def squares(a: Any, b: Any, c: Any) -> tuple[int, ...]:
        return dot(a, a), dot(a, b), dot(a, c) + 2 * dot(b, b), dot(b, c), dot(c, c)

    def halves(f: Any) -> Any:  # four times the coefficients on the halves of an interval
        parts = [(4 * a, 2 * (a + b), a + 2 * b + c, 2 * (b + c), 4 * c) for a, b, c in pairs(*f)]
        return list(pairs(*parts))[:3], list(pairs(*parts))[2:]

    require(data.plain and data.k == 2, "the data are not given in the plane")
    rows, unit = scaled([[*data.points[n], data.radii[n]] for n in data.present])
    terms, weight = scaled([[x for f in data.terms[n] for x in f[1:]] for n in data.present])
    most, least = theta.numerator * (unit * weight) ** 2, theta.denominator
    for (u, v, r), s in ((row, s) for row in rows for s in (1, -1)):
        sites: list[Any] = []  # radius, and coefficients of the height and of what is added to F
        for (x, y, radius), term in pairs(rows, terms):
            f: Any = [(x, y, 1), *((a * unit, b * unit, c) for a, b, c in pairs(*[iter(term)] * 3))]
            f = [(s * (a - c * u), s * (b - c * v), c * r) for a, b, c in f]
            f = [(2 * (c - b), 2 * a, 2 * (c + b)) for a, b, c in f]
            sites.append((radius, list(pairs(*f))))
        stack: list[Any] = [(0, ([2], [0], [2]), ([0] * (1 + data.p),) * 3, sites)]
        while stack:
            depth, tau, total, sites = stack.pop()
            rest, on, doubt, cut = [], total, [], False
            for radius, f in sites:
                low = [x[0] - radius * t[0] for x, t in pairs(f, tau)]
                high = [x[0] + radius * t[0] for x, t in pairs(f, tau)]
                if min(low) >= 0:  # on, and not cut
                    total, on = plus(total, f), plus(on, f)
                elif max(high) > 0:  # else it is off, and not cut
                    never_on, never_off = max(low) < 0, min(high) > 0
                    cut = cut or (never_on and never_off)
                    on = plus(on, f) if never_off else on
                    doubt += [] if never_on or never_off else [f]
                    rest.append((radius, f))
            if not cut and len(doubt) <= 2:
                sums = [plus(on, *s) for size in range(3) for s in combinations(doubt, size)]
                found = [squares(*(x[1:] for x in f)) for f in sums]
                cut = all(least * x <= most * y for f in found for x, y in pairs(f, squares(*tau)))
            if not cut:
                require(depth < DEPTH_MOST, "|F| reaches 1 + delta in the plane")
                parts = [(radius, halves(f)) for radius, f in rest]
                for t, f, i in pairs(halves(tau), halves(total), (0, 1)):
                    stack.append((depth + 1, t, f, [(radius, g[i]) for radius, g in parts]))


def check_tree(data: Data, theta: Fraction, start: Any) -> None:
    """Cases: a site is off or on; "mirror" is the root's on (turned over it is its off); "nothing":
    all active sites are off, F = 0; a form is >= 0 or <= 0.  Once all active sites are decided, |F|
    is largest at a tangent to a decided one: not below a cut, and no site is decided below, as this
    hinge may cut it.  Before, a leaf shows with 0 for theta and F that there is no hinge.  Forms
    count from the root down, without that of the tangent.
    """
    stack: list[Any] = [(start, {}, [], None, False)]
    while stack:
        node, sides, forms, tangent, cut = stack.pop()
        kind, *rest = node if type(node) is list else [node]
        fits = kind == "cut" or data.active <= set(sides)
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
            fits = fits and tangent is None and not cut and set(rest[0]) == set(map(str, sides))
            for i, n in enumerate(sides):
                stack.append((rest[0][str(n)], sides, forms[:i] + forms[i + 1 :], n, cut))
        elif kind == "cut":
            form, *parts = rest
            for part, sign in pairs(parts, (1, -1)):
                more = [sign * x for x in numbers(form, data.k + 2)]
                stack.append((part, sides, [*forms, more], tangent, True))
        else:
            matrix = leaf_matrix(data, theta * fits, rest[0], sides if fits else {}, forms, tangent)
            solved(matrix, [[]] * len(matrix), f"a leaf is not positive definite: sites {sides}")
            fits = kind == "leaf"
        require(fits, f"{kind} is not possible here: sites {sides}")


def leaf_matrix(data: Data, theta: Any, leaf: Any, sides: Any, forms: Any, tangent: Any) -> Any:
    """The matrix of a leaf's form in (tau, omega, b), or in (tau, omega) if b is tangent."""
    mu, lams, at = numbers(leaf["mu"]), [[ZERO] * len(forms) for _ in forms], range(len(forms))
    for i, j, x in leaf["lam"]:
        require((lam := numbers(x)) >= 0, "a multiplier of two forms is negative")
        lams[at.index(i)][at.index(j)] += lam
    factors = products(lams, [*pairs(*forms)])  # what each form is multiplied by
    for i, x, y in leaf["soc"]:
        alpha, gamma = numbers(x), numbers(y, data.k)
        longer = dot(gamma, products([gamma], data.gram)[0]) > alpha * alpha
        require(alpha >= 0 and not longer, "a gamma is longer than its alpha")
        cone = [alpha, *(-x for x in gamma), ZERO]
        factors[at.index(i)] = [x + y for x, y in pairs(factors[i], cone)]
    taken = products([*pairs(*forms)], [*pairs(*factors)])
    on = [data.terms[n] for n in sides if sides[n]] or [[[ZERO] * (data.k + 2)]]
    columns = [[sum(x, ZERO) for x in pairs(*rows)] for rows in pairs(*(pairs(*f) for f in on))]
    terms = pairs(products(columns, columns), taken, pairs(*taken))
    matrix = [[-x - (y + z) / 2 for x, y, z in pairs(*rows)] for rows in terms]
    matrix[0][0] += theta - mu
    for row, h in pairs(matrix[1:-1], data.inverse):
        row[1:-1] = [x + mu * y for x, y in pairs(row[1:-1], h)]
    if tangent is None:
        return matrix
    *form, sign = data.form(tangent, sides[tangent])  # is 0, which gives b
    lift = [[*(Fraction(i == j) for j in range(data.k + 1)), -x / sign] for i, x in enumerate(form)]
    return products(products(lift, matrix), lift)


def read_network(data: Data, network: Any) -> tuple[Any, Any, Any]:
    """Hinges (omega, b), their |w|^2, and weights of offset, skip connection and neurons."""
    hinges = [numbers([*omega, b], data.k + 1) for omega, b in network["hinges"]]
    lengths2 = [dot(w, [dot(row, w) for row in data.inverse]) for *w, _ in hinges]
    return hinges, lengths2, numbers(network["weights"], 1 + data.k + len(hinges), data.p)


def upper_bound(data: Data, network: Any) -> Fraction:
    """The cost of the network that is corrected to meet the targets exactly, rounded up."""
    hinges, lengths2, weights = read_network(data, network)
    heights = [[dot(point, h) + h[-1] for h in hinges] for point in data.points]
    for n, (r, row) in enumerate(pairs(data.radii, heights)):
        require(all(z * z >= r * r * x for z, x in pairs(row, lengths2)), f"a hinge cuts ball {n}")
    omitted = {data.sites.index(s): data.sites.index(m) for s, m in network["omitted"]}
    for s, m in omitted.items():
        beside = all(x >= 0 if y > 0 else x <= 0 for x, y in pairs(heights[s], heights[m]))
        twin = data.radii[s] == 0 and data.points[s] == data.points[m]
        follows = m not in omitted and data.targets[s] == data.targets[m]
        require(follows and (twin or (beside and data.radii[m] > 0)), f"site {s} does not follow")
    kept = [n for n in data.sites if n not in omitted]
    rows = [[Fraction(1), *data.points[n], *(max(z, ZERO) for z in heights[n])] for n in kept]
    right = [data.targets[n] for n in kept]
    for n, i in ((n, i) for n in kept if data.radii[n] for i in range(data.k)):
        rows.append([ZERO, *data.unit[i], *(h[i] * (z > 0) for h, z in pairs(hinges, heights[n]))])
        right.append([ZERO] * data.p)
    columns = [range(len(weights)).index(j) for j in network["selected"]]
    require(len(set(columns)) == len(columns) == len(rows), f"{len(rows)} columns are needed")
    inverse = numbers(network["inverse"], len(rows), len(rows))
    rho = [[x - y for x, y in pairs(*z)] for z in pairs(right, products(rows, [*pairs(*weights)]))]
    steps = products(inverse, list(pairs(*rho)))  # C rho
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
    and |sum c_n y_n| < sum |c_n| r_n, which no hinge allows.
    """
    v = numbers(weights, len(data.sites))
    samples = [n for n in data.sites if v[n] and data.radii[n] == 0]
    require(sum(v) == 0 and len(samples) < 2, "these weights prove nothing")
    require(any(dot(v, column) for column in pairs(*data.targets)), "the weighted targets sum to 0")
    pending: list[dict[int, bool]] = [{}]
    for place, (kind, *rest) in enumerate(tree):
        sides, ok = pending.pop(), kind == "mirror" and place == 1  # the root's first part
        if kind == "site":
            ok = data.sites.index(rest[0]) not in sides
            pending += [{**sides, rest[0]: True}, {**sides, rest[0]: False}]
        elif kind == "orthogonal":
            ok = all(n in sides or x == 0 for n, x in enumerate(v))
            ok = ok and sum(v[n] for n in sides if sides[n]) == 0
        elif kind == "crossing":
            c = [ZERO] * len(v)
            for n, x in rest:
                c[data.sites.index(n)] += numbers(x)
            normal = products([c], list(pairs(*data.points)))[0]
            gap = dot(map(abs, c), data.radii) ** 2 - dot(normal, products([normal], data.gram)[0])
            sided = all(not x or (x > 0) is sides.get(n) for n, x in enumerate(c))
            ok = sided and gap > 0 == sum(c)
        require(ok, f"node {place} of the tree is wrong")
    require(not pending, "the tree is not complete")


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
    methods: Any = {"line": check_line, "plane": check_plane, "tree": check_tree}
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
