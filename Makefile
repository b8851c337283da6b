# Everything that one does with a checkout. It needs Python 3.11 and make; the first target that runs code makes .venv.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
DIST_PYTHON := build/env/bin/python
DIST_STAMP := build/env/.installed

.DEFAULT_GOAL := help
.PHONY: help venv demo check test cluster bench score snapshots dist clean

help: ## what there is to make (this list)
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

venv: $(STAMP) ## the virtual environment .venv, with the tool and what its development needs

$(STAMP): pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { \
	  echo "make: there is no '$(PYTHON)'. Install Python 3.11 or newer, or name it: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "make: $(PYTHON) is $$($(PYTHON) --version 2>&1), and kubectl sidecar needs Python 3.11 or newer." \
	    "Name a newer one: make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(STAMP) ## try the tool on an embedded sample cluster (the TUI, or without a terminal a story as text)
	@if [ -t 0 ] && [ -t 1 ]; then exec $(BIN)/kubectl-sidecar browse --demo; else exec $(BIN)/python tools/demo.py; fi

check: $(STAMP) ## format, lint, types and import rules
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check ## check, then all tests; those that need a real Kubernetes run if `make cluster` was made
	$(BIN)/pytest

cluster: ## build a real Kubernetes for the tests, once, into the user's cache (needs Go, takes some minutes)
	@tests/cluster/build.sh

bench: $(STAMP) ## measure speed and memory
	$(BIN)/python -m tests.bench

score: $(STAMP) ## judge the classifier by labelled manifests: make score CORPUS=DIR
	$(BIN)/python -m tests.score $(CORPUS)

snapshots: $(STAMP) ## accept the TUI's pictures as they are now; look at the difference before you commit
	$(BIN)/pytest tests/tui --snapshot-update

dist: $(DIST_STAMP) ## build what is released for this machine: krew's archive and plugin.yaml, wheel and sdist, into dist/
	$(DIST_PYTHON) packaging/build.py $(if $(LICENCES),--licences '$(LICENCES)')
	$(DIST_PYTHON) packaging/render.py --to plugin.yaml

# An environment with the pinned dependencies alone: what is not in it cannot get into the archive.
$(DIST_STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv --clear build/env
	$(DIST_PYTHON) -m pip install --quiet --disable-pip-version-check -c constraints.txt '.[dist]'
	@touch $@

clean: ## remove .venv and whatever tools left in the checkout
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache snapshot_report.html
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
