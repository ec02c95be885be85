"""Many certified solves with one question: thresholds, maps and counterexamples."""
