"""The pure core: statuses, jobs, the graph and the decisions. No clock, no I/O, no threads."""
