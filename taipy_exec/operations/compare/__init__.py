"""Values of several scenario instances side by side."""
