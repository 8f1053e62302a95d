"""`clean`: choosing what to remove, and removing it."""
