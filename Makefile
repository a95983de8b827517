# SPDX-License-Identifier: BSD-2-Clause
#
# A small front for Meson and Ninja: sets up a fresh Debian machine, then builds. `make` alone says what
# there is and changes nothing, because every other target may install distribution packages.

BUILD  ?= build
PREFIX ?= /usr/local

.DEFAULT_GOAL := help
.PHONY: help build demo test test-kernels ci fuzz mutants nightly conformance conformance-progs bench bench-tools install clean check

help:
	@echo 'make demo     set up, build, and run three example programs on a real capture'
	@echo 'make test     set up, build, and run every test; says what was skipped and why'
	@echo 'make test-kernels'
	@echo '              boot the distribution'\''s kernels under qemu, and test hooks there that this one may lack'
	@echo 'make build    set up and build'
	@echo 'make check    quick checks of the sources, and the unit tests'
	@echo 'make ci       sanitizers, fuzzing and the slower checks'
	@echo 'make fuzz     each fuzz target for a minute (set FUZZ_SECONDS), on inputs no other run has tried'
	@echo 'make mutants  ten and more seeded bugs, each of which a test must catch'
	@echo 'make nightly  100,000 generated programs on kernel, JIT and interpreter, and random tests at length'
	@echo 'make conformance, make conformance-progs'
	@echo '              Linux'\''s own verifier tests (from its source package) against the running kernel'
	@echo 'make bench    speed against the kernel'\''s JIT and native code: one table (as root)'
	@echo 'make bench-tools'
	@echo '              what the tools cost beside bpftrace, perf, strace and tcpdump (as root)'
	@echo 'make install  build and install under PREFIX ($(PREFIX))'
	@echo 'make clean    remove everything that was built'
	@echo
	@echo 'Set-up installs missing distribution packages with apt-get (as root or by sudo), naming them.'

build:
	@tools/setup build
	@tools/build $(BUILD) --prefix=$(PREFIX)

demo: build
	@tools/demo $(BUILD)

test:
	@tools/setup test
	@tools/build $(BUILD) --prefix=$(PREFIX)
	@tools/run-tests $(BUILD)

test-kernels:
	@tools/setup ci
	@tools/build $(BUILD) --prefix=$(PREFIX)
	@tests/vm/run $(BUILD) || [ $$? = 77 ]

check:
	@tools/setup test
	@tools/build $(BUILD) --prefix=$(PREFIX)
	@tools/run-tests $(BUILD) --suite lint --suite unit

ci:
	@tools/setup ci
	@tools/ci

fuzz:
	@tools/setup ci
	@tools/fuzz build-fuzz 0 $(or $(FUZZ_SECONDS),60)

mutants:
	@tools/setup test
	@tools/mutants

nightly:
	@tools/setup ci
	@tools/build $(BUILD) --prefix=$(PREFIX)
	@tools/nightly $(BUILD)

conformance:
	@tools/setup ci
	@tools/build $(BUILD) --prefix=$(PREFIX)
	@tests/conformance/run $(BUILD)/tests/conformance/linux-6.12 $(BUILD)/tests/conformance/conformance || [ $$? = 77 ]

conformance-progs:
	@tools/setup ci
	@tools/build $(BUILD) --prefix=$(PREFIX)
	@tests/conformance/run-progs $(BUILD)/tests/conformance/linux-6.12 \
		$(BUILD)/tests/conformance/conformance-progs || [ $$? = 77 ]

bench: build
	@$(BUILD)/bench/bench $(BUILD)/bench

# The peers are installed where the distribution has them; what is missing is named and left out.
bench-tools: build
	@tools/setup bench
	@python3 bench/tools/bench_tools.py $(BUILD)/cli/skep $(BUILD)/bench/tools $(BUILD)/tests/tools/attach/flood

install: build
	@meson configure $(BUILD) -Dprefix=$(abspath $(PREFIX))
	@tools/build $(BUILD) >/dev/null
	@meson install -C $(BUILD) --no-rebuild

clean:
	rm -rf $(BUILD) build-asan build-tsan build-release build-fuzz build-hostile build-msan build-mutants
