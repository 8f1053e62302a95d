"""What people are shown of jobs and graphs, as text and SVG: for the command line and Python."""
