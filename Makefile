# Everything is installed into $(VENV); nothing but Python, pip and make is needed beforehand.
# The stamps in it tell what was installed, so that a second call installs nothing.

PYTHON ?= python3
TORCH ?= 1
VENV = .venv

TORCH_VERSION = 2.13.0
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check --no-input -qq

TORCH_STAMP = $(VENV)/.torch-$(TORCH_VERSION)
READY = $(VENV)/.installed $(if $(filter 0,$(TORCH)),,$(TORCH_STAMP))

FRAMEWORKS = $(if $(filter 0,$(TORCH)),,$(VENV)/.frameworks)

.DEFAULT_GOAL = help
.PHONY: help bench demo test test-long lint format samples screenshots bench-diagnose bench-run wheel clean
.NOTPARALLEL: # two pips at once would spoil each other's work, and the demo wants the terminal

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-15s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "make TORCH=0 TARGET            does not install torch (about 200 MB, or several GB with CUDA)"
	@echo "make PYTHON=python3.12 TARGET  takes another Python for $(VENV)"
	@echo "make test ARGS='-k rotation'   passes arguments to pytest"

demo: $(READY) ## watch a real small training; with TORCH=0 a recorded one
	@$(BIN)/trainwatch demo $(if $(filter 0,$(TORCH)),--replay)

test: $(READY) $(VENV)/.dev $(FRAMEWORKS) ## run all tests
	$(BIN)/pytest -q $(ARGS)

test-long: $(READY) $(VENV)/.dev ## run the tests that take minutes: kills, floods, hung jobs, a line of 1 GB
	$(BIN)/pytest -q -m long $(ARGS)

bench: $(VENV)/.dev ## measure it, about 20 minutes; ARGS=--quick takes two
	$(BIN)/python -m bench $(ARGS)

bench-run: $(VENV)/.dev ## measure a training's step time with and without trainwatch run, paired
	$(BIN)/python -m bench.step_time $(ARGS)

lint: $(VENV)/.dev ## check format, style, types and import walls
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: $(VENV)/.dev ## format the code and mend what ruff can mend
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

screenshots: $(VENV)/.installed $(TORCH_STAMP) ## draw docs/images/ anew from a real training; needs chromium
	$(BIN)/python scripts/screenshot.py

samples: $(VENV)/.installed $(TORCH_STAMP) ## record sample_logs/ anew from real jobs
	$(BIN)/python scripts/record_samples.py $(ARGS)

bench-diagnose: $(READY) $(VENV)/.dev ## diagnose recorded cases and real hung jobs, as tables
	$(BIN)/python tests/diagnose/bench_diagnose.py
	$(BIN)/python tests/diagnose/live_matrix.py $(ARGS)
	$(BIN)/python tests/diagnose/odd_matrix.py $(ARGS)
	$(BIN)/python tests/diagnose/live_moments.py

wheel: $(VENV)/.dev ## build what is published into dist/
	$(BIN)/hatchling build

clean: ## remove .venv, caches and build products; runs and samples stay
	rm -rf trainwatch/parsing/native/*.so $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find examples scripts tests trainwatch -name __pycache__ -prune -exec rm -rf {} +

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { echo \
	  "trainwatch needs Python 3.11 or newer: $(PYTHON) is older or missing." \
	  "Name another one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo \
	  "$(PYTHON) lacks its module venv, which installs pip into $(VENV)." \
	  "On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.installed: pyproject.toml hatch_build.py $(wildcard trainwatch/parsing/native/*.[ch]) $(VENV)/.made
	@echo "Installing trainwatch into $(VENV) …" >&2
	@$(PIP) install --editable .
	@touch $@

$(TORCH_STAMP): $(VENV)/.made
	@echo "Installing torch $(TORCH_VERSION) into $(VENV); TORCH=0 does without …" >&2
	@$(PIP) install torch==$(TORCH_VERSION)
	@touch $@

$(VENV)/.dev: pyproject.toml $(VENV)/.installed
	@echo "Installing the tools of development into $(VENV) …" >&2
	@$(PIP) install 'pip>=25.1' # the first that knows dependency groups
	@$(PIP) install --group dev
	@touch $@

$(VENV)/.frameworks: pyproject.toml $(VENV)/.dev $(TORCH_STAMP)
	@echo "Installing the frameworks whose callbacks are tested into $(VENV) …" >&2
	@$(PIP) install --group frameworks
	@touch $@
