"""Receivers of news about submissions, other than their user: functions, webhooks, metrics."""
