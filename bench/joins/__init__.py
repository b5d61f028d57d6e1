"""Event-time joins of several engines over the same topics: `python -m bench.joins --help`."""
