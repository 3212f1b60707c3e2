# The front door. `make` alone explains it; everything needs Node and npm, `demo`, `test` and `bench` need root too.

BUN := node_modules/.bin/bun
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup host-setup demo test test-kubernetes check build bench gen golden clean

help: ## say what each target does
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: node_modules/.installed

node_modules/.installed: package.json bun.lock tools/setup-packages.sh
	@tools/setup-packages.sh
	@touch $@

host-setup:
	@tools/setup-host.sh

.PHONY: tailscaled
tailscaled: ## build the real tailscaled for the tests (Go 1.26; minutes, once, kept outside the checkout)
	@tools/setup-tailscaled.sh

.PHONY: need-root
need-root:
	@tools/setup-host.sh check

demo: need-root setup host-setup build-host ## three nodes in different networks, until their pods talk (root, about a minute after the installs)
	@$(BUN) tools/demo.ts

test: need-root setup static build-host ## everything CI runs: check, then the product as a process and on real runtimes (root)
	@tools/setup-host.sh test
	@tools/setup-promtool.sh
	@$(BUN) tools/test.ts ./src ./test

test-kubernetes: need-root setup host-setup build-host ## a real cluster of two nodes, where its programs are there: CONTRIBUTING.md (root, minutes)
	@$(BUN) image/build.ts host
	@HEADCNI_TEST_KUBERNETES=1 $(BUN) tools/test.ts ./test/kubernetes

check: setup ## format, lint, types, unused code, quick unit, property and policy tests: seconds
	@$(MAKE) --no-print-directory -j4 --output-sync=target check-tests static-lint static-types static-unused static-unused-product

# Three files side by side: some wait. Properties are tried less often than in `make test`. The last of the runtime's compilers is
# off: what it costs, short tests do not win back (a third of the processor time).
.PHONY: check-tests
check-tests: setup
	@HEADCNI_TEST_QUICK=1 BUN_JSC_useFTLJIT=0 $(BUN) test --timeout 120000 --parallel=3 --no-isolate --path-ignore-patterns='**/*.slow.test.ts' ./src ./test/policy

.PHONY: static static-lint static-types static-unused static-unused-product
static: setup
	@$(MAKE) --no-print-directory -j4 --output-sync=target static-lint static-types static-unused static-unused-product

static-lint:
	@node_modules/.bin/biome check --error-on-warnings .

static-types:
	@node_modules/.bin/tsc --noEmit --incremental --tsBuildInfoFile .cache/tsc.json --singleThreaded

static-unused:
	@$(BUN) --bun node_modules/.bin/knip --cache --cache-location .cache/knip

# Behind the other: it finds each file read in the cache that is theirs together.
static-unused-product: static-unused
	@$(BUN) --bun node_modules/.bin/knip --production --cache --cache-location .cache/knip

build: setup ## dist/headcni-linux-amd64, -arm64 and their links
	@$(BUN) tools/build.ts

.PHONY: build-host
build-host: setup
	@$(BUN) tools/build.ts host

.PHONY: image
image: build ## dist/image: the container image for amd64 and arm64, an OCI layout; says how to push it (Go, Debian's apt)
	@$(BUN) image/build.ts

.PHONY: image-twice
image-twice: setup ## make the image twice, from two directories under other circumstances, and compare the bytes (minutes)
	@image/twice.sh

bench: need-root setup host-setup build-host ## measure start, memory and the plugin beside fixed yardsticks (root; ARGS=--quick is shorter)
	@$(BUN) bench/run.ts $(ARGS)

gen: setup ## write the generated reference pages and schemas
	@$(BUN) tools/gen.ts

golden: setup ## rewrite golden files; read the diff before you commit it
	@$(BUN) test ./src ./test --update-snapshots

clean: ## remove what builds and tests made
	rm -rf dist .cache node_modules
