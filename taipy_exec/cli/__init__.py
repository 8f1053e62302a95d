"""The command line: the only home of Typer and Rich."""
