# endsession: everything a newcomer needs, each in one word. `make` alone lists it.
VENV ?= .venv
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := $(VENV)/bin
.DEFAULT_GOAL := help
.PHONY: contract-lint help demo serve test test-all quick coverage check format lock audit release clean fuzz bench lab sdks test-sdks

help: ## list what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Two stamps, so that the demo does not wait for the tools of the tests.
$(VENV)/run.stamp: requirements.txt
	@test -n "$(PYTHON)" || { echo "endsession needs Python 3.11 or later; name one with: make PYTHON=/path/to/python3"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing what the gateway needs into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

# `endsession contract` finds conformance/ by a path file, so that it always runs the checkout's.
$(VENV)/dev.stamp: $(VENV)/run.stamp requirements-dev.txt
	@echo "installing what the tests need into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@echo "$(CURDIR)/conformance" > "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/conformance.pth"
	@touch $@

# The demo's provider, in an environment of its own: it chooses its versions of what the gateway stands on as well.
$(VENV)/demo.stamp: $(VENV)/run.stamp requirements-demo.txt
	@echo "installing the demo's provider into $(VENV)/demo ..."
	@test -x $(VENV)/demo/bin/python || $(BIN)/python -m venv --without-pip $(VENV)/demo
	@$(BIN)/python -m pip --python $(VENV)/demo/bin/python install --quiet --disable-pip-version-check --require-hashes \
		-r requirements-demo.txt
	@touch $@

demo: $(VENV)/demo.stamp ## a published provider, two apps and the gateway, ready to click through
	@$(BIN)/python -m examples.demo

serve: $(VENV)/run.stamp ## the gateway with ./endsession.toml (CONFIG=path for another)
	@$(BIN)/python -m endsession serve --config $(or $(CONFIG),endsession.toml)

# Tests run on all cores, with a worker to spare: many wait for a process. ARGS goes to pytest, as in: make test ARGS='-k frontchannel'
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
PYTEST = $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal
test: $(VENV)/dev.stamp $(VENV)/demo.stamp ## the tests, but for the slow ones
	@$(PYTEST) -m "not slow" $(ARGS)

test-all: $(VENV)/dev.stamp $(VENV)/demo.stamp $(VENV)/lab.stamp ## every test, with the slow ones, as CI runs them
	@$(PYTEST) $(ARGS)

# The rooms without processes and servers: for every save, not for a commit.
QUICK = tests/protocol tests/settings tests/tokens tests/provider tests/store tests/test_house.py
quick: $(VENV)/dev.stamp ## decisions, settings, tokens, storage: under a minute
	@TESTS_QUICK=1 $(PYTEST) -q -m "not slow" -k "not postgresql" $(QUICK) $(ARGS)

coverage: $(VENV)/dev.stamp $(VENV)/demo.stamp $(VENV)/lab.stamp ## every test, and the lines and branches that none of them reaches
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest -n $(WORKERS) --dist worksteal $(ARGS)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report

# Providers of others, in an environment of their own: they choose their versions of what we have as well.
$(VENV)/lab.stamp: $(VENV)/run.stamp requirements-lab.txt tests/lab/package-lock.json
	@echo "installing providers and proxies for tests/lab into $(VENV)/lab ..."
	@test -x $(VENV)/lab/bin/python || $(BIN)/python -m venv $(VENV)/lab
	@$(VENV)/lab/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-lab.txt
	@cd tests/lab && PATH="$(abspath $(VENV))/lab/bin:$$PATH" npm ci --silent --ignore-scripts
	@touch $@

lab: $(VENV)/lab.stamp ## what the slow tests with other providers need: they are installed, and started by the tests

$(VENV)/fuzz.stamp: $(VENV)/dev.stamp requirements-fuzz.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-fuzz.txt
	@touch $@

fuzz: $(VENV)/fuzz.stamp ## fuzz hints, guided by coverage and by properties (SECONDS=600 each)
	@$(BIN)/python -m tests.fuzzing.coverage_guided $(or $(SECONDS),600)
	@$(BIN)/python -m tests.fuzzing.properties $(or $(SECONDS),600)

bench: $(VENV)/dev.stamp ## measure, and print the table of docs/benchmarks.md
	@$(BIN)/python -m bench.logouts

# npm brings the linters of the document and nothing else; no script of a package is run.
tooling/node_modules/.package-lock.json: tooling/package-lock.json
	@cd tooling && npm ci --silent --ignore-scripts
	@touch $@

SPECTRAL = tooling/node_modules/.bin/spectral
contract-lint: $(VENV)/dev.stamp tooling/node_modules/.package-lock.json ## lint the document, and it with fronts and with each vendor's endpoints
	@$(BIN)/python -m tooling.documents build/openapi
	@REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true \
		tooling/node_modules/.bin/redocly lint --config tooling/redocly.yaml --max-problems 1000 build/openapi/*.yaml
	@$(SPECTRAL) lint --ruleset tooling/spectral.yaml --fail-severity hint build/openapi/*.yaml
	@$(BIN)/python -m tooling.spoil tooling/spectral.yaml $(SPECTRAL)

check: $(VENV)/dev.stamp ## lint, format, types, declared dependencies, unused code, workflows
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/deptry .
	@cd conformance && $(abspath $(BIN))/deptry .
	@$(BIN)/deptry tests tooling sdk/tests conformance/tests --config pyproject.toml \
		--exclude sdk/tests/journeys --ignore DEP002,DEP004
	@$(BIN)/python -m tooling.unused
	@$(BIN)/zizmor --offline --quiet --min-severity medium .github

format: $(VENV)/dev.stamp ## put every file into the project's format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

sdk/.venv/tools.stamp: sdk/requirements.txt sdk/package-lock.json
	@test -n "$(PYTHON)" || { echo "endsession needs Python 3.11 or later; name one with: make PYTHON=/path/to/python3"; exit 1; }
	@test -x sdk/.venv/bin/python || $(PYTHON) -m venv sdk/.venv
	@echo "installing the generators of the SDKs into sdk/ ..."
	@sdk/.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r sdk/requirements.txt
	@cd sdk && PATH="$$PWD/.venv/bin:$$PATH" npm ci --loglevel=error
	@touch $@

sdks: sdk/.venv/tools.stamp ## client SDKs for Python, TypeScript and Go (DOCUMENT=file or URL)
	@sdk/.venv/bin/python -m sdk.generate $(if $(DOCUMENT),--document $(DOCUMENT))

test-sdks: $(VENV)/dev.stamp $(VENV)/demo.stamp sdks ## compile the SDKs and use them against a running gateway
	@$(BIN)/python -m pytest sdk/tests $(ARGS)

# A lock names versions and hashes and no registry, so that it holds wherever packages come from. What was released in
# the last days is left out, so that a bad release has time to be found; a fix that cannot wait is taken with
# COOL_DOWN="0 days".
COOL_DOWN ?= 7 days
LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--exclude-newer "$(COOL_DOWN)" --custom-compile-command "make lock"
lock: $(VENV)/dev.stamp ## pin every dependency anew by version and hash
	@$(LOCK) --upgrade pyproject.toml -o requirements.txt
	@$(LOCK) --upgrade pyproject.toml conformance/pyproject.toml --group dev -c requirements.txt -o requirements-dev.txt
	@$(LOCK) --upgrade conformance/pyproject.toml -c requirements-dev.txt -o conformance/requirements.txt
	@$(LOCK) --upgrade requirements-lab.in -o requirements-lab.txt
	@$(LOCK) --upgrade requirements-demo.in -c requirements-lab.txt -o requirements-demo.txt
	@$(LOCK) --upgrade requirements-fuzz.in -o requirements-fuzz.txt
	@$(LOCK) --upgrade requirements-audit.in -o requirements-audit.txt
	@$(LOCK) --upgrade sdk/requirements.in -o sdk/requirements.txt

$(VENV)/audit.stamp: $(VENV)/run.stamp requirements-audit.txt
	@test -x $(VENV)/audit/bin/python || $(BIN)/python -m venv $(VENV)/audit
	@$(VENV)/audit/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-audit.txt
	@touch $@

# A package that cannot be looked up fails the audit as well (--strict): otherwise nothing would be known of it.
audit: $(VENV)/audit.stamp ## whether anything that is locked has a known vulnerability
	@status=0; for lock in $(wildcard requirements*.txt */requirements*.txt) ; do echo "$$lock:"; \
		$(VENV)/audit/bin/pip-audit --strict --disable-pip --require-hashes -r $$lock || status=1; done; \
	for folder in $(dir $(wildcard */package-lock.json tests/*/package-lock.json)); do echo "$$folder:"; \
		(cd $$folder && npm audit) || status=1; done; exit $$status

release: $(VENV)/dev.stamp ## build what is published as TAG=v1.2.3, if it is ready for that
	@rm -rf dist && mkdir dist
	@$(BIN)/python -m tooling.release "$(TAG)" dist/notes.md
	@$(BIN)/python -m build --no-isolation --outdir dist .
	@$(BIN)/python -m build --no-isolation --outdir dist conformance

clean: ## remove what the commands above made
	@rm -rf $(VENV) sdk/.venv sdk/build sdk/node_modules tooling/node_modules tests/lab/node_modules examples/sdk/node_modules .demo dist build
	@rm -rf .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis .schemathesis .cache
	@find . -name __pycache__ -prune -exec rm -rf {} +
