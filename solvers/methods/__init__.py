"""The loops: each finds multipliers and hinges by its own rule, until the gap closes."""
