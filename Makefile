# The commands of this project; each is a script in scripts/. `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help run test build bench smoke lighthouse dev setup fmt lint

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

run: ## install what is missing, build, serve on http://localhost:3000 (ARGS="…" go to the program)
	@scripts/run.sh $(ARGS)

test: ## install what is missing and run every check
	@scripts/test.sh

build: ## the release binary target/release/sekisho, the site inside it
	@scripts/build.sh

bench: ## measure the release binary: a table, and target/bench.json (ARGS="--scale 0.01" for a quick try)
	@scripts/bench.sh $(ARGS)

smoke: ## build the release binary and click through it in a browser
	@scripts/smoke.sh

lighthouse: ## what Lighthouse says of the release binary's sign-in and devices pages (ARGS=1 for a single run of each)
	@scripts/lighthouse.sh $(ARGS)

dev: ## rebuild and restart on change
	@scripts/dev.sh $(ARGS)

setup: ## install what building and testing need
	@scripts/setup.sh build test

fmt: ## format the Rust sources
	@cargo fmt --all

lint: ## format check, clippy for server, bench and browser, cfg gate
	@scripts/setup.sh build
	@scripts/lint.sh
