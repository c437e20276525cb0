# Everything here needs only Python 3.11 or newer, make and a package registry.
#   make demo    speak the three example productions into outputs/demo
#   make test    lint and run the tests
#   make lint    ruff, mypy, import-linter, codespell
#   make bench   measure the embedded model on this machine
#
# Another Python:       make demo PYTHON=python3.12
# Another environment:  make test VENV=/somewhere/else

VENV ?= .venv

ifeq ($(OS),Windows_NT)
PYTHON ?= python
BIN := $(VENV)/Scripts
else
PYTHON ?= python3
BIN := $(VENV)/bin
endif

RUN := $(BIN)/python -m
PIP_INSTALL := $(RUN) pip install --disable-pip-version-check --quiet -c constraints.txt

.PHONY: help demo test lint bench docs format clean

help:
	@echo "make demo | test | lint | bench | docs | format | clean   (see the head of the Makefile)"

# Two stamps, so that the demo does not wait for the developers' tools.
$(VENV)/.made:
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" \
	  || { echo "error: gsvbatch needs Python 3.11 or newer; name one: make PYTHON=python3.11"; exit 2; }
	@echo "making the environment in $(VENV); the first time takes a few minutes"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP_INSTALL) --upgrade pip
	@touch $@

$(VENV)/.runtime: $(VENV)/.made pyproject.toml constraints.txt
	@$(PIP_INSTALL) -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime
	@$(PIP_INSTALL) -e ".[dev]"
	@touch $@

demo: $(VENV)/.runtime
	@$(BIN)/gsvbatch demo --output outputs/demo

test: lint
	$(RUN) pytest

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(RUN) mypy gsvbatch
	$(BIN)/lint-imports
	$(BIN)/codespell

bench: $(VENV)/.runtime
	@$(BIN)/gsvbatch bench

# The command reference is written from the program's own help.
docs: $(VENV)/.runtime
	$(BIN)/python tools/generate_commands.py

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
