"""`python -m taipy_exec`."""

import sys


def main() -> None:
    """The command line; Ctrl-C while it is still being imported is no traceback either."""
    try:
        from taipy_exec.cli.main import main as command_line

        command_line()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
