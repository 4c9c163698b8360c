"""Starts a command and says what it took, from a process that is small: `python -S launched.py FD COMMAND …`.

Linux counts the most memory that a process held from before its exec, when it was still a copy of whoever
started it. So it is started from here, and not from the benchmark itself, which may have grown.
"""

import json
import os
import sys
import time


def main() -> None:
    """Writes wall and processor seconds, the most memory held (bytes) and the exit code to a descriptor."""
    answers, command = int(sys.argv[1]), sys.argv[2:]
    began = time.perf_counter()
    child = os.posix_spawnp(command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_CLOSE, answers)])
    _, status, usage = os.wait4(child, 0)
    told = {
        "seconds": time.perf_counter() - began,
        "processor": usage.ru_utime + usage.ru_stime,
        "peak": usage.ru_maxrss * 1024,
        "code": os.waitstatus_to_exitcode(status),
    }
    with open(answers, "w") as answer:
        json.dump(told, answer)


if __name__ == "__main__":
    main()
