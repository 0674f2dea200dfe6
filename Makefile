# kbootstrap: make a Kubernetes cluster out of bare Linux hosts.
#
#   make demo    a real three-host cluster on this machine, from nothing
#   make test    all tests: check, the laws, and real clusters in the lab (root, Linux)
#   make test-hosts  more of real hosts, for the night
#   make test-upgrade  upgrades while clients ask, in runs that are killed
#   make test-keep   backups and restores, and keys that have ended or are replaced, in the lab
#   make test-systems  a cluster on each system that the lab has, and a table
#   make test-vm power cuts and reboots of a machine with a kernel and a disk of its own
#   make check   the fast ones: build, vet, lint, unit tests with the race detector
#   make bench   how long things take, as a table and as JSON
#   make bench-scale  what grows with the number of hosts, on light hosts: table, JSON and plot
#   make release the files of a release: VERSION=v1.2.3 KEY=~/.ssh/id_ed25519 URL=https://…
#   make versions which pinned versions are older than they have to be
#   make site    the documents as a site, in dist/site
#   make measure how the sources are built: sizes, and what a change touches

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build

export CGO_ENABLED ?= 0
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/kbootstrap
LINTER := $(CACHE)/tools/golangci-lint-$(shell sha256sum workshop/tools/go.mod | cut -c1-12)
DEMO := $(or $(DEMO_DIR),$(CACHE)/demo)
RECORDING := $(CACHE)/recording
KUBERNETES ?= v1.36.3
# What the lab and the tests of remote need of Debian, by a program that each package brings.
PACKAGES := mmdebstrap:mmdebstrap systemd-nspawn:systemd-container ip:iproute2 nsenter:util-linux sshd:openssh-server \
	ssh:openssh-client gcc:build-essential pkg-config:pkg-config dpkg-deb:dpkg iptables:iptables curl:curl

.PHONY: build mutate test-crash test-hosts test-keep test-upgrade test-systems test-vm check lint unit crash-matrix fuzz test e2e demo demo-down recording bench bench-scale measure versions release test-release packages artifacts site clean

# bin/kbootstrap is the product, bin/kblab the workshop's lab.
build: bin/kbootstrap bin/kblab

.PHONY: bin/kbootstrap bin/kblab
bin/kbootstrap bin/kblab:
	go build -trimpath -buildvcs=false -ldflags '-s -w -X main.version=$(VERSION)' -o $@ ./cmd/$(@F)

