.DEFAULT_GOAL := help
.PHONY: help demo test test-fast soak cluster cluster-down env doctor check
MAKEFLAGS += --no-print-directory

local := node run.cjs local/cli.ts
jest := node_modules/.bin/jest --json
reports := .local/test-results

help: ## show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: node_modules ## take a release through both channels on the embedded cluster, under load
	@node run.cjs local/demo/cli.ts

test: node_modules ## run all tests, the end-to-end tests on the embedded cluster among them
	@rm -rf $(reports)
	@mkdir -p $(reports)
	@$(local) up
	@$(jest) --maxWorkers=2 --selectProjects fast cluster --outputFile=$(reports)/together.json; first=$$?; \
	$(jest) --runInBand --selectProjects alone --outputFile=$(reports)/alone.json && exit $$first

test-fast: node_modules ## run the tests that need nothing but node
	@node_modules/.bin/jest --selectProjects fast --maxWorkers=100%

soak: node_modules ## send 100 000 requests through release after release, and lose none
	@$(local) up
	@node_modules/.bin/jest --selectProjects soak

cluster: node_modules ## start the embedded cluster, or repair it
	@$(local) up

cluster-down: node_modules ## stop it and delete its data, the Pulumi backend included
	@$(local) down

env: node_modules ## print its environment for pulumi and kubectl: eval "$(make -s env)"
	@$(local) env

doctor: node_modules ## show what is there, what is missing, and what to do about it
	@$(local) doctor

check: node_modules ## check types, lint and format
	@node_modules/.bin/tsc & types=$$!; node_modules/.bin/biome check --error-on-warnings; style=$$?; wait $$types && exit $$style

node_modules: node_modules/.package-lock.json

node_modules/.package-lock.json: package-lock.json
	@command -v npm > /dev/null || { echo "npm is missing: install Node 20 or newer (https://nodejs.org)." >&2; exit 1; }
	@echo "Installing npm packages …" >&2
	@npm ci --loglevel=error --no-progress --fetch-retries=1 --fetch-timeout=30000 > /dev/null
	@touch $@
