# SPDX-License-Identifier: Apache-2.0
# The commands of this repository, each a few lines around meson, ninja and tests/run.
# `make help` lists them. Variables: BUILD, FUZZ_SECONDS, DESTDIR, ARGS (for run, bench, soak).
BUILD = build
FUZZ_SECONDS = 60
# Debian's own meson and python before any other that a user may have in PATH.
MESON = $(firstword $(wildcard /usr/bin/meson) meson)
PYTHON = $(firstword $(wildcard /usr/bin/python3) python3)
NINJA = ninja -C

BUILD_PACKAGES = packaging/build-packages.txt
TEST_PACKAGES = $(BUILD_PACKAGES) tests/packages.txt tests/integration/packages.txt
BENCH_PACKAGES = $(BUILD_PACKAGES) bench/packages.txt

SANITIZE = -Db_sanitize=address,undefined -Db_lundef=false
NPM_LIST = $(wildcard tests/integration/package.json tests/integration/package-lock.json)
NPM_DONE = $(if $(NPM_LIST),build/npm/.installed)

.PHONY: all run test asan fuzz coverage lint bench soak install deps help clean
all: $(BUILD)/build.ninja ## build build/sallyport
	@$(NINJA) $(BUILD)

$(BUILD)/build.ninja:
	@packaging/install-deps --check $(BUILD_PACKAGES)
	@$(MESON) setup $(BUILD)

deps: ## install the Debian packages that building takes
	@packaging/install-deps $(BUILD_PACKAGES)

run: deps all ## install what is missing, build, serve on 127.0.0.1:3128
	@mkdir -p $(BUILD)/run-state
	@STATE_DIRECTORY=$(CURDIR)/$(BUILD)/run-state \
		$(BUILD)/sallyport serve --config packaging/config.toml $(ARGS)

test: test-deps $(NPM_DONE) all ## install what is missing, run all tests
	@tests/run $(BUILD)

asan: test-deps $(NPM_DONE) ## the same tests under ASan and UBSan, built with clang
	@[ -f build-asan/build.ninja ] || CC=clang CXX=clang++ $(MESON) setup build-asan $(SANITIZE)
	@$(NINJA) build-asan
	@tests/run build-asan --no-suite lint --no-suite docs -t 3

lint: test-deps all ## layers, sizes, format, clang-tidy, headers, words
	@$(MESON) test -C $(BUILD) --no-rebuild --suite lint --print-errorlogs

fuzz: test-deps ## each fuzz target for FUZZ_SECONDS under sanitizers
	@[ -f build-fuzz/build.ninja ] || CC=clang CXX=clang++ \
		$(MESON) setup build-fuzz $(SANITIZE) -Dfuzzing=true
	@$(NINJA) build-fuzz
	@tests/fuzz/run build-fuzz $(FUZZ_SECONDS)

coverage: test-deps ## line coverage of policy/, certs/ and tls/ by unit tests and corpora, at least 90 %
	@[ -f build-coverage/build.ninja ] || $(MESON) setup build-coverage -Db_coverage=true
	@$(NINJA) build-coverage
	@tests/coverage build-coverage 90

bench: all ## the proxy beside its peers and the bare relay
	@packaging/install-deps $(BENCH_PACKAGES)
	@$(PYTHON) bench/run.py --build $(BUILD) $(ARGS)

soak: test-deps all ## a million mixed connections, then nothing is left
	@SALLYPORT=$(BUILD)/sallyport $(PYTHON) tests/soak/run.py $(ARGS)

install: all ## install below DESTDIR
	@DESTDIR=$(DESTDIR) $(MESON) install -C $(BUILD) --no-rebuild

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 16

clean: ## remove every build directory
	rm -rf build build-asan build-fuzz build-coverage

.PHONY: test-deps
test-deps:
	@packaging/install-deps $(TEST_PACKAGES)

# The exact versions of the lock file; nothing is fetched again while it stays as it is.
build/npm/.installed: $(NPM_LIST)
	@mkdir -p build/npm
	@cp $^ build/npm/
	@npm --prefix build/npm ci --ignore-scripts --no-audit --no-fund
	@touch $@
