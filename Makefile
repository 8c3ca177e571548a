# Everything here runs on a fresh machine with Python >= 3.11, make and a package index.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
PLUGINS := $(wildcard plugins/*)
SOURCES := src $(addsuffix /src,$(PLUGINS))

.PHONY: help install demo test lint types contracts collected pytest soak mutate wheels measure bench clean

help: ## List the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-10s %s\n", $$1, $$2}'

install: $(VENV)/.installed ## Create .venv with every distribution and the development tools

$(VENV)/.installed: constraints.txt pyproject.toml $(addsuffix /pyproject.toml,$(PLUGINS))
	@echo "installing every distribution into $(VENV) …"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(UV) || $(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--constraint constraints.txt uv
	@VIRTUAL_ENV=$(VENV) $(UV) pip install --quiet --compile-bytecode \
		--constraint constraints.txt --group dev \
		--editable . $(addprefix --editable ./,$(PLUGINS))
	@$(BIN)/python -m compileall -q $(SOURCES)  # where Python may not write bytecode, help is slow
	@touch $@

demo: install ## Run the first demo on the simulated market, and show its bars
	$(BIN)/beaf pipeline run --pipeline demo/01_ohlcv_bars.py --date 2026-02-01 --force

test: install lint contracts ## Everything that CI runs
	@$(MAKE) --no-print-directory --jobs 2 types collected  # each keeps one processor busy
	@$(MAKE) --no-print-directory pytest

lint: install ## Style of code, and of layout
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: install ## Types of every distribution, strictly
	$(BIN)/mypy $(SOURCES)

contracts: install ## Who may import whom
	$(BIN)/lint-imports

# Its workers would each take nine seconds for the assertions of all tests, and forget them where
# Python may not write bytecode. What is wrong with a test is told by `pytest`.
collected: install
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest --collect-only -qq > /dev/null || true

pytest: install ## The tests alone
	$(BIN)/python -m pytest --numprocesses 3 --dist loadgroup

soak: install ## Kill runs fifty times over, and break their disks
	$(BIN)/python -m pytest --numprocesses 2 --dist loadgroup -m soak

mutate: install ## Make every measure wrong, in every way, and see a test fail
	$(BIN)/python scripts/mutate_measures.py

wheels: install ## Build every distribution into dist/
	rm -rf dist
	VIRTUAL_ENV=$(VENV) $(UV) build --quiet --all-packages --out-dir dist
	@ls dist

measure: install ## Print what `beaf --help` costs
	$(BIN)/python scripts/measure_start.py

bench: install ## Measure the engine against its rivals, on a million order messages
	$(BIN)/beaf bench --size small

clean: ## Remove what can be made again
	rm -rf $(VENV) dist build demo/data demo/.beaf .pytest_cache .mypy_cache .ruff_cache \
		.hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
