# Two commands for a newcomer: `make demo` and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
GOAL ?= ten polymer electrolyte repeat units with ionic conductivity above 1e-4 S/cm, no fluorine

.PHONY: demo test check lint types browser docs bench clean help

help:  ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

demo: $(VENV)/.base  ## install, then run a real design query offline
	$(BIN)/ionwright design "$(GOAL)"

test: $(VENV)/.test  ## install what the tests need and run the quick ones
	$(BIN)/python -m pytest -n auto --dist loadscope

check: lint types test  ## what continuous integration runs

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev .types
	$(BIN)/mypy

browser: $(VENV)/.dev  ## the chat's tests; needs Chromium (Debian: apt-get install chromium)
	$(BIN)/python -m pytest -m browser

docs: $(VENV)/.base  ## write the generated tables into README and docs
	$(BIN)/python docs/generate.py

bench: $(VENV)/.base  ## measure the polymer generators; DATA=folder adds the published anchor
	$(BIN)/ionwright bench polymers $(if $(DATA),--data $(DATA))

clean:
	rm -rf $(VENV) .types build *.egg-info

$(VENV)/.base: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "needs Python 3.11 or newer: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/.test: $(VENV)/.base
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	touch $@

$(VENV)/.dev: $(VENV)/.base
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

# type checkers find the folders under their import names through links
.types:
	mkdir -p .types/ionwright
	ln -sfn ../../agent/_ionwright/__init__.py .types/ionwright/__init__.py
	for folder in agent tools generators knowledge; do ln -sfn ../../$$folder .types/ionwright/$$folder; done
