# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The nfv.vnet developers

PYTHON ?= python3
VENV := .venv
OLDEST_PYROUTE2 := 0.7.2
OLDEST_ANSIBLE := 2.18.0
PARTS := unit fuzz kernel random integration archive packaging lint

# Only the virtual environment may decide what is imported.
unexport PYTHONPATH PYTHONHOME
# With it Python reads a module that Ansible pipes to it byte by byte: a task would take twice as long.
unexport PYTHONUNBUFFERED
export PYTHONNOUSERSITE := 1
# Ansible stops at a locale that the machine does not have, as a remote login often brings along.
export LC_ALL := C.UTF-8
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Ansible only reads it by itself where nobody else can write to the folder.
export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg

.DEFAULT_GOAL := help
.PHONY: help demo demo-needs test $(PARTS) sanity lab lab-full lab-deps matrix molecule bench bench-layout bench-growth bench-hosts docs docs-site pictures pin clean

help: ## list the commands
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' $(MAKEFILE_LIST) | awk -F '\t' '{ printf "make %-13s %s\n", $$1, $$2 }'

demo: demo-needs $(VENV)/demo ## create a network in a sandbox, ping across it, and remove it again
	@tests/sandbox $(VENV)/bin/ansible-playbook playbooks/quickstart.yml

demo-needs:
	@echo 'This needs Python 3.11 or newer, network namespaces, and once about 80 MB in $(VENV). Nothing else is changed.'
	@tests/sandbox true
	@test -r /dev/net/tun -a -w /dev/net/tun || \
	    echo 'TUN and TAP devices are left out: `sudo modprobe tun; sudo chmod 0666 /dev/net/tun` lets you make them.'

test: $(VENV)/sanity ## run all tests that need neither root nor further packages, one of each class (about 8 minutes)
	@$(VENV)/bin/python tests/run $(ARGS)

unit: ## test options, plan, commands, documentation and pictures as data
fuzz: ## test odd option values of every module (ARGS=--slow: 100,000 each)
kernel: ## test the engine on this kernel, with the newest and the oldest pyroute2 (ARGS=--slow: all, not one of each class)
random: ## test random sequences of layouts on this kernel (ARGS=--slow: for an hour)
integration: ## test the modules and plugins through Ansible, with the newest and the oldest ansible-core (ARGS=--slow)
archive: ## run ansible-test units on the release archive
packaging: ## test the installation of the collection, and `make demo` in a fresh clone (ARGS=--slow)
lint: ## check style, types and documentation
$(PARTS): $(VENV)/test
	@$(VENV)/bin/python tests/run $@ $(ARGS)

sanity: $(VENV)/sanity ## run ansible-test sanity on the release archive
	@$(VENV)/bin/python tests/run $@

require = missing=$$($(PYTHON) tests/lab/packages.py $(1)); test -z "$$missing" || \
	{ echo "These packages are needed: $$missing. As root, \`make lab-deps\` installs them." >&2; exit 1; }

LAB := molecule lab-kernel lab-integration lab-molecule lab-hosts lab-both

lab: $(VENV)/test ## test the roles, on a second kernel (what this one cannot run, and one of each class), and on virtual hosts over SSH
	@$(call require,lab molecule pictures)
	@$(VENV)/bin/python tests/lab/hosts.py image
	@$(VENV)/bin/python tests/run $(LAB)

lab-full: $(VENV)/test ## run all tests on both kernels, and on virtual hosts (hours)
	@$(call require,lab molecule pictures)
	@$(VENV)/bin/python tests/lab/hosts.py image
	@$(VENV)/bin/python tests/run --slow unit kernel integration packaging $(LAB) lab-field lab-integration-distribution

matrix: $(VENV)/test ## run the tests with every supported version of pyroute2, ansible-core, Python and Linux (hours, root; ARGS=--help)
	@$(call require,lab pictures)
	@$(VENV)/bin/python tests/matrix $(ARGS)

