# What a newcomer types. Each target installs what it needs, or says how.

SHELL := bash
.DELETE_ON_ERROR:
.PHONY: help demo test test-long test-sanitized fuzz soak model herd install uninstall bench client daemon programs format lint dependencies

PREFIX ?= $(HOME)/.local
BINDIR ?= $(PREFIX)/bin
# Where a user's own units live; packagers set PREFIX=/usr and get the system's folder.
UNITDIR ?= $(if $(and $(HOME),$(filter $(HOME) $(HOME)/%,$(PREFIX))),$(or $(XDG_CONFIG_HOME),$(HOME)/.config)/systemd/user,$(PREFIX)/lib/systemd/user)
COMPLETIONDIR ?= $(PREFIX)/share

SWIFT := swift
# An import that the manifest does not declare is an error.
STRICT := --explicit-target-dependency-import-check error
# The client is static: it starts in a quarter of the time. In the manifest the option would break `swift test`.
STATIC_SCRATCH := .build/static
STATIC_CLIENT := $(STATIC_SCRATCH)/release/slstats
RELEASE_SCRATCH := .build/optimized
PROGRAMS := .build/programs

# At most eight at once: each starts programs, and a deadline should say something of the program.
TEST = SLSTATS_STATIC_CLIENT=$(CURDIR)/$(STATIC_CLIENT) SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=8 \
	$(SWIFT) test --skip-build $(STRICT)

# Every bit and every byte: optimized, that is seconds instead of a quarter of an hour.
LONG := -c release -Xswiftc -enable-testing --scratch-path .build/long

# What only computes.
UNITS := FuzzTests|OrderedJSONTests|SlstatsProtocolTests|SlstatsCoreTests
# Suites that load the machine so much that others would miss their deadlines, or the other way round.
ALONE := DemoTests|StartTests|StopAndIdleTests|InstallTests|SystemdTests|ServiceLifecycleTests|ForeignWriterTests|DisableFaultTests|SpoolFaultTests|PowerCutTests|ConcurrentClaimTests|PromptHookTests

LONG_TESTS := Spool|SentRecord|DaemonBinaryTests|StopAndIdleTests|HerdTests|FiguresTests|CollectorProgramTests|AnswerTimeTests|ResolverTests|TroubledCollectorTests|ConnectionLimitTests|HeapTests
# Of PyPI, for tests that ask an independent implementation.
PYTHON_PACKAGES := opentelemetry-proto~=1.30 pyyaml~=6.0 hypothesis~=6.0

help:
	@echo 'make demo       see the whole thing run in a throw-away home'
	@echo 'make test       format check, build, all tests'
	@echo 'make test-long  the tests that have a long form, in it: every bit, every system call, 1000 kills'
	@echo 'make fuzz       bytes that nobody thought of; SECONDS=60 for each target, or TARGET=json'
	@echo 'make model      2000 random sequences of users, programs, disks, clocks and collectors; SEQUENCES=, SEED='
	@echo 'make soak       16 shells, faults and restarts for MINUTES=20: what grows, what is lost; a page in .build/soak.html'
	@echo 'make test-sanitized  the tests under the thread and the address sanitizer'
	@echo 'make install    programs, units, manual pages and completions, for you (or PREFIX=/usr DESTDIR=...)'
	@echo 'make uninstall  take them away again; your data stays'
	@echo 'make herd       what a collector meets when 100 000 daemons come back after an outage'
	@echo 'make bench      compare with logger, curl and Redis, in one table'

dependencies:
	@command -v $(SWIFT) > /dev/null || { echo 'Swift 6.3 is missing: https://www.swift.org/install/linux/' >&2; exit 1; }
	@Tests/Tools/need libsystemd-dev libsqlite3-dev zlib1g-dev pkg-config

client: dependencies
	$(SWIFT) build -c release --product slstats -Xswiftc -static-executable --scratch-path $(STATIC_SCRATCH)

daemon: dependencies
	$(SWIFT) build -c release --product slstatsd --scratch-path $(RELEASE_SCRATCH) -Xswiftc -static-stdlib

