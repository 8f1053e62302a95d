"""Data nodes: the places of their values, and how each storage type reads and writes them."""
