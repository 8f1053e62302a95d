"""Benchmarks: every figure stands against a limit that is measured in the same run."""
