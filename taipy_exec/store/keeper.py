"""A process that keeps the state open as long as another one lives.

SQLite's locks belong to a process. The kernel drops them when any code of that process opens and
closes the file again: for example a job that runs in the coordinator's process and copies
the folder. Another command would then believe that it is the only user. It would remove the
write-ahead log, and with it all that the coordinator stores afterwards. The locks of the keeper
process are not dropped, because nothing else runs in it.

    python keeper.py URI

It runs as a script and imports nothing of taipy-exec, so it starts quickly.
"""

import os
import sqlite3
import sys


def main(uri: str) -> None:
    """Hold the locks of an open connection until stdin ends."""
    connection = sqlite3.connect(uri, uri=True, isolation_level=None)
    # In WAL mode the locks of the first read are held until the connection is closed.
    connection.execute("SELECT id FROM submissions LIMIT 1").fetchall()
    os.write(1, b"!")
    os.read(0, 1)
    connection.close()


if __name__ == "__main__":
    main(sys.argv[1])
