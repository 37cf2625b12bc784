# Every target works in .venv, which it makes. Needs Python >= 3.11 with venv, make and, for the
# simulated device, a C++ compiler and perl.

VENV := .venv
BIN := $(VENV)/bin
JOBS ?= 2
DEMO_ARGS ?=
TEST_ARGS ?=

# The first that runs and is new enough; `make PYTHON=/path/to/python` chooses another.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
	&& echo $$p && break; done)

.DEFAULT_GOAL := help
.PHONY: help demo test test-full lint pytest formal mutants bench bench-compute bench-ising gpu-check pnr docs wheel clean distclean

help: ## list the targets
	@awk -F ': .*## ' '/^[a-z-]+:.*## / { printf "%-13s %s\n", $$1, $$2 }' Makefile

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Tickgate needs Python 3.11 to 3.13; found none. Install one, or: make PYTHON=/path/to/python3" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "$(PYTHON) cannot make a virtual environment; on Debian and Ubuntu: apt install python3-venv" >&2; exit 2; }

# One stamp for each set of extras. A newer pyproject.toml installs again.
$(VENV)/stamp-%: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[$*]'
	@touch $@

# What `dev` installs serves the demo too.
DEMO_STAMP := $(if $(wildcard $(VENV)/stamp-dev),$(VENV)/stamp-dev,$(VENV)/stamp-sim)

demo: $(DEMO_STAMP) ## generated order flow through the simulated device, verified, with a report
	$(BIN)/tickgate demo $(DEMO_ARGS)

test: lint docs pytest ## everything that CI checks: lint, types, layers, docs, tests, coverage

lint: $(VENV)/stamp-dev ## ruff, mypy, import layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --cache-dir build/import-linter

pytest: $(VENV)/stamp-dev
	@mkdir -p build/coverage
	$(BIN)/pytest -n $(JOBS) -m "not slow and not mutant" --cov --cov-report=term $(TEST_ARGS)

test-full: lint docs ## test, and the slow campaigns
	@mkdir -p build/coverage
	$(BIN)/pytest -n $(JOBS) --cov --cov-report=term $(TEST_ARGS)

formal: $(VENV)/stamp-dev ## the proofs alone, with Yosys and a SAT solver; they are part of test
	$(BIN)/pytest -n $(JOBS) -m "formal and not mutant" tests/formal $(TEST_ARGS)

mutants: $(VENV)/stamp-dev ## changes of the gateware that a proof must refute; killed and survived last
	$(BIN)/pytest -n $(JOBS) -q -m mutant tests/formal $(TEST_ARGS)

bench: $(VENV)/stamp-dev ## updates per second against another order book; JSON last
	$(BIN)/python -m tests.benchmarks

bench-compute: $(VENV)/stamp-dev ## Monte Carlo against numba and QuantLib; JSON last
	$(BIN)/python -m tests.benchmarks.compute

bench-ising: $(VENV)/stamp-dev ## time to solution of Ising solvers and of their peers; JSON last
	$(BIN)/python -m tests.benchmarks.ising

gpu-check: ## the kernels on this machine's GPU, with the Python it finds; JSON last
	$(PYTHON) -m tests.gpu.check

pnr: $(VENV)/stamp-pnr ## place and route with open tools; takes hours; JSON last
	$(BIN)/python -m gateware.build.pnr

docs: $(VENV)/stamp-dev ## the manual, into site/
	@# the theme announces its successor; that is no warning about this manual
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

wheel: $(VENV)/stamp-dev ## the wheel, into dist/
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .

clean: ## remove what the targets wrote, but .venv
	rm -rf build dist site tickgate-report .pytest_cache .hypothesis .import_linter_cache
	find gateware gpu host hw sim tests docs -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## clean, and .venv
	rm -rf $(VENV)
