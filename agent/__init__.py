"""The agent: words to a goal, a goal to tool calls, their records to an answer."""
