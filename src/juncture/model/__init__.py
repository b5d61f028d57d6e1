"""Frozen values that pass between the steps. No I/O here."""
