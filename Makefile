# Everything a developer needs. HOST and PORT choose where the demo listens, SITE whose it is; PYTHON the interpreter of a new .venv.

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 6543
SITE ?= shahreman
# What `make bench-against` measures this version against, and how many cases it fills in.
BASE ?= 96ad8fb
N ?= 100k
# One more than the two cores of a build machine: a worker often waits for a browser, a server or a database.
WORKERS ?= 3
export HOST PORT
# The tests start many processes: each would compile the portal again.
unexport PYTHONDONTWRITEBYTECODE

SITE_FILE := examples/$(SITE)_site/src/$(SITE)_site/site.toml
VENV := .venv
BIN := $(VENV)/bin
# Neighbours stay with one worker and share what they have made, until another worker has nothing left to do.
PYTEST := $(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal
STAMP := $(VENV)/requirements.stamp
TEMPLATES := src plugins examples docs/_templates
CATALOGUES := $(wildcard $(addsuffix /src/*/locale/*/LC_MESSAGES/*.po,. plugins/* examples/*))
REQUIREMENTS := requirements-dev.txt constraints.txt pyproject.toml \
	$(wildcard plugins/*/pyproject.toml examples/*/pyproject.toml)

# What looks at the code and its pages, not at what the portal does.
CHECKS := tests/test_api.py tests/test_architecture.py tests/test_catalogues.py tests/test_hookspecs.py tests/test_docs*.py

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-reset test test-packages test-long mutants audit bench bench-full bench-against bench-programs check check-form check-types check-tests docs catalogues format clean

help: ## Show this list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) $(CATALOGUES:.po=.mo) ## Make .venv with everything in it, again when the requirements change.

$(STAMP): $(REQUIREMENTS)
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || .ci/packages python3-venv
	@echo 'Making $(VENV) from packages of the network, the first time only: two minutes, on a slow line or a busy machine ten.'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

# Installing compiles them once; a catalogue may change later.
%.mo: %.po | $(STAMP)
	$(BIN)/pybabel --quiet compile --input-file $< --output-file $@

demo: setup ## Run a portal full of invented cases; nothing leaves this machine. SITE=rivertown: another city.
	$(BIN)/civicportal --site $(SITE_FILE) demo

demo-reset: setup ## The same, with its data rebuilt.
	$(BIN)/civicportal --site $(SITE_FILE) demo --reset

test: setup ## Run the tests without those of test-packages; CHECKED=yes leaves out those of check too.
	@.ci/packages postgresql chromium-headless-shell || true
	$(PYTEST) -m 'not packaging' $(if $(CHECKED),$(CHECKS:%=--ignore-glob=%))

test-packages: setup ## Build and install wheels, new plugins and the tutorial, and test what is installed.
	@.ci/packages postgresql chromium-headless-shell || true
	$(PYTEST) -m packaging

test-long: setup ## Run every test on both databases and journeys in Firefox and WebKit, with the long forms of loops.
	@.ci/packages postgresql chromium-headless-shell || true
	@.ci/packages firefox-esr webkit2gtk-driver xvfb || true
	CIVICPORTAL_LONG=1 $(PYTEST) --civic-db both

mutants: setup ## Change MODULE in many small ways and tell what its tests do not notice, MODULE=domain/notifications/outcomes MOST=100.
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-mutants.txt
	$(BIN)/python tests/mutants.py $(MODULE) $(MOST)

audit: setup ## Look up the pinned libraries in the list of known vulnerabilities; asks the package index.
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-audit.txt
	$(BIN)/pip-audit --strict --no-deps --disable-pip -r constraints.txt

bench: setup ## Measure the portal on small databases of its own beside two floors, in twelve minutes.
	@.ci/packages postgresql || true
	$(BIN)/python -m benchmarks full --small --rounds 3

bench-against: setup ## Measure it beside another commit in the same run: BASE=commit, N=number of cases.
	@.ci/packages postgresql || true
	$(BIN)/python -m benchmarks full --small --database postgresql --n $(N) --seconds 2 --rounds 3 --against $(BASE) --out var/bench/against

bench-full: setup ## The same with up to a million cases; takes an hour and more and wants an idle machine.
	@.ci/packages postgresql || true
	$(BIN)/python -m benchmarks full --n 10k --n 100k --n 1M --seconds 1.5 --rounds 2

bench-programs: setup ## What programs call beside its pages, deliveries and an import, on PostgreSQL: N=number of cases.
	@.ci/packages postgresql || true
	$(BIN)/python -m benchmarks programs --n $(N) --out var/bench/programs

check: setup ## Look at form, types, architecture, catalogues, documentation and vendored files.
	@$(MAKE) --no-print-directory --output-sync --jobs $(WORKERS) check-types check-tests check-form

check-types:
	$(BIN)/mypy src plugins/*/src examples/*/src benchmarks

check-tests:
	$(BIN)/python -m pytest -q $(CHECKS)

check-form:
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/djangofmt --quiet --check $(TEMPLATES)
	$(BIN)/djangofmt check $(TEMPLATES)
	.ci/biome check
	$(BIN)/codespell *.md docs src plugins examples tests benchmarks
	$(BIN)/python assets/vendor.py --check

docs: setup ## Build the documentation into build/docs; a warning ends it.
	$(BIN)/python -m sphinx -q -W --keep-going -b html docs build/docs
	@echo 'Open build/docs/index.html.'

catalogues: setup ## Bring the catalogues up to date with the texts, and compile them.
	$(BIN)/python -m docs.tools.catalogues

format: setup ## Format code, templates, scripts and styles.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/djangofmt $(TEMPLATES)
	.ci/biome format

clean: ## Throw away what was built; .venv and the demo's data stay.
	rm -rf build dist node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -path ./$(VENV) -prune -o -name __pycache__ -type d -print0 | xargs -0 rm -rf
