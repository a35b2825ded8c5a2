# Every target with a line of help; `make` alone prints them. Those that build or test install what they
# need from Debian first (root or sudo), and nothing when nothing is missing; those that deploy say what
# is missing.

SHELL := /bin/bash
.DEFAULT_GOAL := help

# Your own values of the variables below, one `NAME := value` a line; git leaves the file alone.
-include deploy.mk

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

# --- the cluster: scripts/deploy.sh --help says more of each ---

NAMESPACE ?= llm-infra
KUBECTL ?= kubectl
DOCKER ?= docker
# Where images of ours come from and go to; needed where one is used.
REGISTRY ?=
# The version, and instead of it a digest (sha256:...); BACKENDS_TAG is for the speech and audio backends.
GATEWAY_TAG ?=
GATEWAY_DIGEST ?=
BACKENDS_TAG ?=
# gateway-secrets.yaml and huggingface-token.yaml if they exist.
GATEWAY_SECRETS_FILE ?=
HUGGINGFACE_SECRET_FILE ?=
INGRESS_HOST ?=
INGRESS_TLS_SECRET ?=
# deploy: phase1, phase2-llm, ...; further parts, such as autoscaling,monitoring.
OVERLAY ?= phase5-audio
COMPONENTS ?=
# 1 waits for every rollout, 0 for none; how long for one.
WAIT ?=
TIMEOUT ?= 300s
# build-gateway, build-local-backends: 0 does not push.
PUSH ?= 1
# release-gateway-remote.
FORGE_HOST ?=
REMOTE_DIR ?=
GATEWAY_REMOTE_TAG ?=
REMOTE_DOCKER ?=
REMOTE_KUBECTL ?=
DEPLOY_FROM ?=
ALLOW_DIRTY ?=
# The gateway that is asked: test-health, test-embed, test-tts, show-routes FROM=gateway.
SYNAPSE_URL ?= http://127.0.0.1:8000
# show-routes: this file, or FROM=cluster, FROM=gateway.
CONFIG ?= config/backends.yaml
FROM ?=
# logs: lines to begin with; validate: 1 asks the cluster, too; clean: see there.
TAIL ?= 100
CLUSTER ?=
CONFIRM ?=
PURGE ?=

cluster_variables := NAMESPACE KUBECTL DOCKER REGISTRY GATEWAY_TAG GATEWAY_DIGEST BACKENDS_TAG \
  GATEWAY_SECRETS_FILE HUGGINGFACE_SECRET_FILE INGRESS_HOST INGRESS_TLS_SECRET OVERLAY COMPONENTS WAIT \
  TIMEOUT PUSH FORGE_HOST REMOTE_DIR GATEWAY_REMOTE_TAG REMOTE_DOCKER REMOTE_KUBECTL DEPLOY_FROM \
  ALLOW_DIRTY SYNAPSE_URL CONFIG FROM TAIL CLUSTER CONFIRM PURGE

parts := gateway embed llm tts stt speaker audio
cluster_targets := deploy deploy-phase1 deploy-local deploy-infra deploy-gpu-time-slicing \
  deploy-traefik-timeouts deploy-gateway-secrets deploy-huggingface-secret deploy-terminal-feed-bus \
  deploy-monitoring $(parts:%=deploy-%) build-gateway build-local-backends release-gateway-remote \
  test-health test-embed test-tts logs $(parts:%=logs-%) logs-feed-bus status show-routes validate clean

.PHONY: help help-deploy deps build dashboard run package test test-quick test-asan test-tsan test-bare test-real bench \
  microbench lint format format-check clean-build $(cluster_targets)

# The scripts get them from the environment: there are no quotes that a value could break out of. Only
# these targets: the gateway of `make run` would wonder about SYNAPSE_URL. What came from the environment
# goes there by itself, and as it is: a $ in it is not make's.
$(foreach name,$(cluster_variables),$(if $(filter file,$(origin $(name))), \
  $(eval $(cluster_targets): export $(name) := $$($(name)))))

# run: the file that was asked for, and not the default of other targets.
own_config = $(if $(filter command environment,$(firstword $(origin CONFIG))),$(CONFIG))

sanitized_backends = $(if $(findstring sdk-python,$(SANITIZER_SUITES)),synapse-backends)

