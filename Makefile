# make help lists what there is.
.DEFAULT_GOAL := help
.PHONY: help setup build run check format test test-page test-photos test-training test-deploy test-acceptance container train-setup train-smoke bench \
	bench-pytorch clean install deb tarball release licences docs

# What `deblur --version` names: the commit, with + when tracked files differ from it.
export DEBLUR_COMMIT ?= $(shell git describe --always --abbrev=7 --exclude '*' --dirty=+ 2>/dev/null)

# A target that imports another one without naming it in Package.swift stops the build.
checked := --explicit-target-dependency-import-check error

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## installs the libraries that are missing (Debian, Ubuntu)
	@./.ci/setup

build: setup ## builds .build/release/deblur
	swift build -c release --product deblur $(checked)

run: build ## serves on 127.0.0.1:8080 with the default model
	.build/release/deblur serve

check: setup ## format, imports, a debug build and the tests of what differs from main (about two minutes)
	.ci/check || [ $$? -eq 77 ]

format: ## lays out the Swift files that differ from main
	.ci/check --format

test: setup ## builds and passes every test, the training code's where its packages can be had
	.ci/part/imports
	swift test -c release --disable-xctest $(checked)
	Training/test || [ $$? -eq 77 ]

test-page: build ## the page in headless Chromium (needs chromium and chromium-driver)
	Tests/page/run

test-photos: build ## files of phones and every kind of JPEG and PNG, against Pillow's pixels (about a minute)
	Tests/photos/run

container: ## builds the image with buildah and tries it (Deploy/container)
	Deploy/container build
	Deploy/container check || [ $$? -eq 77 ]

test-deploy: build ## the proxies' files against the real service (needs Debian's nginx, haproxy, caddy)
	Tests/deploy/run

test-acceptance: build ## the service under load, slow and hostile clients (ACCEPTANCE=short: about two minutes)
	Tests/acceptance/run

train-setup:
	Training/prepare

test-training: train-setup ## the training code's tests
	cd Training && .venv/bin/python -m pytest

train-smoke: train-setup ## a tiny model in about a minute, to .build/smoke.safetensors
	@mkdir -p .build
	Training/smoke.sh .build/smoke.safetensors

bench: build ## times the default model and the published sizes; .build/bench/bench.md and .json
	python3 Tests/benchmarks/run.py

bench-pytorch: build train-setup ## the same weights and tile in PyTorch and in the engine, turn by turn
	Training/.venv/bin/python Tests/benchmarks/against_pytorch.py nafnet --compile
	Training/.venv/bin/python Tests/benchmarks/against_pytorch.py ufpnet
	Training/.venv/bin/python Tests/benchmarks/against_pytorch.py photo

install: ## installs what make build has built: PREFIX=/usr/local DESTDIR= (Deploy/install)
	PREFIX=$(or $(PREFIX),/usr/local) DESTDIR=$(DESTDIR) Deploy/install

deb: setup ## build/deblur_VERSION_ARCH.deb (needs dpkg-dev and debhelper)
	Deploy/package/build deb

tarball: setup ## build/deblur-VERSION-linux-ARCH.tar.gz, with the Swift libraries linked in
	Deploy/package/build tarball

release: setup ## everything that a release consists of, with checksums, in build/release (docs/releasing.md)
	Deploy/package/build release

docs: build ## the documents and DocC's pages as a static site, in build/docs
	docs/site/build

licences: ## every file has a holder and a licence (REUSE)
	.ci/part/licences

clean: ## removes what was built
	rm -rf .build .build-release build
