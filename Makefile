# The commands a developer needs. Each does its own set-up; a second run finds it done.
# Needs nothing but make and a Python of 3.11 or later (PYTHON=… to choose one).

.PHONY: demo test check bench soak messages screenshots clean
.DELETE_ON_ERROR:
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
PYTHON ?=

demo: $(VENV)/installed
	@ONEFOLD_LOG_LEVEL=$${ONEFOLD_LOG_LEVEL:-warning} $(BIN)/onefold demo

test: $(VENV)/installed-dev
	$(BIN)/python -m pytest -n 2 $(ARGS)

check: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q -n 0 tests/architecture

bench: $(VENV)/installed-dev
	@$(BIN)/python -m benchmarks $(ARGS)

soak: $(VENV)/installed-dev
	$(BIN)/python -m pytest -n 0 -m soak --timeout 0 $(ARGS)

screenshots: $(VENV)/installed-dev
	$(BIN)/python -m tests.browser.screenshots screenshots $(ARGS)

messages: $(VENV)/installed-dev
	$(BIN)/python -m tools.messages

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

$(BIN)/python:
	@set -e; for candidate in "$(PYTHON)" python3 python3.14 python3.13 python3.12 python3.11 python; do \
	    [ -n "$$candidate" ] || continue; \
	    if "$$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	        "$$candidate" -m venv $(VENV); exit 0; \
	    fi; \
	done; \
	echo 'Onefold needs Python 3.11 or later with the modules venv and ensurepip (Debian: apt install python3-venv).' >&2; \
	echo 'None was found on the PATH. Install one, or name it: make demo PYTHON=/path/to/python3' >&2; exit 1

$(VENV)/installed: requirements.lock requirements-node.lock pyproject.toml | $(BIN)/python
	@echo 'Installing what Onefold needs into $(VENV) …'
	@$(PIP) install --require-hashes -r requirements.lock
	@# the front end comes by npm: where the system has none, from the package index
	@command -v npm >/dev/null || $(PIP) install --require-hashes -r requirements-node.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

# the development lock holds all of requirements.lock too
$(VENV)/installed-dev: requirements-dev.lock pyproject.toml | $(BIN)/python
	@echo 'Installing what Onefold and its tests need into $(VENV) …'
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/installed