# Prints the groups whose heading matches, or does not.
print_help = @awk -F ':.*\#\# ' '/^\#\#@ / {shown = ($$0 $(1) /Kubernetes|Images|deployed/); \
  if (shown) printf "\n%s\n", substr($$0, 5)} \
  shown && /^[a-z0-9-]+:.*\#\# / {printf "  make %-$(2)s %s\n", $$1, $$2}' Makefile

help:
	$(call print_help,!~,14)
	@printf '\nMore\n  make help-deploy    Kubernetes, images, and what is deployed\n'

help-deploy:
	$(call print_help,~,25)

##@ Build and run here
deps: ## Install the Debian packages of all targets
	@scripts/install_dependencies.sh

build: ## Build build/bin/synapse (the gateway) and build/bin/synapse-backends
	@scripts/install_dependencies.sh build
	@scripts/build.sh release synapse synapse-backends

dashboard: ## Build the dashboard's files (make run does it, too)
	@scripts/install_dependencies.sh run
	@scripts/build_dashboard.sh --strict

run: ## Serve on 127.0.0.1:8000 with local backends (PORT=9000), or yours (CONFIG=my-backends.yaml)
	@scripts/install_dependencies.sh build run
	@scripts/build.sh release synapse $(if $(own_config),,synapse-backends)
	@scripts/build_dashboard.sh
	@CONFIG='$(own_config)' PORT='$(PORT)' EMBED_PORT='$(EMBED_PORT)' ROUTER_PORT='$(ROUTER_PORT)' \
	  TTS_PORT='$(TTS_PORT)' STT_PORT='$(STT_PORT)' SPEAKER_PORT='$(SPEAKER_PORT)' AUDIO_PORT='$(AUDIO_PORT)' \
	  GPU_PORT='$(GPU_PORT)' CPU_PORT='$(CPU_PORT)' \
	  exec scripts/run_local.sh

package: ## Build the Debian packages into build/package
	@scripts/install_dependencies.sh build package
	@scripts/package.sh

##@ Test and measure
test: ## Build and run every test
	@scripts/install_dependencies.sh build run test package
	@scripts/build.sh release --with tests --with bench
	@exec scripts/run_tests.py

test-quick: ## Only the unit and gateway tests
	@scripts/install_dependencies.sh build run test
	@scripts/build.sh release --with tests --with bench
	@exec scripts/run_tests.py --suites ctest

test-asan: ## Tests with AddressSanitizer and UBSan (ASAN_TESTS="program ...")
	@scripts/install_dependencies.sh build run test
	@scripts/build.sh asan --with tests synapse $(sanitized_backends) $(or $(ASAN_TESTS),all)
	@exec scripts/run_tests.py --preset asan --suites '$(SANITIZER_SUITES)' --programs '$(ASAN_TESTS)'

test-tsan: ## Tests with ThreadSanitizer (TSAN_TESTS="program ...")
	@scripts/install_dependencies.sh build run test
	@scripts/build.sh tsan --with tests synapse $(sanitized_backends) $(or $(TSAN_TESTS),all)
	@exec scripts/run_tests.py --preset tsan --suites '$(SANITIZER_SUITES)' --programs '$(TSAN_TESTS)'

test-bare: ## Run the README's two commands in a bare Debian 12, as root (scripts/test_bare.py --help)
	@scripts/install_dependencies.sh test
	@exec scripts/test_bare.py

test-real: ## Tests against real llama.cpp, Piper and whisper.cpp servers (fetches 700 MB once)
	@scripts/install_dependencies.sh build real
	@scripts/build.sh release synapse
	@scripts/real_speech.sh prepare
	@DIRECT='$(DIRECT)' exec scripts/run_tests.py --suites real

bench: ## Measure against nginx and haproxy (PEERS=litellm adds it, QUICK=1 only prints)
	@scripts/install_dependencies.sh build bench
	@scripts/build.sh release --with bench synapse synapse-bench-stub synapse-bench-load synapse-microbench
	@exec python3 bench/run.py $(if $(PEERS),--peers '$(PEERS)') $(if $(QUICK),--quick,--write docs/PERFORMANCE.md)

microbench: ## Measure the hot functions alone
	@scripts/install_dependencies.sh build bench
	@scripts/build.sh release --with bench synapse-microbench
	@exec build/bin/synapse-microbench

##@ Source code
lint: ## Check layers, and clang-tidy over what changed (ALL=1 everything)
	@scripts/install_dependencies.sh build test bench lint
	@scripts/check_layers.py
	@ALL='$(ALL)' BASE='$(BASE)' exec scripts/lint.sh

