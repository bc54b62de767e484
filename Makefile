# The two commands of the README are `make accept` and `make test`; the others are parts of them.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: accept test setup report check lint units proofs suite audit clean bench

accept: setup
	@status=0; $(BIN)/behave || status=$$?; \
	$(BIN)/python -m support report --html --quiet || status=$$?; \
	exit $$status

# The two halves run beside each other: each leaves a core to the other.
test: setup lint
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target units proofs
	@echo "All checks passed."

check: lint units

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python fixtures/generate.py --check

units: setup
	$(BIN)/python -m pytest

proofs: setup
	$(BIN)/behave
	$(BIN)/python -m support audit

suite: setup
	$(BIN)/behave

audit: setup
	$(BIN)/python -m support audit

report: setup
	$(BIN)/python -m support report --html

setup: $(READY) node_modules/.ready

$(READY): requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Touchstone needs Python 3.11 or newer; install it, or name one with PYTHON=python3.12 make ...")'
	@$(PYTHON) -m venv $(VENV) || { echo "This Python cannot make virtual environments; install its venv package (Debian: apt-get install python3-venv)."; exit 1; }
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

# The Allure CLI draws the HTML report; without Node everything else works, and the results are kept.
node_modules/.ready: package.json package-lock.json
	@if command -v npm >/dev/null; then npm ci --no-audit --no-fund --loglevel=error && touch $@; \
	else echo "npm is missing: the HTML report will not be drawn. Install Node.js 20 or newer (Debian: apt-get install nodejs npm)."; fi

bench: setup
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) node_modules reports/* .touchstone
