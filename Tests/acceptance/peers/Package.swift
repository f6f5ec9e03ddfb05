// swift-tools-version: 6.1
// Other HTTP servers that compare_http.py measures ours against. Not part of the main package: nothing of it is shipped.
import PackageDescription

let package = Package(
    name: "peers",
    platforms: [.macOS(.v14)],
    dependencies: [.package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1")],
    targets: [
        .executableTarget(
            name: "hummingbird-peer", dependencies: [.product(name: "Hummingbird", package: "hummingbird")])
    ]
)
