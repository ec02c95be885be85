"""The geometry of points and balls: hulls, ranks, directions, and which balls meet."""
