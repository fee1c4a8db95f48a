# Every target makes the environment it needs and finishes one that was interrupted
# (tools/environment.sh); a machine needs only git, make and Python 3.11 or newer with venv.

PYTHON ?= python3
export PYTHON

bin := .venv/bin/python
# Without a display, pictures go to files.
export MPLBACKEND ?= Agg
# environment.sh arguments: directory, extra, constraints, newest Python with wheels, megabytes.
demo_env := .venv examples,torch constraints.txt 3.14 370
test_env := .venv test,test-torch,torch constraints.txt 3.14 620
lint_env := .venv lint constraints.txt 3.14 80
oldest_env := .venv-oldest test constraints-oldest.txt 3.12 310
# Measuring coverage makes a run longer: `make coverage= test` leaves it out. Python 3.12 brought a
# way to measure that costs little.
coverage := --cov
core := 'import sys; print("sysmon" if sys.version_info >= (3, 12) else "ctrace")'
# exec, so that make itself is the parent that the script watches.
ready = GOAL=$@ exec sh tools/environment.sh

.SILENT:
.NOTPARALLEL:
.PHONY: help demo test test-oldest lint format bench wheel clean

help:  ## list the targets
	awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile
	echo 'Another Python: make PYTHON=python3.12 demo'

demo:  ## run examples/demo.py; what it writes is in build/demo/
	$(ready) $(demo_env)
	rm -rf build/demo  # a ledger that an earlier run left there would refuse this one
	$(bin) examples/demo.py build/demo

test:  ## run the tests and every example in the docs, with a coverage report
	$(ready) $(test_env)
	COVERAGE_CORE=$$($(bin) -c $(core)) $(bin) -m pytest -n 2 $(coverage)

test-oldest:  ## the same on the oldest supported dependencies (constraints-oldest.txt)
	$(ready) $(oldest_env)
	.venv-oldest/bin/python -m pytest -n 2

lint:  ## check style, formatting and types
	$(ready) $(lint_env)
	$(bin) -m ruff check . && $(bin) -m ruff format --check . && $(bin) -m mypy

format:  ## put files into the format that lint asks for
	$(ready) $(lint_env)
	$(bin) -m ruff check --fix . && $(bin) -m ruff format .

bench:  ## run every script in benchmarks/ in turn
	$(ready) $(test_env)
	set -e; for script in $(sort $(wildcard benchmarks/*.py)); do echo "== $$script"; $(bin) "$$script"; done

wheel:  ## build the wheel into dist/
	$(ready) $(lint_env)
	$(bin) -m pip wheel -qq --disable-pip-version-check --no-deps --wheel-dir dist .
	ls dist/*.whl

clean:  ## remove everything that make wrote, environments included
	rm -rf .venv .venv.unfinished .venv-oldest .venv-oldest.unfinished build dist
	rm -rf .coverage .coverage.* .hypothesis .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
