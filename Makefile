# `make up` and `make test` do everything on a fresh machine; the rest are their parts.
SHELL := /bin/bash
export PATH := $(CURDIR)/.venv/bin:$(CURDIR)/.tools/bin:$(PATH)
# Python and pytest compile each module once, not at every run, also where the environment says otherwise.
unexport PYTHONDONTWRITEBYTECODE
STACK ?= local
# Where the Dockerfile of the app is.
APP ?= .
PYTEST := python -m pytest
PARALLEL := --numprocesses auto
# Files side by side, each worker with a local cloud of its own; the tests of one file follow one another.
AT_ONCE ?= 2
SIDE_BY_SIDE := --numprocesses $(AT_ONCE) --dist loadfile

.PHONY: help setup up preview plan apply destroy deploy migrate-task deploy-full-with-migrate-task down test unit integration e2e systems lint format bench local-up local-down local-status local-reset lock

help: ## this list
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 32

setup: ## venv, Pulumi, plugins: what is missing, and nothing twice
	@scripts/setup

up: setup local-up ## set-up, local cloud, `pulumi up -s local`
	@scripts/stack up

preview: ## what `make up` would change
	@scripts/stack preview --diff

plan: ## ENV=stg: what an update would do, kept as the plan
	@scripts/plan $(ENV)

apply: ## ENV=stg: exactly what `make plan` showed, or nothing
	@scripts/apply $(ENV)

destroy: ## ENV=stg: the whole stack; one of production needs CONFIRM=its-name too
	@scripts/destroy $(ENV) $(CONFIRM)

deploy: ## ENV=stg APP=folder: build for linux/amd64, push by git commit, `pulumi up`
	@scripts/deploy "$(ENV)" "$(APP)"

migrate-task: ## ENV=stg: the migration now, as a task of its own
	@scripts/migrate-task "$(ENV)"

deploy-full-with-migrate-task: deploy migrate-task ## ENV=stg APP=folder: both, one after the other

down: ## destroy the stack and remove the local cloud
	@scripts/stack destroy
	@scripts/local down

local-up: setup ## local cloud only
	@scripts/local up

local-down: ## remove the local cloud
	@scripts/local down

local-status: ## what runs where
	@scripts/local status

local-reset: ## local cloud with fresh data
	@scripts/local reset

test: setup lint ## set-up and every test
	HYPOTHESIS_PROFILE=thorough $(PYTEST) $(PARALLEL) tests/unit
	$(PYTEST) $(SIDE_BY_SIDE) --durations=40 tests/integration tests/e2e

unit: ## no network, no Docker, < 30 s; the longest tests and most cases of tables are for `make test`
	$(PYTEST) $(PARALLEL) tests/unit

integration: ## local cloud and containers
	$(PYTEST) tests/integration

e2e: ## the real pulumi CLI
	$(PYTEST) tests/e2e --ignore=tests/e2e/systems

systems: ## the systems under examples/, end to end
	$(PYTEST) $(SIDE_BY_SIDE) tests/e2e/systems

lint: ## ruff and mypy
	ruff check .
	ruff format --check .
	mypy

format: ## ruff, writing
	ruff check --fix .
	ruff format .

bench: ## side by side with other ways; prints ratios
	python -m bench

lock: ## write requirements.lock anew
	scripts/lock
