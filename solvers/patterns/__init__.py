"""Activation patterns: which exist, their hinges and faces."""
