"""Sweeps on the command line: one submission for each combination, and one result."""
