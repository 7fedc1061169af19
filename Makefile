# Two commands: `make demo` and `make test`. Both set the machine up first; `make setup` does only that.
# The work is done by npm scripts (package.json), which run with the project's own Node 24.

MAKEFLAGS += --no-print-directory

.PHONY: help setup setup-tests demo test bench

help:
	@echo 'make demo   serve the walk-through in examples/ until Ctrl-C'
	@echo 'make test   check types, lint, run every test'
	@echo 'make setup  install what is missing; afterwards bin/sluice is the command line'
	@echo 'make bench  compare with hand-written nginx, HAProxy and Caddy'

setup:
	@scripts/setup.sh

# Also installs the modules that only some Ingresses need (ModSecurity, brotli), because the tests use them.
setup-tests:
	@scripts/setup.sh tests

demo: setup
	@bin/sluice demo

test: setup-tests
	@echo 'test: types'
	@npm run --silent typecheck
	@echo 'test: lint'
	@npm run --silent lint
	@echo 'test: tests'
	@npm run --silent test

bench: setup
	@npm run --silent bench
