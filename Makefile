.PHONY: setup build run test
setup:
	@./.ci/setup
build: setup
	swift build -c release --product deblur
run: build
	.build/release/deblur serve
test: setup
	swift test -c release
