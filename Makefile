# Every target does all of its own set-up. Needed: make and Python 3.11 or newer (PYTHON=... names one by hand).

.DEFAULT_GOAL := help
.PHONY: help setup redis promtool chromium test test-fast planted desk simulate mutants chaos figures compose-check docs lint demo bench ccxt-env clean

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
PYTHON :=
SECONDS := 30
ARGS :=
SEEDS :=
SEED :=
ROUNDS := 30
TIMES := 3
JOBS := $(shell nproc 2>/dev/null || echo 2)
# Three for two cores: many tests wait for a process or a socket more than they compute.
WORKERS := 3
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | while IFS='|' read -r name text; do printf '  make %-13s %s\n' "$$name" "$$text"; done

setup: $(INSTALLED) ## make the virtual environment in .venv; done again only when pyproject.toml changed

$(INSTALLED): pyproject.toml
	@PYTHON="$(PYTHON)" sh .ci/make-venv $(VENV)
	@echo "installing hedge-strategy and what it needs into $(VENV)"
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --no-input -e '.[dev]'
	@touch $@

redis: ## install redis-server from the system's packages where it is missing and may be installed
	@sh .ci/install-redis

promtool: ## install promtool from the system's packages (prometheus) where it is missing and may be installed
	@sh .ci/install-promtool

chromium: ## install Chromium from the system's packages where it is missing and may be installed
	@sh .ci/install-chromium

test: setup redis ## run all tests but the planted failures, the desk and those with Docker; ARGS="-k word" narrows them
	@$(PYTEST) -m "not planted and not desk and not docker" $(ARGS)

test-fast: setup ## run the tests that start no process of the product and need no venue SDK
	@$(PYTEST) -m "not process and not sdk and not desk and not docker" $(ARGS)

planted: setup redis ## plant each known failure in a copy of the product: its test must find it
	@$(PYTEST) -m planted $(ARGS)

desk: setup redis promtool chromium ## run what stands around the trading: journal, alerts, metrics beside real processes; promtool, a browser
	@$(PYTEST) -m desk $(ARGS)

simulate: setup ## SEEDS=10000 fresh schedules of faults over a model of everything; SEED=1234 replays one; JOBS=1 core
	@$(BIN)/python -m tests.simulation $(if $(SEED),--seed $(SEED),--seeds $(or $(SEEDS),10000)) --jobs $(JOBS) $(ARGS)

mutants: setup redis ## plant each known failure into what is simulated: at most SEEDS=10000 schedules to find each
	@$(BIN)/python -m tests.simulation.hunt --seeds $(or $(SEEDS),10000) --jobs $(JOBS) $(ARGS)

chaos: setup redis ## ROUNDS=30 of faults done to real processes, judged by the exchange; SEED=1 of kinds and moments
	@$(BIN)/python -m tests.chaos --rounds $(ROUNDS) $(if $(SEED),--seed $(SEED)) $(ARGS)

figures: setup redis ## measure what is promised in figures, TIMES=3 each: kill -9 of A, of B, FLUSHALL, hedgers that share markets; Redis' memory
	@$(BIN)/python -m tests.figures --times $(TIMES) $(if $(SEED),--seed $(SEED)) $(ARGS)

lint: setup ## check style, formatting and types
	@failed=0; \
	$(BIN)/ruff check . || failed=1; \
	$(BIN)/ruff format --check . || failed=1; \
	$(BIN)/mypy || failed=1; \
	exit $$failed

demo: setup ## exchange, Redis, hedger and maker for SECONDS=30; ARGS="--json" and the like are passed on
	@$(BIN)/hedge demo --seconds $(SECONDS) $(ARGS)

bench: setup redis ## measure how fast a fill is hedged, write docs/performance.md; a quarter of an hour, ARGS="--short --json"
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --no-input -e '.[bench]'
	@$(BIN)/hedge bench $(or $(ARGS),--write-docs)

compose-check: setup ## build the image, trade with three hedgers in containers and kill one; needs a Docker engine
	@$(BIN)/python -m pytest -m docker tests/deploy $(ARGS)

docs: setup ## write docs/settings.md and docs/metrics.md anew from their sources and build the pages in build/site
	@$(BIN)/python -m hedge_strategy.config.reference > docs/settings.md
	@$(BIN)/python -m hedge_strategy.metrics.reference > docs/metrics.md
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --no-input -e '.[docs]'
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet
	@echo "build/site/index.html"

ccxt-env: setup ## make .venv-ccxt, where CCXT runs against the simulated exchange with the signer library it needs
	@sh tests/simulator/ccxt_environment.sh

clean: ## remove the virtual environments, caches and build output
	rm -rf $(VENV) .venv-ccxt .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
