"""What goes along with a run: its clock, progress, threads and processes, and versions."""
