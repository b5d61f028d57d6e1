"""The demo: the example join from an empty machine to rows that are proved right."""
