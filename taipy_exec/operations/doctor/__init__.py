"""`doctor`: what is there, what is missing, and how to fix it."""
