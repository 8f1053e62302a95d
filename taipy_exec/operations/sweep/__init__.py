"""Sweeps: the submissions of one, admitted, resumed and read back from the state."""
