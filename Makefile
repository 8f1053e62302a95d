# Every target makes what it needs; a second run installs nothing.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help run run-cluster test quick environments test-all test-taipy test-taipy-all taipy-tests faults soak check coverage bench bench-taipy bench-cluster man pictures docs build release-check clean broker servers

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/.installed ## Run the example application on its real data, in standalone mode
	$(BIN)/taipy-exec submit configs/standalone.toml
	@$(BIN)/taipy-exec data show configs/standalone.toml report | $(BIN)/python -c 'import json, sys; print(json.load(sys.stdin)["headline"])'

run-cluster: $(VENV)/.installed broker ## Run the example in cluster mode, on a private broker
	$(BIN)/python -m tools.private_broker -- $(BIN)/python -m tools.run_cluster

# With PYTHONDONTWRITEBYTECODE each of some ten thousand processes would compile everything again.
COMPILE := $(BIN)/python -m compileall -q taipy_exec tools

test: $(VENV)/.installed-test servers ## Run the tests, except the long ones
	@$(COMPILE)
	$(BIN)/python -m pytest -n auto --dist loadgroup --ignore tests/faults -m "not long"
	FAULT_ROUNDS=1 $(BIN)/python -m pytest -n auto --dist load tests/faults --representative
	@$(MAKE) --no-print-directory test-taipy

QUICK := $(addprefix tests/unit/test_,decide.py random_walk.py compile_and_check.py coordinator.py assignments.py) \
  $(addprefix tests/acceptance/test_,exit_codes.py golden_output.py) tests/integration/test_job_faults.py
quick: $(VENV)/.installed-test ## Run the core's tests and one of each other kind, in a minute
	@$(COMPILE)
	$(BIN)/python -m pytest -n auto -m "not long" $(QUICK)

test-all: $(VENV)/.installed-test servers ## Run all tests; half an hour longer
	@$(COMPILE)
	TEST_BY_EXEC=1 $(BIN)/python -m pytest -n auto --dist loadgroup --ignore tests/faults
	@$(MAKE) --no-print-directory test-taipy-all

# The oldest and the newest version that the extra `taipy` takes, each with an environment of its own.
TAIPY_VERSIONS := 4.1.0 4.1.1
TAIPY_OLDEST := $(firstword $(TAIPY_VERSIONS))
TAIPY_NEWEST := $(lastword $(TAIPY_VERSIONS))
TAIPY_PIP = $(@D)/bin/python -m pip install --quiet --disable-pip-version-check
INSTALL_TAIPY = $(TAIPY_PIP) --no-build-isolation \
  $(patsubst %,%==$(@D:$(VENV)/taipy-%=%),taipy taipy-core taipy-common taipy-gui taipy-rest taipy-templates) \
  -e '.[taipy]' 'pytest>=8' 'pytest-xdist>=3.6' 'pytest-timeout>=2.3'
PARITY := $(addprefix tests/taipy_programs/test_,parity.py cluster_programs.py)
test-taipy: $(TAIPY_VERSIONS:%=$(VENV)/taipy-%/.installed) servers ## Run the tests with Taipy: parity on the oldest, all on the newest
	@$(COMPILE)
	$(VENV)/taipy-$(TAIPY_OLDEST)/bin/python -m pytest -n auto --dist loadgroup -m "not long" $(PARITY)
	$(VENV)/taipy-$(TAIPY_NEWEST)/bin/python -m pytest -n auto --dist loadgroup -m "not pages and not long" tests/taipy_programs

environments: $(VENV)/.installed-test $(TAIPY_VERSIONS:%=$(VENV)/taipy-%/.installed) servers ## Install all that the tests need, and run none

test-taipy-all: $(TAIPY_VERSIONS:%=$(VENV)/taipy-%/.installed) servers ## Run all of these on every version
	@set -e; for version in $(TAIPY_VERSIONS); do \
	  $(VENV)/taipy-$$version/bin/python -m pytest -n auto --dist loadgroup tests/taipy_programs; \
	done

taipy-tests: $(VENV)/taipy-$(TAIPY_NEWEST)/.installed-taipy-tests ## Run Taipy's own tests, of the folder TAIPY_TESTS, with both dispatchers
	$(VENV)/taipy-$(TAIPY_NEWEST)/bin/python -m tools.taipy_tests "$(TAIPY_TESTS)"

FUZZED := tests/unit/test_messages_of_any_content.py tests/unit/test_message_properties.py \
  tests/unit/test_state_of_any_content.py
