# Everything a developer runs. `make help` lists it.
# Two environments, so that the dashboard starts from the locked few packages alone: .venv (run), .venv-dev (the rest).

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules
# dockerd and iptables live in sbin, which is not on everybody's PATH.
export PATH := $(PATH):/usr/sbin:/sbin

PYTHON ?= python3
ARGS ?=
DEV := .venv-dev/bin
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check --no-input --require-hashes
# Or the first start would do it, while somebody waits.
COMPILE := -m compileall -q app widgets themes
UV_COMPILE := pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
  --no-emit-index-url --no-emit-find-links pyproject.toml

.PHONY: help run test lint format bench figures engines soak lock clean engine-packages

help: ## what there is
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 22

run: .venv/.installed ## open the dashboard; ARGS="--home DIR" or a verb: make run ARGS=list-clusters
	@.venv/bin/python moorage.py $(ARGS)

test: .venv-dev/.installed engine-packages ## all tests; ARGS="-k words" for some; MOORAGE_REQUIRE_DOCKER=1 forbids skips
	@$(DEV)/python -m pytest $(ARGS)

lint: .venv-dev/.installed ## ruff, format, types, import rules
	@$(DEV)/ruff check .
	@$(DEV)/ruff format --check .
	@$(DEV)/mypy
	@$(DEV)/lint-imports

format: .venv-dev/.installed ## let ruff put the code in shape
	@$(DEV)/ruff check --fix .
	@$(DEV)/ruff format .

bench: .venv-dev/.installed engine-packages ## measure what the README claims
	@$(DEV)/python -m bench $(ARGS)

figures: .venv-dev/.installed engine-packages ## do what goes wrong, and write what came of it into docs/reliability.md
	@$(DEV)/python -m bench.figures $(ARGS)

engines: .venv-dev/.installed engine-packages ## the contract and the main job on other engines; ARGS="28.5" one of them
	@$(DEV)/python -m bench.engines $(ARGS)

soak: .venv-dev/.installed engine-packages ## a monkey while all goes wrong, for ten minutes; ARGS="--minutes 2 --no-faults"
	@$(DEV)/python -m bench.soak $(ARGS)

lock: ## renew requirements*.txt from pyproject.toml; ARGS=--upgrade takes newer versions
	@if command -v uv >/dev/null; then uv=uv; else \
	  test -x .venv-lock/bin/uv || { $(PYTHON) -m venv .venv-lock; .venv-lock/bin/pip install --quiet uv; }; \
	  uv=.venv-lock/bin/uv; fi; \
	$$uv $(UV_COMPILE) $(ARGS) --output-file requirements.txt; \
	$$uv $(UV_COMPILE) $(ARGS) --constraint requirements.txt --group dev --output-file requirements-dev.txt

clean: ## remove environments, caches and builds
	@rm -rf .venv .venv-dev .venv-lock build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The system packages that the tests' Docker Engines need; says what is skipped where they can't be had.
engine-packages:
	@.ci/engine-packages

.venv/.installed: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Moorage needs Python 3.11 or newer")'
	@test -x .venv/bin/python || $(PYTHON) -m venv .venv
	@.venv/bin/python $(PIP_INSTALL) -r requirements.txt
	@.venv/bin/python $(COMPILE)
	@touch $@

.venv-dev/.installed: requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Moorage needs Python 3.11 or newer")'
	@test -x .venv-dev/bin/python || $(PYTHON) -m venv .venv-dev
	@.venv-dev/bin/python $(PIP_INSTALL) -r requirements-dev.txt
	@.venv-dev/bin/python $(COMPILE)
	@touch $@
