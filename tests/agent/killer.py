"""Runs a design request and kills its own process at a chosen point, as a power cut would."""

import functools
import os
import signal
import sys
from pathlib import Path

from ionwright.agent import nodes
from ionwright.agent.design import Request, events
from ionwright.agent.runs import RunFolder

point, folder, words = sys.argv[1:]


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def dying(function, when: str):
    @functools.wraps(function)  # the graph looks at the signature
    def wrapped(*args, **kwargs):
        if when == "before":
            die()
        result = function(*args, **kwargs)
        die()
        return result

    return wrapped


where, when = point.split(":")
if where == "store":  # after the n-th result is on disk, before the graph's checkpoint
    store, seen = RunFolder.store, []

    def counted(self, key, result):
        store(self, key, result)
        seen.append(key)
        if len(seen) == int(when):
            die()

    RunFolder.store = counted
else:
    setattr(nodes, where, dying(getattr(nodes, where), when))

for _ in events(Request(words=words, count=3, out=Path(folder))):
    pass