# packages installs what is missing, and says so. A library has no program to look for.
packages:
	@missing=(); \
	for pair in $(PACKAGES); do \
		program=$${pair%%:*}; \
		PATH=$$PATH:/usr/sbin:/sbin command -v "$$program" >/dev/null || missing+=("$${pair##*:}"); \
	done; \
	[ -e /usr/include/seccomp.h ] || missing+=(libseccomp-dev); \
	if [ $${#missing[@]} -gt 0 ]; then \
		echo "installing: $${missing[*]}"; \
		[ "$$(id -u)" = 0 ] || { echo "run as root: apt-get install --yes $${missing[*]}" >&2; exit 1; }; \
		apt-get update -qq; \
		DEBIAN_FRONTEND=noninteractive apt-get install --yes -qq --no-install-recommends "$${missing[@]}" >/dev/null; \
	fi; \
	apt-cache show docker.io busybox-static >/dev/null 2>&1 || apt-get update -qq # the lab unpacks these

# mutate tests the tests: it takes out one safety measure at a time, and each must be noticed.
mutate:
	go run ./workshop/mutate

# FROM=http://… is the mirror of another machine, which has fetched or built them already.
SERVED := $(if $(FROM),--from $(FROM))
# The tests run every add-on, and a demo those that are on by default.
artifacts: packages build
	bin/kblab artifacts --kubernetes $(KUBERNETES) $(ADDONS) $(or $(FROM_SOURCE),$(SERVED)) $(OLDER_ETCD)
	@for version in $(OLDER); do bin/kblab artifacts --kubernetes $$version $(ADDONS) $(SERVED); done
test e2e test-hosts test-keep test-upgrade test-systems: ADDONS := --add-ons
# What an upgrade begins with. All lie in one mirror: its lock keeps what it had before. Nothing else compiles the two versions
# that the whole chain of test-upgrade begins with.
test e2e test-upgrade: OLDER := v1.35.4
test-upgrade: OLDER_ETCD := --older-etcd
test-upgrade: OLDER += $(filter v1.33.13 v1.34.4,$(START)) $(if $(filter v1.33.13,$(START)),v1.34.4)
# The benchmark compares with kubeadm, which clusters do not have.
bench: FROM_SOURCE := --from-source

check: build lint unit

lint: $(LINTER)
	go vet ./...
	@# A control machine may be a Mac or have Windows; go vet compiles the tests of what differs, too.
	GOOS=darwin GOARCH=arm64 go build -o /dev/null ./cmd/kbootstrap
	GOOS=windows go build -o /dev/null ./cmd/kbootstrap
	GOOS=darwin go vet $(ELSEWHERE)
	GOOS=windows go vet $(ELSEWHERE)
	$(LINTER) run ./...
	cd workshop/tools/actions && go tool actionlint $(CURDIR)/.github/workflows/*.yaml

# The rooms that differ on control machines without Linux, whose tests compile there.
ELSEWHERE := ./internal/posix ./internal/private ./internal/atomic ./fault ./remote/sshconfig ./remote/hostkey ./remote/agentsocket ./cmd/internal/cli

# The linter is built once from its own module, so that it adds nothing to the product's.
$(LINTER):
	@echo "building the linter (some minutes, once)"
	@mkdir -p $(@D)
	cd workshop/tools && go build -o $@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint

unit: packages
	CGO_ENABLED=1 go test -race -timeout 30m ./...

# crash-matrix breaks changes of hosts at every step in every way; the unit tests do a part of that.
crash-matrix:
	go test -timeout 30m -run "^TestCrash" ./resource -crash-one-of 1

# Only these need Vagrant, which brings Ruby, a browser, and what builds the site.
test e2e: PACKAGES += vagrant:vagrant chromium:chromium npm:npm

test: check crash-matrix fuzz e2e

# fuzz runs each fuzz target for so many executions; FUZZ=10m runs each for ten minutes. What it finds is written to
# testdata/fuzz of its room, and is part of the unit tests from then on.
FUZZ ?= 1000x
fuzz:
	@grep -rlE '^func Fuzz' --include='*_test.go' . | sort | while read -r file; do \
		grep -oE '^func Fuzz[A-Za-z0-9]+' "$$file" | cut -c6- | while read -r target; do \
			echo "fuzz $$(dirname "$$file") $$target $(FUZZ)"; \
			said=$$(go test "$$(dirname "$$file")" -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZ) -timeout 60m </dev/null 2>&1) || \
				{ echo "$$said"; exit 1; }; \
		done; \
	done

# Two clusters at a time, where a test says that it mostly waits.
e2e: artifacts
	go test -tags e2e -parallel 2 -count 1 -timeout 60m -v ./workshop/e2e/... ./workshop/lab ./workshop/site

# test-hosts tries hosts that their owners had things on, sick hosts and wrong inventories. RUN=OwnersData tries one kind.
test-hosts: artifacts
	go test -tags e2e,hosts -count 1 -timeout 90m -v -run '^TestHosts$(RUN)' ./workshop/e2e

# test-keep makes backups and restores them, onto hosts whose etcd has lost its data and onto others; has all certificates of
# clusters end, and replaces their keys. RUN=Keys tries one kind.
test-keep: artifacts
	go test -tags e2e,hosts,keep -count 1 -timeout 120m -v -run '^TestKeep$(RUN)' ./workshop/e2e

# test-upgrade brings a cluster from one minor version to the next while clients ask, and kills the runs at random: SEED repeats a
# run, CUTS and START=v1.33.13 make it longer.
test-upgrade: artifacts
	go test -tags e2e,upgrade -count 1 -timeout 60m -v -run '^TestUpgrade' ./workshop/e2e $(if $(SEED),-upgrade-seed $(SEED)) $(if $(CUTS),-upgrade-cuts $(CUTS)) $(if $(START),-upgrade-start $(START))

# test-systems makes a cluster on each system that the lab has, and prints how long its steps took. It speaks to a node that
# was built for arm64, which an emulator runs.
test-systems: PACKAGES += qemu-aarch64-static:qemu-user-static
test-systems: artifacts
	go test -tags e2e,systems -count 1 -timeout 20m -v -run '^TestArm64$$' ./node
	go test -tags e2e,systems -count 1 -timeout 90m -v -run '^Test(EverySystem|Systems)$$' ./workshop/e2e

# test-vm takes the power of a virtual machine away in the middle of runs: SEED repeats a run, CUTS makes it longer. It makes a whole
# cluster on the kernel that the lab builds, which is built here, once: a lab may be empty.
test-vm: PACKAGES += mke2fs:e2fsprogs strip:binutils flex:flex bison:bison bc:bc xz:xz-utils
test-vm: artifacts
	bin/kblab up --dir $(CACHE)/kernel --control-planes 0 --workers 0 --vm --kernel own
	bin/kblab down --dir $(CACHE)/kernel
	go test -tags e2e,vm -count 1 -timeout 120m -v -run '^TestVM' ./workshop/e2e $(if $(SEED),-cut-seed $(SEED)) $(if $(CUTS),-cuts $(CUTS))

# test-crash breaks real runs on a real host at random steps: SEED repeats a run, SAMPLES makes it longer.
test-crash: artifacts
	go build -trimpath -buildvcs=false -tags crash -ldflags '-s -w -X main.version=$(VERSION)-crash' -o bin/kbootstrap-crash ./cmd/kbootstrap
	go test -tags e2e,crash -count 1 -timeout 60m -v -run '^TestCrash' ./workshop/e2e $(if $(SEED),-seed $(SEED)) $(if $(SAMPLES),-samples $(SAMPLES))

demo: artifacts
	@echo "== three hosts, shaped like Vagrant's"
	bin/kblab up --dir $(DEMO) --control-planes 1 --workers 2 --kubernetes $(KUBERNETES) --name demo
	@echo "== the cluster"
	bin/kbootstrap up -i $(DEMO)/hosts.yaml
	@workshop/lab/demo.sh $(DEMO)

demo-down: build
	bin/kblab down --dir $(DEMO)

# recording makes the picture in the README anew, from a real run.
recording: artifacts
	bin/kblab up --dir $(RECORDING) --control-planes 1 --workers 2 --kubernetes $(KUBERNETES) --name demo
	PATH=$(CURDIR)/bin:$$PATH go run ./workshop/recording -o docs/up.svg -C $(RECORDING) -- kbootstrap up
	bin/kblab down --dir $(RECORDING)

bench: artifacts
	go run -trimpath ./workshop/bench

# bench-scale needs none of the lab's components. SCALE="-hosts 20 -rtt 0" measures less; Ansible is measured where it is installed.
bench-scale: packages
	go build -trimpath -buildvcs=false -tags light -ldflags '-s -w -X main.version=$(VERSION)-light' -o bin/kbootstrap-light ./cmd/kbootstrap
	go run -trimpath ./workshop/bench scale $(SCALE)

# site builds the documents as a site. Its generator is a module of its own, as the linter is; a link that leads nowhere is an
# error. SITE_BASE is the path below which the site will be served.
site: workshop/tools/site/node_modules/.package-lock.json
	cd workshop/tools/site && npx vitepress build . $(if $(SITE_BASE),--base $(SITE_BASE))

workshop/tools/site/node_modules/.package-lock.json: workshop/tools/site/package-lock.json
	@command -v npm >/dev/null || { echo "the site needs Node.js 18 or later: apt-get install --yes nodejs npm" >&2; exit 1; }
	cd workshop/tools/site && npm ci --no-audit --no-fund

# measure prints the table of docs/design.md; MEASURE=-v names what was counted.
measure:
	@go run ./workshop/measure $(MEASURE)

# release makes archives, packages, sums and an installer below dist: of the commit's tag, or of VERSION=v1.2.3. KEY signs
# the sums, URL is where the files will lie, FOR=linux/amd64 makes less.
release:
	go run ./workshop/packaging $(if $(filter command line environment,$(origin VERSION)),-version $(VERSION)) \
		$(if $(KEY),-key $(KEY)) $(if $(URL),-url $(URL)) $(if $(FOR),-for $(FOR))

# test-release makes a release twice, and installs, uses and removes it in root file systems of their own.
test-release: PACKAGES := mmdebstrap:mmdebstrap ssh-keygen:openssh-client curl:curl
test-release: packages
	go test -tags packaging -count 1 -timeout 60m -v ./workshop/packaging

# versions prints which versions of components are older than they have to be; VERSIONS=-offline asks no server.
versions:
	@go run ./workshop/versions $(VERSIONS)

clean:
	rm -rf bin
