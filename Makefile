# `make` alone lists the targets. Works with GNU make from 3.81 (macOS) on.
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test setup test-unit test-typed test-cluster test-joins test-scenarios mutants bench lint types imports format docs lock lock-jars clean

# Tests, and the demo, start hundreds of Python processes, which must not compile what they import each time.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
AT_ONCE := $(BIN)/pytest --dist loadfile --no-loadscope-reorder -n
# Each worker of the cluster tests has a broker and a cluster of its own, and waits half of the time: 6 GiB of memory
# a worker, and three keep two cores busy.
WORKERS ?= $(if $(wildcard /proc/meminfo),$(shell \
    awk '/^MemTotal/ {n = int($$2 / 6500000); print (n > 3 ? 3 : n > 1 ? n : 1)}' /proc/meminfo),2)

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: setup ## Start a broker and a Flink cluster here, and run the example join
	@$(BIN)/juncture demo

test: lint imports test-typed test-cluster test-joins ## Everything that must pass, the fast checks first

setup: ## Make .venv from constraints.txt; PYTHON=... chooses the interpreter
	@tools/setup.sh

test-unit: setup ## The tests that need no JVM: seconds
	@$(AT_ONCE) 2 tests/unit

test-typed: setup ## What types and test-unit do, at the same time: mypy alone keeps one core busy
	@$(BIN)/mypy --no-error-summary & \
	$(AT_ONCE) 2 tests/unit; failed=$$?; wait $$! && exit $$failed

test-cluster: setup ## The tests that start a planner, a broker or a cluster: minutes; WORKERS=... says how many at once
	@$(BIN)/python -m tests.cluster.record
	@$(AT_ONCE) $(WORKERS) tests/cluster

test-joins: setup ## The join-validation cases of the example jobs, of Flink's interval joins, and of Nexmark: two minutes
	@$(AT_ONCE) 2 tests/joins tests/projects bench/nexmark/project

test-scenarios: setup ## The same cases also with faults and restarts in their middle: long
	@$(BIN)/pytest tests/joins tests/projects bench/nexmark/project --juncture-scenario all

mutants: setup ## Change the example joins in small ways, and show what no case fails with: minutes
	@$(BIN)/juncture test --mutate

bench: setup ## Compare joins of several engines; BENCH="--events 5000000 --runs 3" says how: long
	@$(BIN)/python -m bench.joins $(BENCH)

lint: setup ## Style and likely mistakes
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --check --quiet || { echo "not formatted as agreed: run 'make format'" >&2; exit 1; }

types: setup ## Types, strictly
	@$(BIN)/mypy --no-error-summary

imports: setup ## The import directions of docs/architecture.md
	@$(BIN)/lint-imports --no-logo

format: setup ## Format the code, and mend what can be mended
	@$(BIN)/ruff check --fix --quiet
	@$(BIN)/ruff format --quiet

docs: setup ## Check the documentation's links
	@$(BIN)/pytest --quiet tests/unit/test_repository.py -k link

lock: setup ## Pin the newest dependencies pyproject.toml allows
	@tools/lock.sh --upgrade

lock-jars: setup ## Pin the jars of the local broker and cluster, of the benchmark, and of the tests
	@$(BIN)/python -m juncture.local.lock src/juncture/local/jars.lock bench/joins/peers/jars.lock tests/cluster/jars.lock

clean: ## Remove what was built; keeps .venv
	@rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
