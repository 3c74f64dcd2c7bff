"""Starts the chat: `python app.py` is the same as `ionwright chat`."""

import sys

from ionwright.agent.cli import main

if __name__ == "__main__":
    sys.argv.insert(1, "chat")
    main()
