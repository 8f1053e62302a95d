"""What development and tests need beside the package itself."""
