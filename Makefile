# make demo: guv on this machine, against a stand-in for Heroku. make test: everything that must hold.
# Both need only Python 3.11 or newer; the rest goes into .venv.

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
# Long tests start first and wait; more than two above the cores made the whole slower.
WORKERS ?= $(shell echo $$(( $$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2) + 2 )))
SYNCED := .venv/.synced
PYTEST = $(BIN)/python -m pytest -q -n $(WORKERS) --dist loadgroup --no-loadscope-reorder
RABBITMQ := /usr/lib/rabbitmq/bin/rabbitmq-server

.DEFAULT_GOAL := help
.PHONY: help demo test coverage rabbitmq chromium check lint types architecture drift audit fix picture bench bench-drain bench-faults bench-ticks requirements clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 16

demo: $(SYNCED) ## see guv scale a made-up app; ARGS=--exit-after=120 ends by itself
	@$(BIN)/python -m sandbox.demo $(ARGS)

# A selection of tests needs RabbitMQ and Chromium only where it uses them, and says so then.
test: $(SYNCED) $(if $(findstring tests/,$(ARGS)),,rabbitmq chromium) ## run all tests on private services; ARGS go to pytest
	@$(PYTEST) $(ARGS)

# Not part of .ci/run: on Python 3.11 tracing adds nearly as much time as the tests take.
coverage: $(SYNCED) rabbitmq chromium ## run all tests, and fail where too few branches are covered
	@$(PYTEST) --cov --cov-report= $(ARGS)
	@$(BIN)/coverage report --format=total --include='guv/scaling/*' --fail-under=97
	@$(BIN)/coverage report --format=total --fail-under=93

rabbitmq:
	@test -x $(RABBITMQ) || test -n "$$GUV_TEST_RABBITMQ_URL" || { test "$$(id -u)" = 0 && \
		command -v apt-get >/dev/null && apt-get -qq update && RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive \
		apt-get -qq install --no-install-recommends rabbitmq-server >/dev/null && test -x $(RABBITMQ); } || \
		{ echo "RabbitMQ is missing: install the package rabbitmq-server (sudo apt-get install rabbitmq-server)"; exit 1; }

chromium:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || \
		test -n "$$GUV_TEST_CHROMIUM" || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && \
		apt-get -qq update && DEBIAN_FRONTEND=noninteractive \
		apt-get -qq install --no-install-recommends chromium >/dev/null && command -v chromium >/dev/null; } || \
		{ echo "Chromium is missing: install the package chromium (sudo apt-get install chromium)"; exit 1; }

check: lint types architecture drift ## lint, types, architecture and migration drift

lint: $(SYNCED) ## style
	@$(BIN)/ruff format --check -q . && $(BIN)/ruff check -q .

types: $(SYNCED) ## mypy --strict
	@$(BIN)/mypy

architecture: $(SYNCED) ## import contracts
	@$(BIN)/lint-imports

drift: $(SYNCED) ## tables and migrations agree
	@$(BIN)/python -m tools.drift

audit: $(SYNCED) ## known holes in what guv stands on; says so when the network is away
	@$(BIN)/python -m tools.audit

fix: $(SYNCED) ## format, and mend what can be mended
	@$(BIN)/ruff format -q . && $(BIN)/ruff check -q --fix .

bench-drain: $(SYNCED) ## log lines a second on one core, and a flood
	@$(BIN)/python -m bench.drain $(ARGS)

picture: $(SYNCED) chromium ## take the README's picture from the demo, in six minutes
	@$(BIN)/python -m tools.picture $(ARGS)

bench: $(SYNCED) ## the scaling benchmark of docs/benchmark.md
	@$(BIN)/python -m bench $(ARGS)

bench-faults: $(SYNCED) ## the table of docs/reliability.md; ARGS=--seconds=10 for a quick one
	@$(BIN)/python -m bench.faults $(ARGS)

bench-ticks: $(SYNCED) ## how large a fleet two worker processes tick; ARGS="--roles 1000 --interval 10"
	@$(BIN)/python -m bench.fleet $(ARGS)

requirements: $(SYNCED) ## compile requirements*.txt from pyproject.toml
	@$(BIN)/uv pip compile pyproject.toml $(COMPILE) -o requirements.txt
	@$(BIN)/uv pip compile pyproject.toml --group dev $(COMPILE) -o requirements-dev.txt

COMPILE := --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

$(SYNCED): requirements-dev.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@test -x $(BIN)/uv || $(BIN)/python -m pip install -qq --disable-pip-version-check uv==0.13.9
	@$(BIN)/uv pip sync -q --python $(BIN)/python requirements-dev.txt
	@touch $(SYNCED)

clean: ## remove what was installed and cached
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
