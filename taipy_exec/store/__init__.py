"""The state store: SQLite in WAL mode, the only place that knows SQL."""