molecule: $(VENV)/test ## test the roles with real traffic and programs
	@$(call require,molecule)
	@$(VENV)/bin/python tests/run molecule

lab-deps: ## install packages for lab, molecule and the tests of pictures (apt-get, as root)
	@missing=$$($(PYTHON) tests/lab/packages.py lab molecule pictures); test -z "$$missing" || \
	    { echo "Installing $$missing …" && DEBIAN_FRONTEND=noninteractive && export DEBIAN_FRONTEND && \
	        apt-get update --quiet && apt-get install --quiet --yes --no-install-recommends $$missing; }

bench: $(VENV)/demo ## measure the time of a task of each module (ARGS=ROUNDS)
	@tests/sandbox $(VENV)/bin/python tests/bench $(ARGS)

bench-layout: $(VENV)/demo ## compare a layout of a thousand namespaces with C, ip -batch and single tasks (needs cc; ARGS=--help)
	@tests/sandbox $(VENV)/bin/python tests/bench/layout $(ARGS)

bench-growth: $(VENV)/test ## measure how the cost of links, addresses and routes grows with their number, compared with iproute2 (ARGS=--help)
	@tests/sandbox $(VENV)/bin/python tests/bench/growth $(ARGS)

bench-hosts: $(VENV)/demo ## measure what many hosts cost the controller: processor time, memory, bytes (ARGS=--help)
	@tests/sandbox $(VENV)/bin/python tests/bench/hosts $(ARGS)

docs: $(VENV)/test pictures ## generate the documentation of the modules from the attribute table
	@$(VENV)/bin/python hacking/document.py

docs-site: $(VENV)/test ## build the documentation site in .venv/site/html, without a network (ARGS=--links checks links to other sites, too)
	@$(call require,pictures)
	@$(VENV)/bin/python hacking/site.py $(ARGS)

pictures: $(VENV)/test ## generate the pictures of the roles from their layouts
	@$(VENV)/bin/python hacking/pictures.py

pin: $(VENV)/test ## pin the newest versions of all requirements
	@$(VENV)/bin/pip install -qq uv
	@cd tests/requirements && for name in demo test; do \
	    { head -n 3 $$name.in && ../../$(VENV)/bin/uv pip compile -qq --universal --python-version 3.11 \
	        --no-annotate --no-header $$name.in; } > $$name.new && mv $$name.new $$name.txt || exit; \
	done

clean: ## remove the virtual environment and all caches
	rm -rf $(VENV) .ansible tests/output

# What a machine lacks is found before pip fails in the middle.
$(VENV)/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo 'Python 3.11 or newer is needed: install one and call make PYTHON=python3.11.' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	    { echo 'The module venv of Python is missing: apt install python3-venv.' >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/demo: tests/requirements/demo.txt | $(VENV)/bin/pip
	@echo 'Preparing $(VENV), once …'
	@$(VENV)/bin/python tests/requirements/install.py $<
	@touch $@

$(VENV)/test: tests/requirements/test.txt Makefile | $(VENV)/demo
	@echo 'Preparing $(VENV) for the tests, once …'
	@$(VENV)/bin/python tests/requirements/install.py $<
	@$(VENV)/bin/pip install -qq --no-deps --upgrade --target $(VENV)/pyroute2-$(OLDEST_PYROUTE2) \
	    pyroute2==$(OLDEST_PYROUTE2)
	@$(VENV)/bin/pip install -qq --no-deps --upgrade --target $(VENV)/ansible-core-$(OLDEST_ANSIBLE) \
	    ansible-core==$(OLDEST_ANSIBLE)
	@touch $@

$(VENV)/sanity: tests/requirements/test.txt tests/sanity/environment.py tests/sanity/get_pip.py | $(VENV)/test
	@echo 'Preparing ansible-test for the sanity tests, once …'
	@$(VENV)/bin/python tests/sanity/environment.py
	@touch $@
