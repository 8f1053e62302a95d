"""Running one job: in this process, or in a slot's process; no store, no decisions."""
