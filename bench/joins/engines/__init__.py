"""One module an engine, behind `bench.joins.engine`."""
