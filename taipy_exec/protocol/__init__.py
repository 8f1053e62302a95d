"""The messages about jobs: between coordinator, queue, workers and the processes of jobs."""
