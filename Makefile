# Needs python3 >= 3.11, node >= 20 and make; everything else is fetched by what stands here.
# Stamps lie inside what they stamp: delete .venv or node_modules and the next `make` mends it.
PYTHON ?= python3
BIN := .venv/bin
PACKAGES := .venv/packages-installed
FRONTEND_PACKAGES := frontend/node_modules/packages-installed
PAGE := annotation/static/app/.vite/manifest.json
PAGE_SOURCES := $(wildcard frontend/*.ts frontend/*.js frontend/*.html frontend/licences/*) $(shell find frontend/src -type f)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help setup demo test lint frontend-test browser senders format lock clean

help:
	@echo "make demo    set up what is missing and start everything: http://127.0.0.1:8000 (PORT=...)"
	@echo "make setup   the setting-up alone"
	@echo "make test    every test: lint, types, TypeScript, Python, browser"
	@echo "make format  put every file into the house's format"
	@echo "make lock    bring requirements.lock up to date with pyproject.toml"
	@echo "make clean   remove what setup made; the data in var/ stay"

setup: $(PACKAGES) $(PAGE)

demo: setup
	@exec $(BIN)/python manage.py demo

TOGETHER := --numprocesses auto --dist loadfile
test: setup lint frontend-test browser senders
	@echo "== Python tests"
	@$(BIN)/python -m pytest $(TOGETHER) --maxprocesses 4 --ignore tests/end_to_end
	@echo "== Browser tests"
	@$(BIN)/python -m pytest $(TOGETHER) --maxprocesses 2 tests/end_to_end

# $(call with_news,what,command): the command, and a line every ten seconds that it is alive.
define with_news
@echo "== $(1)"; $(2) & work=$$!; trap 'kill $$work 2>/dev/null; exit 130' INT TERM; seconds=0; \
while kill -0 $$work 2>/dev/null; do sleep 1; seconds=$$((seconds + 1)); \
[ $$((seconds % 10)) -ne 0 ] || echo "   still at it: $(1), $$seconds s"; done; wait $$work
endef

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed: install it, or name it: make PYTHON=/path/to/python3"; exit 1; }
	@echo "== Making .venv with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv .venv || { rm -rf .venv; \
		echo "Python has no venv module: install it (Debian, Ubuntu: apt-get install python3-venv)."; exit 1; }

# The installer comes first, out of the same lock and held to the same hashes. Compiling now costs
# half a minute once; five processes that each do it at their first start cost more.
$(PACKAGES): requirements.lock | $(BIN)/python
	@sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > .venv/installer.lock
	$(call with_news,Installing the installer,$(BIN)/python -m pip install --quiet --require-hashes -r .venv/installer.lock)
	$(call with_news,Installing Python packages,$(BIN)/uv pip sync --python $(BIN)/python --compile-bytecode --require-hashes requirements.lock)
	@touch $@

$(FRONTEND_PACKAGES): frontend/package-lock.json
	@node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' || \
		{ echo "Node 20 or newer is needed: install it and run make again."; exit 1; }
	$(call with_news,Installing frontend packages,npm --prefix frontend ci)
	@touch $@

$(PAGE): $(FRONTEND_PACKAGES) $(PAGE_SOURCES)
	$(call with_news,Building the frontend,npm --prefix frontend run build --silent)
	@touch $@

lint: $(PACKAGES) $(FRONTEND_PACKAGES)
	@echo "== Format, lint, types, imports"
	@$(BIN)/ruff format --check --quiet . && $(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache --no-logo
	@npm --prefix frontend run lint --silent
	@npm --prefix frontend run check --silent

frontend-test: $(FRONTEND_PACKAGES)
	@echo "== TypeScript tests"
	@npm --prefix frontend run test --silent

browser: $(PACKAGES)
	@$(BIN)/python -m tests.browser

senders: $(PACKAGES)
	@$(BIN)/python -m tests.dicom_senders

format: $(PACKAGES) $(FRONTEND_PACKAGES)
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .
	@npm --prefix frontend run format --silent

lock: $(PACKAGES)
	@$(BIN)/uv pip compile pyproject.toml --group dev --universal --generate-hashes --no-emit-index-url -o requirements.lock --python-version 3.11 --quiet

clean:
	rm -rf .venv frontend/node_modules annotation/static/app .mypy_cache .ruff_cache .pytest_cache .hypothesis