# All three programs in one folder, as they are installed.
programs: client daemon
	$(SWIFT) build -c release --product slstats-collector --scratch-path $(RELEASE_SCRATCH) -Xswiftc -static-stdlib
	@mkdir -p $(PROGRAMS)
	@for program in $(STATIC_CLIENT) $(RELEASE_SCRATCH)/release/slstatsd $(RELEASE_SCRATCH)/release/slstats-collector; do \
		strip -o $(PROGRAMS)/.new $$program && mv $(PROGRAMS)/.new $(PROGRAMS)/$${program##*/}; done

demo: programs
	@Tests/Tools/need sqlite3
	@Tests/Demo/demo $(PROGRAMS)

format:
	$(SWIFT) format format -i -r Sources Tests Package.swift

lint: dependencies
	$(SWIFT) format lint --strict -r Sources Tests Package.swift

test: lint client
	@Tests/Tools/need sqlite3 socat strace util-linux bsdutils python3 python3-venv e2fsprogs openssl zsh fish valgrind
	-@Tests/Tools/venv .build/python $(PYTHON_PACKAGES)
	$(SWIFT) build --build-tests $(STRICT)
	@# What the build has written shall not be in the way of what daemons sync while somebody waits for them.
	@sync
	@# Computing, then what has processes, sockets and deadlines: together the first would starve the second.
	$(TEST) --filter '$(UNITS)'
	$(TEST) --skip '$(ALONE)|$(UNITS)'
	@# By themselves: shells with a deadline of 250 ms, and faults at every system call, want the cores for themselves.
	$(TEST) --no-parallel --filter '$(ALONE)'
	@Tests/Tools/faults

test-long: client daemon
	@Tests/Tools/need sqlite3 socat strace util-linux bsdutils python3 e2fsprogs openssl zsh fish valgrind chromium gcc libc6-dev
	$(SWIFT) build --build-tests $(LONG)
	SLSTATS_LONG=1 SLSTATS_RELEASE_DAEMON=$(CURDIR)/$(RELEASE_SCRATCH)/release/slstatsd \
		$(TEST) $(LONG) --no-parallel --filter '$(LONG_TESTS)'
	@Tests/Tools/faults

# Coverage in all modules, and libFuzzer without its own main: the driver brings one.
FUZZ_SCRATCH := .build/fuzz
# Beside what the compiler brings for Swift; a command of a version manager lies somewhere else.
SWIFT_RESOURCES = $(shell $(SWIFT) -print-target-info | sed -n 's/.*"runtimeResourcePath": "\(.*\)".*/\1/p')
FUZZER = $(firstword $(wildcard $(SWIFT_RESOURCES)/../clang/*/lib/linux/libclang_rt.fuzzer_no_main-$(shell uname -m).a))
SECONDS ?= 60

fuzz: dependencies
	SLSTATS_FUZZ=1 $(SWIFT) build -c release --product fuzz --scratch-path $(FUZZ_SCRATCH) \
		-Xswiftc -Xfrontend -Xswiftc -sanitize=fuzzer -Xlinker $(FUZZER) -Xlinker -lstdc++
	@Tests/Fuzz/fuzz $(FUZZ_SCRATCH)/release/fuzz $(SECONDS) $(TARGET)

soak: programs
	@Tests/Tools/need python3 gcc libc6-dev
	@Tests/Soak/soak $(PROGRAMS) $(or $(MINUTES),20) $(CURDIR)/.build/soak.html

model: programs
	@Tests/Tools/need python3 python3-venv faketime util-linux
	-@Tests/Tools/venv .build/python $(PYTHON_PACKAGES)
	@Tests/Model/model $(PROGRAMS) --sequences $(or $(SEQUENCES),2000) $(if $(SEED),--seed $(SEED)); \
		status=$$?; [ $$status = 77 ] || exit $$status

# What a sanitizer's own slowness, system calls or memory would change is left out, test by test, with the reason. Leaks are
# what `HeapTests` and `make soak` look for: the leak sanitizer takes globals for leaks whose only pointer Swift has tagged.
SANITIZED_SKIP = $(shell sed -nE 's/^([A-Za-z.\/]+) .*/\1/p' Tests/Tools/not-sanitized | paste -sd '|')

test-sanitized: client
	@Tests/Tools/need sqlite3 socat strace util-linux bsdutils python3 python3-venv e2fsprogs openssl zsh fish valgrind
	-@Tests/Tools/venv .build/python $(PYTHON_PACKAGES)
	@for sanitizer in thread address; do \
		$(SWIFT) build --build-tests --sanitize=$$sanitizer --scratch-path .build/$$sanitizer $(STRICT) && \
		TSAN_OPTIONS=suppressions=$(CURDIR)/Tests/Tools/thread-sanitizer ASAN_OPTIONS=detect_leaks=0 SWIFT_BACKTRACE=enable=no \
		SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=4 \
		$(SWIFT) test --skip-build --sanitize=$$sanitizer --scratch-path .build/$$sanitizer $(STRICT) \
			--skip '$(SANITIZED_SKIP)' || exit 1; done

herd: dependencies
	$(SWIFT) build --build-tests $(LONG)
	@SLSTATS_LONG=1 $(TEST) $(LONG) --filter HerdTests | grep 'daemons,'

# A package of its own: nobody who builds slstats fetches what only this needs.
BENCHMARKS := .build/benchmarks

bench: programs
	@Tests/Tools/need hyperfine gcc bsdutils curl python3 redis-server redis-tools
	$(SWIFT) build -c release --package-path Tests/Benchmarks --scratch-path $(BENCHMARKS) --product Client
	$(SWIFT) build -c release --package-path Tests/Benchmarks --scratch-path $(BENCHMARKS) --product BenchmarkTool
	@echo '| Measure | slstats | instead | ratio | wanted | p99 | CPU seconds a million |'
	@echo '|---|---|---|---|---|---|---|'
	@BENCHMARKS=$(CURDIR)/$(BENCHMARKS)/release Tests/Bench/client $(PROGRAMS)
	@Tests/Bench/daemon $(PROGRAMS)
	@Tests/Bench/delivery $(PROGRAMS)
	@Tests/Bench/spool $(PROGRAMS)
	@echo; echo "$$(nproc) CPUs, none pinned; ours and theirs in turns; medians"

# Everything that install makes, below $(DESTDIR).
MANDIR ?= $(PREFIX)/share/man
DOCDIR ?= $(PREFIX)/share/doc/slstats
BASH_COMPLETION := $(COMPLETIONDIR)/bash-completion/completions
ZSH_COMPLETION := $(COMPLETIONDIR)/zsh/site-functions
FISH_COMPLETION := $(COMPLETIONDIR)/fish/vendor_completions.d
INSTALLED = $(addprefix $(BINDIR)/,slstats slstatsd slstats-collector) \
	$(addprefix $(UNITDIR)/,slstatsd.socket slstatsd.service slstatsd.service.d/no-namespaces.conf) \
	$(MANDIR)/man1/slstats.1 $(addprefix $(MANDIR)/man8/,slstatsd.8 slstats-collector.8) \
	$(addprefix $(DOCDIR)/,$(notdir $(EXAMPLES)) no-namespaces.conf probe-sandbox) \
	$(BASH_COMPLETION)/slstats $(ZSH_COMPLETION)/_slstats $(FISH_COMPLETION)/slstats.fish

EXAMPLES := $(sort $(wildcard systemd/examples/*))

# For make a blank is the end of a path.
NO_BLANKS = @case '$(words $(BINDIR))$(words $(UNITDIR))$(words $(DOCDIR))$(words x$(DESTDIR))' in 1111) ;; \
	*) echo 'PREFIX, DESTDIR and HOME may have no blank in them' >&2; exit 1;; esac

install: programs
	$(NO_BLANKS)
	@# Folders that are not there yet; uninstall takes those away that install has made.
	@for file in $(INSTALLED) $(if $(DESTDIR),,$(UNITDIR)/sockets.target.wants/slstatsd.socket); do folder=$$(dirname "$(DESTDIR)$$file"); \
		while [ ! -d "$$folder" ]; do echo "$$folder"; folder=$$(dirname "$$folder"); done; done | sort -u > $(PROGRAMS)/folders
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(UNITDIR) $(DESTDIR)$(DOCDIR) $(DESTDIR)$(MANDIR)/man1 $(DESTDIR)$(MANDIR)/man8 \
		$(DESTDIR)$(BASH_COMPLETION) $(DESTDIR)$(ZSH_COMPLETION) $(DESTDIR)$(FISH_COMPLETION)
	[ -n '$(DESTDIR)' ] || cat $(PROGRAMS)/folders >> $(DOCDIR)/.folders
	install -m 755 $(PROGRAMS)/slstats $(PROGRAMS)/slstatsd $(PROGRAMS)/slstats-collector $(DESTDIR)$(BINDIR)
	install -m 644 systemd/slstatsd.socket $(DESTDIR)$(UNITDIR)
	sed 's|@BINDIR@|$(BINDIR)|' systemd/slstatsd.service > $(PROGRAMS)/slstatsd.service
	install -m 644 $(PROGRAMS)/slstatsd.service $(DESTDIR)$(UNITDIR)
	install -m 644 $(EXAMPLES) systemd/no-namespaces.conf $(DESTDIR)$(DOCDIR)
	install -m 755 systemd/probe-sandbox $(DESTDIR)$(DOCDIR)
	install -m 644 Documentation/man/slstats.1 $(DESTDIR)$(MANDIR)/man1
	install -m 644 Documentation/man/slstatsd.8 Documentation/man/slstats-collector.8 $(DESTDIR)$(MANDIR)/man8
	$(PROGRAMS)/slstats completions bash > $(DESTDIR)$(BASH_COMPLETION)/slstats
	$(PROGRAMS)/slstats completions zsh > $(DESTDIR)$(ZSH_COMPLETION)/_slstats
	$(PROGRAMS)/slstats completions fish > $(DESTDIR)$(FISH_COMPLETION)/slstats.fish
	@[ -n '$(DESTDIR)' ] || systemd/activate '$(UNITDIR)' '$(DOCDIR)'

uninstall:
	$(NO_BLANKS)
	@[ -n '$(DESTDIR)' ] || systemd/deactivate
	rm -f $(addprefix $(DESTDIR),$(INSTALLED))
	@folders=$(DESTDIR)$(DOCDIR)/.folders; [ ! -e "$$folders" ] || { list=$$(sort -ru "$$folders"); rm "$$folders"; \
		for folder in $$list; do rmdir "$$folder" 2> /dev/null; done; true; }
	@[ -n '$(DESTDIR)' ] || systemctl --user daemon-reload 2> /dev/null || true
	@echo "What was recorded stays in $${XDG_STATE_HOME:-~/.local/state}/slstats, the switch in ~/.serverlessrc, and the"
	@echo "configuration in $${XDG_CONFIG_HOME:-~/.config}/slstats; they are yours to delete."
