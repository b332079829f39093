# Every target sets up .venv first, from the pins in constraints.txt; a second call sets up nothing again.

PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.ready

# On Linux the plain torch wheel may be the CUDA build, several gigabytes that flopt does not need.
# Name the index of PyTorch's CPU wheels (https://pytorch.org/get-started/locally/, "Compute Platform: CPU")
# to get the small build of the same version: make tune TORCH_INDEX=<that URL>
TORCH_INDEX ?=
TORCH := torch==2.13.0

# Debian packages that the slow tests use: a browser that opens the report, a data set, and a database.
SYSTEM_PACKAGES := \
	chromium \
	chromium-driver \
	nodejs \
	dataset-fashion-mnist \
	postgresql

# Flower's simulation pins a Ray of its own, and old versions pin older libraries: each has its environment.
FLOWER := .venv-flower
FLOWER_122 := .venv-flower-1.22
FLOWER_TESTS := $(addprefix tests/test_, $(addsuffix .py, engine components probe exchange uplink watch offline \
	flower_oracle flower_waiting meter strategy))

# Compared with Flower's simulation: it runs in that environment.
FLOWER_BENCHMARK := benchmarks/against_flower_optuna.py
BENCHMARKS := $(sort $(filter-out benchmarks/_%,$(wildcard benchmarks/*.py)))

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help tune test test-all test-flower fuzz torture lint bench figures docs system

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' $(MAKEFILE_LIST) | expand -t 12

tune: $(READY) ## search the shipped study: a Pareto front in studies/default
	$(VENV)/bin/flopt tune --out studies/default

test: $(READY) ## the tests, without the slow ones
	$(VENV)/bin/pytest -n logical --dist worksteal -m "not slow"

test-all: test-flower $(READY) ## all tests, those against flwr run and the oldest Flower first
	$(VENV)/bin/pytest -n logical --dist worksteal -m "not flower_run"

test-flower: $(FLOWER)/.ready $(FLOWER_122)/.ready ## against flwr run with its Ray, and against the oldest Flower
	$(FLOWER)/bin/pytest -m flower_run tests/test_real.py
	$(FLOWER_122)/bin/pytest $(FLOWER_TESTS)

fuzz: $(READY) ## broken files of every format that is read, 100 000 of each
	FLOPT_FUZZ=100000 $(VENV)/bin/pytest -n logical --dist worksteal tests/test_fuzz.py

torture: $(READY) ## fifty kills for every pair of executor and storage
	FLOPT_KILLS=50 $(VENV)/bin/pytest -n logical --dist worksteal tests/test_torture.py

lint: $(READY) ## ruff and mypy
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

bench: $(READY) $(FLOWER)/.ready ## every script in benchmarks/, one after the other
	@set -e; for script in $(BENCHMARKS); do \
		case $$script in $(FLOWER_BENCHMARK)) environment=$(FLOWER);; *) environment=$(VENV);; esac; \
		echo "== $$script"; $$environment/bin/python "$$script"; \
	done

figures: $(READY) ## every picture of docs/figures, from recorded runs
	$(VENV)/bin/python docs/figures.py

docs: $(READY) ## the documentation as web pages, in site/
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --strict --config-file .mkdocs.yml

system: ## the Debian packages that the slow tests need
ifeq ($(strip $(SYSTEM_PACKAGES)),)
	@echo "No Debian packages are needed yet."
else
	$(if $(filter 0,$(shell id -u)),,sudo )apt-get update
	$(if $(filter 0,$(shell id -u)),,sudo )apt-get install --yes --no-install-recommends $(SYSTEM_PACKAGES)
endif

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --constraint constraints.txt $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) $(TORCH)
	$(VENV)/bin/python -m pip install --constraint constraints.txt --editable '.[dev]'
	@touch $@

$(FLOWER)/.ready: pyproject.toml constraints.txt constraints-flower.txt
	$(PYTHON) -m venv $(FLOWER)
	grep -v '^ray==' constraints.txt > $(FLOWER)/constraints.txt
	$(FLOWER)/bin/python -m pip install --constraint $(FLOWER)/constraints.txt $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) $(TORCH)
	$(FLOWER)/bin/python -m pip install --constraint $(FLOWER)/constraints.txt --editable '.[test]' -r constraints-flower.txt
	@touch $@

# Flower 1.22 wants an older typer than flopt's. Its command line is not used here, so flopt's stays.
$(FLOWER_122)/.ready: pyproject.toml constraints.txt constraints-flower-1.22.txt
	$(PYTHON) -m venv $(FLOWER_122)
	$(FLOWER_122)/bin/python -m pip install --constraint constraints.txt $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) $(TORCH)
	$(FLOWER_122)/bin/python -m pip install --constraint constraints.txt --editable '.[test]'
	$(FLOWER_122)/bin/python -m pip install --no-deps -r constraints-flower-1.22.txt
	@touch $@
