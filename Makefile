# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Python for .venv, found by running candidates: a name on PATH may be a shim that runs nothing.
# What is printed is the Python that a virtual environment, .venv itself for one, was made from.
probe := import ensurepip, sys, venv; sys.version_info >= (3, 11) or sys.exit(1); print(sys._base_executable)
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$name -c '$(probe)' 2>/dev/null && break; done)

# Processes that run tests, more than two processors have to do, since tests wait; 0 runs them in one, for a debugger
WORKERS ?= 3
# The simulator's port
PORT ?= 8443
# The revision that make bench compares this tree with
export BEFORE ?= HEAD

pytest = $(run) -m pytest -n $(WORKERS) --dist loadfile
run := python
# What make coverage runs, and the least percentage of plugins/ that it has to reach: both suites, and the unit tests
# alone, since what talks to a platform has its tests against the simulator
SUITES ?= unit integration
floor = $(if $(filter integration,$(SUITES)),90,71)
# What an earlier run of a suite recorded is none of this run's (tests/evidence.py).
forget = @rm -rf .cache/evidence/$(1)
# Without it tests record nothing, so that a part of a suite isn't taken for all of it.
unit cores rulebook long platforms mutants: export EVIDENCE := whole
integration: export EVIDENCE = $(if $(filter no,$(SLOW)),,whole)
# make test leaves out the tests that are marked as slow, unless SLOW=yes.
SLOW ?= yes
test: SLOW := no
title = @printf '\n== %s\n' '$(1)'

export PATH := $(CURDIR)/.venv/bin:$(PATH)
export HYPOTHESIS_STORAGE_DIRECTORY := $(CURDIR)/.cache/hypothesis
export ANSIBLE_HOME := $(CURDIR)/.cache/ansible
# The tests are about this tree, whatever the caller has set.
unexport ANSIBLE_CONFIG ANSIBLE_COLLECTIONS_PATH PYTHONPATH
# A tree that belongs to somebody else, as in a container, is one that git refuses to read.
export GIT_CONFIG_COUNT := 1
export GIT_CONFIG_KEY_0 := safe.directory
export GIT_CONFIG_VALUE_0 := $(CURDIR)

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help venv test ci test-long long rulebook platforms reliability coverage coverage-erase mutants unit integration lint sanity cores format schema build simulator demo bench docs clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

venv: .venv/installed ## Prepare .venv, and nothing outside it

.venv/installed: tests/requirements.txt
	$(call title,venv)
	@python=$$($(or $(PYTHON),false) -c '$(probe)') || { \
		echo 'No Python 3.11 or newer that has the module venv (on Debian: apt-get install python3-venv).'; \
		echo 'Name one: make venv PYTHON=/path/to/python3'; exit 1; } >&2; \
	echo "Installing tests/requirements.txt with $$python, about a minute"; \
	"$$python" -m venv --clear .venv
	@.venv/bin/python -m pip install -qq --disable-pip-version-check --no-cache-dir -r tests/requirements.txt
	@# Ansible finds the collection through ansible.cfg, Python through the .pth file.
	@mkdir -p .venv/collections/ansible_collections/stellarcyber
	@ln -s ../../../.. .venv/collections/ansible_collections/stellarcyber/xdr
	@echo ../../../collections > "$$(echo .venv/lib/python3*/site-packages)/collection.pth"
	@touch $@

# The oldest and the newest ansible-core show most; make test-long runs the others.
some_cores := 2.18 2.22
other_cores := 2.19 2.20 2.21

test: unit integration lint sanity ## Run what shows most: unit, integration without the slow tests, lint, sanity

ci: export CORES ?= $(some_cores)
ci: unit integration lint sanity cores rulebook platforms ## Run all but test-long and mutants, cores on the oldest and the newest

unit: venv ## Run the unit tests
	$(call title,unit)
	$(call forget,unit)
	@# In the order of the files: else the one with the fewest tests, which takes the longest, runs alone at the end.
	@$(pytest) --no-loadscope-reorder tests/unit

