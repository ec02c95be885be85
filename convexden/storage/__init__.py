"""Files: solutions and records as JSON, and writing that leaves a whole file or none."""
