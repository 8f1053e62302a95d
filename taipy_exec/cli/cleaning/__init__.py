"""`clean`: what may go, what must stay, and its removal."""
