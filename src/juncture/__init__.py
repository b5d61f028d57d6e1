"""Stateful streaming joins on Apache Flink SQL: author, check, deploy, validate."""

__version__ = "0.1.0"
