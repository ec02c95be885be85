"""What goes along with a run: its clock, its threads, its interruption, and library versions."""
