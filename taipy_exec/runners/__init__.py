"""The modes: each runs the jobs that the coordinator hands to it, and reports their ends."""
