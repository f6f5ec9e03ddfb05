// swift-tools-version: 6.1
import PackageDescription

let package = Package(
    name: "sharpen",
    dependencies: [.package(name: "deblur", path: "../..")],
    targets: [.executableTarget(name: "sharpen", dependencies: [.product(name: "Deblur", package: "deblur")])]
)
