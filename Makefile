# make help lists what there is.
.DEFAULT_GOAL := help
.PHONY: help setup build run test bench clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## installs the libraries that are missing (Debian, Ubuntu)
	@./.ci/setup

build: setup ## builds .build/release/deblur
	swift build -c release --product deblur

run: build ## serves on 127.0.0.1:8080 with the default model
	.build/release/deblur serve

test: setup ## builds and passes every test
	swift test -c release --disable-xctest

bench: build ## times the default model and AdaRevD-B on this machine
	.build/release/deblur bench
	.build/release/deblur bench --arch nafnet --width 64 --decoders 4

clean: ## removes what was built
	rm -rf .build
