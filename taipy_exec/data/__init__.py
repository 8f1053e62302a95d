"""Data nodes: where their values lie, and how each storage type reads and writes them."""