FUZZ_SEED ?= $(shell date +%s)
faults: $(VENV)/.installed-test broker ## Kill, disconnect and restart everything while jobs run
	@$(COMPILE)
	@echo "FUZZ_SEED=$(FUZZ_SEED)"
	FUZZ_EXAMPLES=20000 $(BIN)/python -m pytest $(FUZZED) -n 2 -q --timeout 3600 -o faulthandler_timeout=3600 --hypothesis-seed=$(FUZZ_SEED)
	INTERLEAVINGS=2000 $(BIN)/python -m pytest tests/unit/test_cluster_interleavings.py -n 2 -q
	$(BIN)/python -m pytest tests/faults -n 2 --dist load -q

SECONDS ?= 600
soak: $(VENV)/.installed-test broker ## Short jobs for SECONDS (600), and every 10 s a kill -9 of anything
	@$(COMPILE)
	SOAK_SECONDS=$(SECONDS) FAULT_ROUNDS=1 $(BIN)/python -m pytest -s tests/faults/test_soak_of_everything.py \
	  --timeout $$(($(SECONDS) + 900)) -o faulthandler_timeout=$$(($(SECONDS) + 900))

check: $(VENV)/.installed-dev ## Linters, types, import contracts and plain English
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tools.plain_english
	$(BIN)/python -m tools.plain_english --code

coverage: $(VENV)/.installed-dev ## Branches of the core and the store that the unit tests run
	$(BIN)/python -m pytest -n auto -m "not long" tests/unit --cov

bench: $(VENV)/.installed-test ## Measure, each figure against a baseline of the same run
	$(BIN)/python -m benchmarks

bench-taipy: $(VENV)/.installed-test ## Measure against Taipy 4.1.1, in a separate environment
	$(BIN)/python -m benchmarks.taipy

bench-cluster: $(VENV)/.installed-test broker ## Measure cluster mode against Celery and Dramatiq, on one broker
	$(BIN)/python -m benchmarks.cluster

man: $(VENV)/.installed ## Write the manual page and the tables of the docs
	$(BIN)/python -m tools.man_page docs/taipy-exec.1
	$(BIN)/python -m tools.table_of_ordinary_python docs/modes.md

pictures: $(VENV)/.installed servers ## Make the pictures of the docs from real runs
	$(BIN)/python -m tools.live_picture docs/live.svg
	$(BIN)/python -m tools.report_picture docs/report.png

docs: $(VENV)/.installed-docs ## Make the docs as a site, in the folder `site`, and check its links
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build

build: $(VENV)/.installed-dev ## Build the wheel and the source distribution
	$(BIN)/python -m build

release-check: build ## Use and test the built wheel in a fresh environment
	$(BIN)/python -m tools.release_check

clean: ## Remove what the other targets made
	rm -rf $(VENV) dist build site .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

# What is there already is not installed again.
broker:
	@sh tools/install_servers.sh rabbitmq

servers:
	@sh tools/install_servers.sh rabbitmq postgresql mariadb groff chromium

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "taipy-exec needs Python 3.11 or newer: make PYTHON=python3.11 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || [ "$$(id -u)" != 0 ] || \
	  { apt-get update -qq && apt-get install -qq -y python3-venv; }
	@$(PYTHON) -m venv $(VENV) || { echo "install it: apt-get install python3-venv" >&2; exit 1; }
	@touch $@

$(VENV)/.installed: $(VENV)/.made pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[csv]'
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[csv,test]'
	@touch $@

# Most packages of Taipy are built here, and each would get an environment to build it in.
$(VENV)/taipy-$(TAIPY_OLDEST)/.installed: $(VENV)/.made pyproject.toml
	@$(PYTHON) -m venv $(@D)
	$(TAIPY_PIP) 'hatchling>=1.24' editables 'setuptools>=77' wheel
	$(INSTALL_TAIPY)
	@touch $@

# All other packages are those of the oldest version: a copy is made sooner than installed.
$(VENV)/taipy-%/.installed: $(VENV)/taipy-$(TAIPY_OLDEST)/.installed
	@rm -rf $(@D) && cp -a $(<D) $(@D) && rm -f $(@D)/.installed*
	$(INSTALL_TAIPY)
	@touch $@

$(VENV)/taipy-%/.installed-taipy-tests: $(VENV)/taipy-%/.installed
	$(VENV)/taipy-$*/bin/pip install --quiet --disable-pip-version-check 'freezegun>=1.5' 'pytest-mock>=3.14'
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed-test
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[csv,test,dev]'
	@touch $@

$(VENV)/.installed-docs: $(VENV)/.made pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[docs]'
	@touch $@