format: ## Format all C++ files in place
	@scripts/install_dependencies.sh lint
	@scripts/format.sh

format-check: ## Fail when a C++ file is not formatted
	@scripts/install_dependencies.sh lint
	@scripts/format.sh --check

clean-build: ## Remove the build directories
	rm -rf build build-dev build-asan build-tsan build-lint

##@ Deploy to Kubernetes (REGISTRY=registry.example.org/ai; NAMESPACE=llm-infra; your own values: deploy.mk)
deploy: ## Everything: gateway and all backends (OVERLAY=phase2-llm and so on: a part of it)
	@scripts/deploy.sh apply all

deploy-phase1: ## Gateway, embeddings and speech
	@scripts/deploy.sh apply phase1

deploy-local: ## Everything without a GPU: the gateway, and our small backends in place of the real ones
	@scripts/deploy.sh apply local

deploy-infra: ## Namespace, volumes, ingress, network policies
	@scripts/deploy.sh apply infra

deploy-gpu-time-slicing: ## Let several pods share a GPU (for the whole cluster, outside of the namespace)
	@scripts/deploy.sh apply gpu

deploy-traefik-timeouts: ## K3s: let its Traefik wait for long uploads (for the whole cluster)
	@scripts/deploy.sh apply k3s

deploy-gateway-secrets: ## The gateway's Secret from GATEWAY_SECRETS_FILE; placeholders are refused
	@scripts/deploy.sh secrets

deploy-huggingface-secret: ## pyannote-speaker's Secret from HUGGINGFACE_SECRET_FILE, in the same way
	@scripts/deploy.sh huggingface-secret

deploy-gateway: ## The gateway alone
	@scripts/deploy.sh apply gateway

deploy-embed: ## llama-embed: embeddings
	@scripts/deploy.sh apply embed

deploy-llm: ## llama-router: chat
	@scripts/deploy.sh apply llm

deploy-tts: ## chatterbox-tts: speech
	@scripts/deploy.sh apply tts

deploy-stt: ## whisper-stt: recognition
	@scripts/deploy.sh apply stt

deploy-speaker: ## pyannote-speaker: who speaks when
	@scripts/deploy.sh apply speaker

deploy-audio: ## deepfilter-audio: noise and formats
	@scripts/deploy.sh apply audio

deploy-terminal-feed-bus: ## Redis, through which replicas show each other's live log
	@scripts/deploy.sh apply feed-bus

deploy-monitoring: ## Metrics and alerts for a Prometheus in the cluster
	@scripts/deploy.sh apply monitoring

##@ Images
build-gateway: ## Build and push REGISTRY/synapse-gateway:GATEWAY_TAG (PUSH=0: build only)
	@scripts/deploy.sh image gateway

build-local-backends: ## Build and push REGISTRY/synapse-backends, which deploy-local uses
	@scripts/deploy.sh image local-backends

release-gateway-remote: ## Build and push on FORGE_HOST, deploy the digest, verify what runs
	@scripts/release-gateway-remote.sh

##@ What is deployed
status: ## Pods, services, volumes, and the last warnings
	@scripts/deploy.sh status

test-health: ## Pods, gateway (SYNAPSE_URL) and backends: are they well?
	@scripts/health-check.sh

test-embed: ## Ask the gateway at SYNAPSE_URL for embeddings, and look at them
	@scripts/test-embeddings.sh

test-tts: ## Let the gateway at SYNAPSE_URL speak, and listen
	@scripts/test-tts.sh

show-routes: ## What CONFIG routes where (FROM=cluster: what is deployed; FROM=gateway: ask SYNAPSE_URL)
	@[[ $$FROM == gateway ]] || scripts/install_dependencies.sh build
	@[[ $$FROM == gateway ]] || scripts/build.sh release synapse
	@scripts/deploy.sh routes

logs: ## Follow all logs; logs-gateway, -embed, -llm, -tts, -stt, -speaker, -audio, -feed-bus: one service's
	@scripts/deploy.sh logs

$(parts:%=logs-%) logs-feed-bus: logs-%:
	@scripts/deploy.sh logs $*

validate: ## Render all manifests and check CONFIG (CLUSTER=1: ask the cluster, too)
	@scripts/deploy.sh validate

clean: ## Remove Synapse from the cluster; asks first. Volumes and Secrets stay (PURGE=1: they go, too)
	@scripts/deploy.sh clean
