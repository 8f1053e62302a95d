"""Who is told of submissions beside the coordinator's own user: functions, webhooks, metrics."""
