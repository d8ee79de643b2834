# What one does with hookflash, from a fresh clone on: `make demo` and `make test` need Python 3.11 or later, and make.
#
# Each interpreter has a virtual environment of its own (.venv for python3, .venv-3.12 for PYTHON=python3.12), made anew
# when pyproject.toml or the constraints change. What goes into it is bound by hashes: constraints.txt to run, constraints-test.txt to test.

PYTHON ?= python3
JOBS ?= 3
ARGS ?=
PYTHONS ?= python3.11 python3.12 python3.13

VENV := .venv$(if $(filter python3,$(PYTHON)),,-$(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])'))
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
TO_RUN := $(VENV)/.ready-to-run
TO_TEST := $(VENV)/.ready-to-test
PYTEST = $(BIN)/python -m pytest -n $(JOBS) --dist loadscope --no-loadscope-reorder
BUF := @bufbuild/buf@1.75.0

# The tests start some hundred processes: without the compiled modules each would compile the engine anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo serve test trials check fmt lint types imports limits proto drift docs spec bench simulate mutants torture bench-alternatives buf lock clean

help:  ## list what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "  PYTHON=python3.12 chooses the interpreter, ARGS='...' goes to the command behind a target."

$(TO_RUN): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "hookflash needs Python 3.11 or later: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv --clear $(VENV)
	$(PIP) install --require-hashes -r constraints.txt
	$(PIP) install --no-deps --no-build-isolation --no-index -e .
	@touch $@

$(TO_TEST): $(TO_RUN) constraints-test.txt
	$(PIP) install --require-hashes -r constraints-test.txt
	@$(BIN)/python -m pytest --collect-only -qq >/dev/null  # compiles them once, and not in each of the processes
	@touch $@

setup: $(TO_TEST)  ## make the virtual environment, with everything for running and testing

demo: $(TO_RUN)  ## the whole story, told in the terminal against a real server
	$(BIN)/hookflash demo $(ARGS)

serve: $(TO_RUN)  ## start a server on this machine's loopback address
	$(BIN)/hookflash serve $(ARGS)

test: $(TO_TEST)  ## run the tests
	$(PYTEST) -m "not trial" $(ARGS)

trials: $(TO_TEST)  ## a slice of every trial: some defects, power cuts, bad disks, floods, a quick benchmark; the tutorial
	$(PYTEST) -m trial $(ARGS)

check: lint types imports limits drift spec buf  ## everything that is checked beside the tests
	@echo "check: all is well"

fmt: $(TO_TEST)  ## bring the code into its form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: $(TO_TEST)  ## form and rules (ruff)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(TO_TEST)  ## types, tests included (mypy --strict)
	$(BIN)/mypy

imports: $(TO_TEST)  ## who may import whom (import-linter)
	$(BIN)/lint-imports

limits: $(TO_TEST)  ## length of files and functions
	$(BIN)/python tools/limits.py

proto: $(TO_TEST)  ## write the generated code of the API anew
	$(BIN)/python proto/generate.py

docs: $(TO_TEST)  ## write the generated pages of docs/ anew
	$(BIN)/python -m tools.docs

drift: $(TO_TEST)  ## generated code, generated pages and README are those of this source
	$(BIN)/python -m pytest tests/server/test_generated_code_is_current.py tests/docs tests/packaging

spec: $(TO_TEST)  ## which tests show which requirement; fails where one has none
	$(BIN)/python tools/spec.py $(ARGS)

simulate: $(TO_TEST)  ## the real engine under a simulated disk, clock and world: SEEDS=200, or the story of one SEED=7
	$(BIN)/python -m tests.simulation $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),200)) $(ARGS)

mutants: $(TO_TEST)  ## plant defects one at a time; fails where the simulation does not find one
	$(BIN)/python -m tests.mutants --jobs $(JOBS) $(ARGS)

torture: $(TO_TEST)  ## kill -9, power cuts, bad disks, bad networks, floods, upgrades: TRIAL=kill for one of them
	$(BIN)/python -m tests.torture $(or $(TRIAL),all) $(ARGS)

bench-alternatives:  ## actor libraries to be measured beside ours, in an environment of their own
	$(PYTHON) -m venv --clear .venv-alternatives
	.venv-alternatives/bin/python -m pip --disable-pip-version-check --quiet install -r tests/bench/alternatives/requirements.txt

bench: $(TO_TEST)  ## measure, beside a bare echo server in the same run
	$(BIN)/python -m tests.bench $(ARGS)

buf:  ## the rules of the API's .proto files (buf lint), where npm is there
	@if ! command -v npx >/dev/null; then echo "buf: skipped, there is no npm here"; \
	elif ! npx --yes $(BUF) --version >/dev/null 2>&1; then echo "buf: skipped, npm cannot get $(BUF)"; \
	else npx --yes $(BUF) lint && echo "buf: all is well"; fi

lock:  ## choose versions and hashes anew: PYTHONS='python3.11 ...', the oldest first
	$(firstword $(PYTHONS)) tools/lock.py $(PYTHONS)

clean:  ## remove the environments and what tools left behind
	rm -rf .venv .venv-* build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
