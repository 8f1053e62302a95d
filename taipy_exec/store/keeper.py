"""A process that keeps the state open as long as another one lives.

SQLite's locks belong to a process, and the kernel drops them when that process opens and closes
the file once more, whoever does: a job, in the process of its coordinator, that copies the folder.
Then another command would take itself for the only user and remove what is written ahead, and with
it what the coordinator stores afterwards. The locks of this process are not dropped, since nothing
else runs in it.

    python keeper.py URI

It is started by itself and imports nothing of ours, so that it costs little.
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
