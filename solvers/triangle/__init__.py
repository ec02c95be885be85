"""Three balls of one radius at the vertices of an acute triangle: twelve hinges, three of which
turn."""
