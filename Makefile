# make test and make demo install what is missing, make .venv, and do the job.
# On macOS and Windows use the uv commands of the README.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test test-slow check lint bench clean

BIN := .venv/bin
NEEDS := pyproject.toml constraints.txt .ci/prepare
PYTEST := $(BIN)/python -m pytest
# Tests of one file stay together, so that what they share is made once.
BOTH_CORES := -n auto --maxprocesses 4 --dist loadfile

# Each check runs, whatever the others said; `failed` tells whether one of them did.
define CHECKS
$(BIN)/ruff check . || failed=1; \
$(BIN)/ruff format --check . || failed=1; \
$(BIN)/mypy || failed=1; \
$(BIN)/lint-imports --no-cache --no-logo || failed=1; \
$(BIN)/npe2 validate --imports napari_radiogenomics/napari.yaml || failed=1
endef

help: ## Show what can be made
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 18

.venv/.ready-demo: $(NEEDS)
	@.ci/prepare demo
	@touch $@

.venv/.ready-test: $(NEEDS)
	@.ci/prepare test
	@touch $@ .venv/.ready-demo

demo: .venv/.ready-demo ## Open the sample cohort in napari; without a display, write pictures of it
	@$(BIN)/napari-radiogenomics demo

test: .venv/.ready-test ## Run every check and all tests; the tests run even where a check fails
	@failed=0; $(CHECKS); $(PYTEST) $(BOTH_CORES) && exit $$failed

test-slow: .venv/.ready-test ## Run the tests that take minutes: false discoveries over hundreds of cohorts
	@$(PYTEST) -m very_slow --timeout 3600 tests

lint: .venv/.ready-test ## Run the checks that need no tests: style, types, floors, manifest
	@failed=0; $(CHECKS); exit $$failed

BENCHES := texture regions genomics opening waiting strokes fusion

bench: .venv/.ready-test ## Time maps, features, pathway scores, the opening of patients, strokes, fusion; tables and charts into bench_output
	@for name in $(BENCHES); do $(BIN)/python tests/bench/$$name.py --into bench_output; done
	@$(PYTEST) --benchmark-only -r f tests

clean: ## Remove the environment and everything that was made
	rm -rf .venv build dist demo_output bench_output .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
