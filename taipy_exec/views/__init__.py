"""Shows jobs and graphs to people, as text and SVG: for the command line and Python."""
