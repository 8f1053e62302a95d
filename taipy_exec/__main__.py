"""`python -m taipy_exec`."""

import sys


def main() -> None:
    """The command line; Ctrl-C while it is still being imported is no traceback either."""
    try:
        from taipy_exec.cli.main import main as command_line

        command_line()
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        # Ctrl-C during the exec of a text (dataclasses are made by one) has Python end by the
        # signal, whatever the exit code is; the next exec of a text makes it forget.
        exec("")


if __name__ == "__main__":
    main()
