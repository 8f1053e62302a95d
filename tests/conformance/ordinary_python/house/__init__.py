"""A house of modules."""
