"""`python -m taipy_exec`."""

from taipy_exec.cli.main import main

if __name__ == "__main__":
    main()
