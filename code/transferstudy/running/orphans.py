"""A worker ends when the process that gave it work is gone: killed with signal 9, that process tells nobody."""

import os
import threading
import time

EVERY = 1.0  # seconds between two looks


def end_with(parent: int) -> None:
    """Watch the parent process from a thread, and end this process at once when the parent is gone.

    What the worker made so far is lost but for its checkpoint: nobody is left to take it.

    Args:
        parent: its process id.
    """

    def watch() -> None:
        while _lives(parent):
            time.sleep(EVERY)
        os._exit(1)

    threading.Thread(target=watch, name="end-with-parent", daemon=True).start()


def _lives(parent: int) -> bool:
    if (
        os.name == "posix"
    ):  # a process that lost its parent gets another one, even where the dead one is a zombie
        return os.getppid() == parent
    import psutil

    return psutil.pid_exists(parent)