integration: venv ## Run the modules and plugins against the simulator
	$(call title,integration)
	$(call forget,integration)
	@$(pytest) $(if $(filter no,$(SLOW)),-m 'not slow') tests/integration

lint: venv ## Check style, types, documentation, licences and the artefact
	$(call title,lint: ruff)
	@ruff check -q
	@ruff format -q --diff
	$(call title,lint: mypy)
	@mypy
	$(call title,lint: imports)
	@lint-imports --no-logo --cache-dir .cache/import_linter > .cache/imports.log || { cat .cache/imports.log; exit 1; }
	$(call title,lint: yamllint)
	@yamllint --strict .
	$(call title,lint: ansible-lint)
	@ansible-lint -q
	$(call title,lint: documentation)
	@mkdir -p .cache/home
	@# It would leave a log in the home directory.
	@HOME=$(CURDIR)/.cache/home antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs self .
	$(call title,lint: changelog)
	@antsibull-changelog lint
	$(call title,lint: licences)
	@reuse lint --lines
	$(call title,lint: artefact)
	@python -m tests.tools.artefact

sanity: venv ## Run ansible-test sanity (CORE=2.21 for another ansible-core than that of .venv)
	$(call title,sanity)
	@python -m tests.tools.sanity $(addprefix --core ,$(CORE))

cores: venv ## Run the built artefact on every ansible-core that has a Python here (CORES="2.18 2.22" for some)
	$(call title,cores)
	$(call forget,cores)
	@$(pytest) tests/cores

rulebook: venv ## Run the event source and the rulebooks in ansible-rulebook, which needs Java 17
	$(call title,rulebook)
	$(call forget,rulebook)
	@$(pytest) tests/rulebook

test-long: long platforms ## Run what takes longer than the tests: the other cores, the whole fault matrix, the platforms

long: venv
	$(call title,long)
	$(call forget,long)
	@CORES='$(other_cores)' $(pytest) tests/long tests/cores

platforms: venv ## Run the matrix of platforms
	$(call title,platforms)
	$(call forget,platforms)
	@$(pytest) tests/platforms

reliability: venv ## Write .cache/reliability and the figures of docs/reliability.md from what the tests recorded
	@python -m tests.tools.reliability

# The suites that it runs inherit the variable. Also measures ansible-playbook, and modules that Ansible starts.
coverage: run := coverage run
coverage: venv coverage-erase $(SUITES) ## Run unit and integration, and show what of plugins/ they reach (SUITES=unit)
	$(call title,coverage)
	@coverage combine -q
	@coverage html -q
	@coverage report --fail-under=$(floor)

coverage-erase:
	@rm -rf .cache/coverage
	@mkdir -p .cache/coverage

mutants: venv ## Change the code in many small ways: do the unit tests notice? (MODULE=_model/plan for one file)
	$(call title,mutants)
	$(if $(MODULE),,$(call forget,mutants))
	@python -m tests.tools.mutants --children $(WORKERS) $(MODULE)

format: venv ## Format the Python files
	@ruff check -q --fix
	@ruff format -q

schema: venv ## Write the JSON Schemas of policies and of the event source from the tables of options
	@python -m tests.tools.policy_schema
	@python -m tests.tools.event_source_schema

build: venv ## Build the artefact into dist
	@ansible-galaxy collection build --force --output-path dist

simulator: venv ## Run the simulator in the foreground (PORT=8443)
	@python -m tests.simulator --port $(PORT)

demo: venv ## Show what the collection does, against the simulator
	@python -m tests.demo

bench: venv ## Measure
	@for file in tests/bench/*.py; do printf '\n== %s\n' "$$file"; python "$$file" || exit; done

docs: venv ## Write HTML documentation into .cache/docs/html
	@python -m tests.tools.docs

clean: ## Remove .venv and all that was made
	@rm -rf .venv .cache dist .ansible .hypothesis tests/output
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
