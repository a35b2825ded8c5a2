# Every target with a line of help; `make` alone prints them. All of them install what they need from
# Debian first (root or sudo), and nothing when nothing is missing.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help deps build dashboard run test test-quick test-asan test-tsan test-real bench microbench \
  lint format format-check clean

# Programs of the sanitizer rounds, e.g. ASAN_TESTS="config_test http_core_test"; empty: all.
ASAN_TESTS ?=
TSAN_TESTS ?=
# Their suites; without sdk-python the local backends are not built for it.
SANITIZER_SUITES ?= ctest,sdk-python
# test-real: 1 leaves the gateway out, to tell its doing from the router's.
DIRECT ?=
# bench: peers beside nginx and haproxy (PEERS=litellm); QUICK=1 for a short run.
PEERS ?=
QUICK ?=
BASE ?=

sanitized_backends = $(if $(findstring sdk-python,$(SANITIZER_SUITES)),synapse-backends)

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' Makefile

deps: ## Install the Debian packages of all targets
	@scripts/install_dependencies.sh

build: ## Build the gateway and the local backends: build/bin/synapse, build/bin/synapse-backends
	@scripts/install_dependencies.sh build
	@scripts/build.sh release synapse synapse-backends

dashboard: ## Build the dashboard's files into build/share/synapse/dashboard (make run does it, too)
	@scripts/install_dependencies.sh run
	@scripts/build_dashboard.sh --strict

run: build ## Run the gateway with local backends on 127.0.0.1 (PORT=8000; all ports: scripts/run_local.sh)
	@scripts/install_dependencies.sh run
	@scripts/build_dashboard.sh
	@PORT='$(PORT)' EMBED_PORT='$(EMBED_PORT)' ROUTER_PORT='$(ROUTER_PORT)' TTS_PORT='$(TTS_PORT)' \
	  STT_PORT='$(STT_PORT)' SPEAKER_PORT='$(SPEAKER_PORT)' AUDIO_PORT='$(AUDIO_PORT)' \
	  exec scripts/run_local.sh

test: ## Build and run every test: unit, whole gateway, OpenAI SDKs (Python, Node), dashboard, README
	@scripts/install_dependencies.sh build run test
	@scripts/build.sh release --with tests --with bench
	@exec scripts/run_tests.py

test-quick: ## Build and run the unit and gateway tests only
	@scripts/install_dependencies.sh build run test
	@scripts/build.sh release --with tests --with bench
	@exec scripts/run_tests.py --suites ctest

test-asan: ## Tests with AddressSanitizer and UndefinedBehaviorSanitizer (ASAN_TESTS="program ...")
	@scripts/install_dependencies.sh build run test
	@scripts/build.sh asan --with tests synapse $(sanitized_backends) $(or $(ASAN_TESTS),all)
	@exec scripts/run_tests.py --preset asan --suites '$(SANITIZER_SUITES)' --programs '$(ASAN_TESTS)'

test-tsan: ## Tests with ThreadSanitizer, with an instrumented CAF (TSAN_TESTS="program ...")
	@scripts/install_dependencies.sh build run test
	@scripts/build.sh tsan --with tests synapse $(sanitized_backends) $(or $(TSAN_TESTS),all)
	@exec scripts/run_tests.py --preset tsan --suites '$(SANITIZER_SUITES)' --programs '$(TSAN_TESTS)'

test-real: ## Test against a real llama.cpp router and model, fetched once (430 MB, scripts/real_llama.sh --help)
	@scripts/install_dependencies.sh build real
	@scripts/build.sh release synapse
	@scripts/real_llama.sh prepare
	@DIRECT='$(DIRECT)' exec scripts/run_tests.py --suites real

bench: ## Measure against nginx and haproxy into docs/PERFORMANCE.md (PEERS=litellm adds it, QUICK=1 only prints)
	@scripts/install_dependencies.sh build bench
	@scripts/build.sh release --with bench synapse synapse-bench-stub synapse-bench-load synapse-microbench
	@exec python3 bench/run.py $(if $(PEERS),--peers '$(PEERS)') $(if $(QUICK),--quick,--write docs/PERFORMANCE.md)

microbench: ## Measure the hot functions alone
	@scripts/install_dependencies.sh build bench
	@scripts/build.sh release --with bench synapse-microbench
	@exec build/bin/synapse-microbench

lint: ## Check layers and run clang-tidy over what changed (BASE=main~3 since then, ALL=1 everything)
	@scripts/install_dependencies.sh build test bench lint
	@scripts/check_layers.py
	@ALL='$(ALL)' BASE='$(BASE)' exec scripts/lint.sh

format: ## Format all C++ files in place
	@scripts/install_dependencies.sh lint
	@scripts/format.sh

format-check: ## Fail when a C++ file is not formatted
	@scripts/install_dependencies.sh lint
	@scripts/format.sh --check

clean: ## Remove the build directories
	rm -rf build build-dev build-asan build-tsan build-lint
