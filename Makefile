# Everything that is done with this checkout. `make` alone prints what there is.

SWIFT ?= swift

# Debian's packages that the programs are built with and run on. The embedded PostgreSQL and Redis are processes of our
# own: the services that Debian sets up when it installs these packages are not used, and may be disabled.
PACKAGES := libargon2-dev libcrypt-dev libcurl4-openssl-dev libhiredis-dev libpq-dev librdkafka-dev libssl-dev \
  libyaml-dev pkg-config postgresql redis-server zlib1g-dev
# The official Socket.IO client of Python, for the tests with the clients that people use, what tests /openapi.json, and a
# server that speaks S3.
PYTHON_PACKAGES := 'python-socketio[client]>=5,<6' aiohttp 'websockets>=13' 'schemathesis>=4.32,<5' \
  'moto[server]>=5,<6'

# Progress where somebody watches; errors and results alone where nobody does.
quietly := $(if $(MAKE_TERMOUT),,--quiet)

some_at_once = --experimental-maximum-parallelization-width 8
run_tests = Tests/Scripts/run-tests $(SWIFT) test --skip-build --disable-xctest

.DEFAULT_GOAL := help
.PHONY: help run build test asan lint format bench fuzz completions docs clean packages test-packages swift

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## Build, and run chatd with a PostgreSQL and a Redis of its own in .chatd
	@exec .build/release/chatd all --embedded .chatd $(ARGS)

build: packages ## Build chatd and chatctl, optimised
	@$(SWIFT) build $(quietly) -c release --product chatd
	@$(SWIFT) build $(quietly) -c release --product chatctl

test: packages test-packages ## Build and run all tests
	@$(SWIFT) build $(quietly) --build-tests
ifdef ARGS
	@$(run_tests) $(ARGS)
else
	@# In turn: whole installations, a thousand clients and Kafka's brokers leave others little of two cores, and the
	@# protocol suites have heartbeats of 300 ms. And of those not all at once, which is no faster and makes each slow.
	@$(run_tests) --skip '^(SocketIO|Kafka|Integration|Client)Tests[.]'
	@$(run_tests) --filter '^SocketIOTests[.]'
	@$(run_tests) --filter '^KafkaTests[.]'
	@$(run_tests) --filter '^IntegrationTests[.]' $(some_at_once)
	@$(run_tests) --filter '^ClientTests[.]' $(some_at_once)
endif

asan: packages test-packages ## Run the tests under AddressSanitizer; what they start is searched for leaks too
	@# The runner's own leaks are not ours; the environment is not handed on to chatd.
	@ASAN_OPTIONS=detect_leaks=0 $(SWIFT) test $(quietly) --disable-xctest --no-parallel \
	  --scratch-path .build-asan --sanitize=address $(ARGS)

lint: swift ## Check the format of the sources
	@$(SWIFT) format lint --strict --parallel --recursive Package.swift Sources Tests

format: swift ## Format the sources
	@$(SWIFT) format format --in-place --parallel --recursive Package.swift Sources Tests

bench: packages ## Measure what chatd costs: ARGS='http fanout --runs 3'; docs/PERFORMANCE.md explains
	@$(SWIFT) build $(quietly) -c release --product chatd
	@$(SWIFT) build $(quietly) -c release --product Bench
	@.build/release/Bench $(or $(ARGS),all)

# A time for each target; TARGETS names some of them.
SECONDS ?= 60
TARGETS ?= http websocket engineio socketio json messagepack yaml
fuzz: packages ## Fuzz what comes from outside: SECONDS=60 each, TARGETS='http json'; docs/FUZZING.md explains
	@CHATD_FUZZ=1 $(SWIFT) build $(quietly) -c release --build-path .build/fuzz --product Fuzz \
	  -Xswiftc -sanitize=fuzzer,address -Xswiftc -use-ld=lld
	@Tests/Fuzz/run $(SECONDS) $(TARGETS)

# `make completions docs BIN=.build/debug` takes programs that have been built.
BIN ?= .build/release
written_by := $(if $(filter .build/release,$(BIN)),build)


completions: $(written_by) ## Write completions/ anew
	@for program in chatd chatctl; do \
	  $(BIN)/$$program completion bash >completions/$$program.bash && \
	  $(BIN)/$$program completion zsh >completions/_$$program && \
	  $(BIN)/$$program completion fish >completions/$$program.fish || exit; done

docs: $(written_by) ## Write docs/CONFIGURATION.md and docs/man/ anew
	@$(BIN)/chatd config -o markdown >docs/CONFIGURATION.md
	@rm -rf docs/man && mkdir docs/man
	@for program in chatd chatctl; do \
	  $(BIN)/$$program man --list | while read -r page words; do \
	    $(BIN)/$$program man $$words >docs/man/$$page || exit; done || exit; done

clean: ## Remove what was built; the data in .chatd stays
	@rm -rf .build .venv

# What is missing is installed, as root or through sudo; nothing happens when all is there.
packages: swift
	@$(call install,$(PACKAGES))

test-packages: packages
	@# promtool reads the metrics.
	@command -v promtool >/dev/null || { $(call install,prometheus); }
	@# Calls' credentials are tried on a TURN server.
	@command -v turnserver >/dev/null || { $(call install,coturn); }
	@command -v curl >/dev/null || { $(call install,curl); }
	@command -v node >/dev/null || { $(call install,nodejs npm); }
	@# The pages are tested in it.
	@command -v chromium >/dev/null || { $(call install,chromium); }
	@# Kafka's tests start the distribution that lies beside this checkout, where one does.
	@[ ! -e ../shared/kafka/kafka ] || command -v java >/dev/null || { $(call install,openjdk-17-jre-headless); }
	@python3 -c 'import ensurepip, venv' 2>/dev/null || { $(call install,python3-venv); }
	@[ -x .venv/bin/python ] && .venv/bin/python -c 'import socketio, aiohttp, websockets, schemathesis, moto' 2>/dev/null || { \
	  echo "installing python-socketio, websockets, schemathesis and moto in .venv" >&2; \
	  python3 -m venv .venv && .venv/bin/pip install --quiet $(PYTHON_PACKAGES); }

swift:
	@command -v $(SWIFT) >/dev/null || { echo 'Swift 6.2 or newer is needed: https://www.swift.org/install' >&2; exit 69; }

# $(call install,PACKAGE…)
define install
missing=; \
for package in $(1); do \
  case "$$(dpkg-query -W -f '$${db:Status-Status}' $$package 2>/dev/null)" in installed) ;; *) missing="$$missing $$package" ;; esac; \
done; \
if [ -n "$$missing" ]; then \
  if ! command -v apt-get >/dev/null; then \
    echo "this is no Debian: install what corresponds to$$missing" >&2; exit 69; fi; \
  if [ "$$(id -u)" = 0 ]; then as_root=env; \
  elif command -v sudo >/dev/null; then as_root='sudo env'; \
  else echo "these packages are missing: as root, apt-get install$$missing" >&2; exit 69; fi; \
  echo "installing$$missing" >&2; \
  { $$as_root apt-get update -qq && $$as_root DEBIAN_FRONTEND=noninteractive \
      apt-get install -y -qq --no-install-recommends $$missing >/dev/null; } || { \
    echo "cannot install$$missing: see above" >&2; exit 69; }; \
fi
endef
