"""What samples under any cost prove: multipliers closed exactly, a bound of their pricing maximum
on the faces of one central arrangement, and the cost of an exact interpolant.
"""
