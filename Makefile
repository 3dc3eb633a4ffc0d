# `make demo` and `make test` do all their own set-up. They need Python 3.11 or newer, git and make.

# The first of these that is new enough; name another with `make PYTHON=/path/to/python3 …`.
PYTHON ?= $(firstword $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python; done) python3)
UV ?= uv
BROWSERS = chromium chromium-browser google-chrome google-chrome-stable chrome

PIP = .venv/bin/python -m pip --quiet --disable-pip-version-check install
LOCKED = $(PIP) --require-hashes --only-binary :all: --requirement
# Built by the locked hatchling, so that nothing is fetched that the lock does not name.
ITSELF = $(PIP) --no-deps --no-build-isolation --editable .
COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command "make lock" $(UPGRADE)

# A virtual environment names its own place and its Python's; when either has moved, it is made anew.
MOVED = $(shell [ ! -e .venv/made ] || { [ "$$(cat .venv/made)" = "$(CURDIR)" ] && .venv/bin/python -c ''; } \
	2> /dev/null || echo .venv/made)

.PHONY: $(MOVED) demo test lint format browser reference lock clean

demo: .venv/run
	@.venv/bin/hearth demo

# One test: make test TESTS="tests/test_config.py -k environment"
test: .venv/dev lint browser
	.venv/bin/pytest $(or $(TESTS),--numprocesses auto --maxprocesses 4 --dist worksteal)

lint: .venv/dev
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports

format: .venv/dev
	.venv/bin/ruff check --fix
	.venv/bin/ruff format

reference: .venv/run
	.venv/bin/hearth reference > .venv/REFERENCE.md
	cp .venv/REFERENCE.md REFERENCE.md

# Keeps what is locked where it still fits; UPGRADE=--upgrade takes the newest of everything.
lock:
	@command -v $(UV) > /dev/null || { echo "make lock needs uv. Run: pip install uv" >&2; exit 1; }
	$(COMPILE) --extra dev --output-file requirements/dev.txt pyproject.toml
	echo hatchling | $(COMPILE) --extra postgres --constraint requirements/dev.txt \
		--output-file requirements/run.txt pyproject.toml -

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache build dist

# The browser tests drive a Chromium that is there, and are skipped, saying so, where none is.
browser:
	@for name in $(BROWSERS); do command -v $$name > /dev/null && exit 0; done; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then \
		echo "Installing Chromium for the browser tests …"; \
		export DEBIAN_FRONTEND=noninteractive; \
		{ apt-get -qq update && apt-get -qq -y --no-install-recommends install chromium; } \
			> .venv/chromium.log 2>&1 && exit 0; \
		tail -n 3 .venv/chromium.log; \
	fi; \
	echo "No Chromium here: the browser tests will be skipped."

.venv/dev: .venv/made requirements/dev.txt pyproject.toml
	@echo "Installing what Hearth and its tests need into .venv (a minute or two the first time) …"
	@$(LOCKED) requirements/dev.txt
	@$(ITSELF)
	@touch .venv/run $@

.venv/run: .venv/made requirements/run.txt pyproject.toml
	@echo "Installing what Hearth needs into .venv (half a minute the first time) …"
	@$(LOCKED) requirements/run.txt
	@$(ITSELF)
	@touch $@

.venv/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Hearth needs Python 3.11 or newer; $(PYTHON) is not. Name one: make PYTHON=/path/to/python3.11" >&2; \
		exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2> /dev/null || { \
		echo "$(PYTHON) cannot make virtual environments. On Debian and Ubuntu: apt-get install python3-venv" >&2; \
		exit 1; }
	@$(PYTHON) -m venv --clear .venv
	@echo "$(CURDIR)" > $@
