"""The configuration: Taipy's TOML dialect and Python calls, frozen into one `AppConfig`."""
