"""The coordinator: the one thread that decides, stores, and then acts."""
