"""Nexmark's event-time joins, as published and with bounds: `python -m bench.nexmark --help`."""
