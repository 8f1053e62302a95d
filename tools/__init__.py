"""Tools for development and tests. The package itself does not use them."""
