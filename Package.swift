// swift-tools-version: 6.1
// One target per layer; imports point downward only (docs/architecture.md). Each target names every module that it imports and no
// other: .ci/part/imports compares, and knows a few edges that must never be.
import PackageDescription

// Whether another package has fetched this one by its version (docs/library.md). SwiftPM reads the manifest of such a package
// first without a folder, then in its checkouts.
let isDependency = Context.packageDirectory == "/" || Context.packageDirectory.contains("/checkouts/")

let swift: [SwiftSetting] = [.enableUpcomingFeature("ExistentialAny")]
// C kernels are optimised in every configuration, so that tests of a debug build finish; each instruction set is chosen
// at run time through function attributes, never through flags for the whole file. SwiftPM takes no flags of its own choosing
// from a dependency: there the C targets get those of the configuration, -O2 in a release build.
let c: [CSetting] = isDependency ? [] : [.unsafeFlags(["-O3", "-fno-math-errno", "-Wall", "-Wextra"])]

// What `deblur --version` names as the commit: the Makefile says it (SwiftPM's own Context.gitInformation is kept from an
// earlier commit when this file has not changed).
let commit = Context.environment["DEBLUR_COMMIT"].map { $0.filter { $0.isHexDigit || $0 == "+" } } ?? ""
let version: [CSetting] = commit.isEmpty ? [] : [.define("DEBLUR_COMMIT", to: "\"\(commit)\"")]

// What is built from this repository changes by no package's doing; who depends on it chooses newer ones.
func pinned(_ url: String, _ version: Version) -> Package.Dependency {
    isDependency ? .package(url: url, from: version) : .package(url: url, exact: version)
}

let withPostgreSQL = TargetDependencyCondition.when(traits: ["PostgreSQL"])

let package = Package(
    name: "deblur",
    products: [
        .executable(name: "deblur", targets: ["Program"]),
        .library(name: "Deblur", targets: ["Deblur", "Tiles", "Images"]),
    ],
    traits: [
        .trait(name: "PostgreSQL", description: "Jobs in a database (--database). Needs libpq's headers to build, libpq.so.5 to run."),
        .default(enabledTraits: ["PostgreSQL"]),
    ],
    dependencies: [
        pinned("https://github.com/apple/swift-argument-parser", "1.8.2"),
        pinned("https://github.com/apple/swift-log", "1.16.2"),
    ],
    targets: [
        // System libraries
        .systemLibrary(name: "CFFTW", pkgConfig: "fftw3f", providers: [.apt(["libfftw3-dev"])]),
        .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CFreeType", pkgConfig: "freetype2", providers: [.apt(["libfreetype-dev"])]),
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),

        // C shims and kernels
        .target(name: "CSystem", cSettings: c),
        .target(name: "CPostgreSQL", cSettings: c + [.define("POSTGRESQL_WANTED", .when(traits: ["PostgreSQL"]))]),
        .target(name: "CVersion", cSettings: c + version),
        .target(name: "CEvaluation", cSettings: c),
        .target(name: "CKernels", dependencies: ["CFFTW", "COpenBLAS"], cSettings: c),
        .target(
            name: "CImageCodecs", cSettings: c,
            linkerSettings: [.linkedLibrary("jpeg"), .linkedLibrary("png"), .linkedLibrary("z")]),

        // Layers, lowest first
        .target(name: "Files", swiftSettings: swift),
        .target(name: "Digests", dependencies: ["CCrypto", "CZlib"], swiftSettings: swift),
        .target(name: "Kernels", dependencies: ["CKernels"], swiftSettings: swift),
        .target(name: "Checkpoints", dependencies: ["Digests"], swiftSettings: swift),
        .target(name: "Network", dependencies: ["Kernels", "Checkpoints"], swiftSettings: swift),
        .target(name: "Images", dependencies: ["CImageCodecs", "Digests"], swiftSettings: swift),
        .target(name: "Tiles", dependencies: ["Network", "Kernels"], swiftSettings: swift),
        .target(
            name: "Drawing", dependencies: ["CFreeType"], exclude: ["Font/make"],
            resources: [.embedInCode("Font/Roboto.ttf")], swiftSettings: swift),
        .target(
            name: "Deblur",
            dependencies: ["Tiles", "Network", "Kernels", "Checkpoints", "Images", "CVersion"], swiftSettings: swift),
        .target(
            name: "Evaluation",
            dependencies: [
                "CEvaluation", "Drawing", "Files", "Deblur", "Tiles", "Network", "Images", "Kernels",
            ],
            swiftSettings: swift),
        .target(name: "Metrics", swiftSettings: swift),
        .target(name: "PostgreSQL", dependencies: ["CPostgreSQL", "CSystem"], swiftSettings: swift),
        .target(name: "JobDatabase", dependencies: ["PostgreSQL"], swiftSettings: swift),
        .target(name: "Sockets", dependencies: ["CSystem"], swiftSettings: swift),
        .target(name: "HTTP", dependencies: ["Sockets", "Digests"], swiftSettings: swift),
        .target(
            name: "Service",
            dependencies: [
                .target(name: "JobDatabase", condition: withPostgreSQL), .target(name: "PostgreSQL", condition: withPostgreSQL),
                "HTTP", "Sockets", "Deblur", "Tiles", "Network", "Kernels", "Images", "Drawing", "Metrics", "Digests",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: swift),
        .target(
            name: "Commands",
            dependencies: [
                "Deblur", "Evaluation", "Tiles", "Network", "Kernels", "Checkpoints", "Images", "Files", "Digests",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: swift),
        .target(
            name: "ServeCommands",
            dependencies: [
                "Commands", "Service", "HTTP", "Deblur", "Kernels", "Files", .product(name: "Logging", package: "swift-log"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: swift),
        .executableTarget(
            name: "Program",
            dependencies: [
                "Commands", "ServeCommands", "Deblur", "Files",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: swift),

        // Tests mirror the sources
        .target(name: "TestSupport", dependencies: ["Checkpoints"], path: "Tests/TestSupport", swiftSettings: swift),
        .testTarget(name: "FilesTests", dependencies: ["Files"], swiftSettings: swift),
        .testTarget(name: "KernelsTests", dependencies: ["Kernels", "TestSupport"], swiftSettings: swift),
        .testTarget(name: "CheckpointsTests", dependencies: ["Checkpoints", "Digests", "TestSupport"], swiftSettings: swift),
        .testTarget(
            name: "NetworkTests", dependencies: ["Network", "Kernels", "Checkpoints", "Images", "TestSupport"], swiftSettings: swift),
        .testTarget(name: "DrawingTests", dependencies: ["Drawing"], swiftSettings: swift),
        .testTarget(name: "ImagesTests", dependencies: ["Images", "TestSupport"], swiftSettings: swift),
        .testTarget(
            name: "TilesTests", dependencies: ["Tiles", "Deblur", "Network", "Kernels", "Images", "TestSupport"], swiftSettings: swift),
        .testTarget(
            name: "DeblurTests", dependencies: ["Deblur", "Network", "Checkpoints", "TestSupport"], swiftSettings: swift),
        .testTarget(
            name: "EvaluationTests",
            dependencies: ["Evaluation", "Deblur", "Files", "Tiles", "Network", "Kernels", "Checkpoints", "Images", "TestSupport"],
            swiftSettings: swift),
        .target(
            name: "PostgreSQLSupport", dependencies: ["PostgreSQL"], path: "Tests/PostgreSQLSupport", swiftSettings: swift),
        .testTarget(name: "PostgreSQLTests", dependencies: ["PostgreSQL", "PostgreSQLSupport"], swiftSettings: swift),
        .testTarget(
            name: "JobDatabaseTests", dependencies: ["JobDatabase", "PostgreSQL", "PostgreSQLSupport"], swiftSettings: swift),
        .testTarget(name: "MetricsTests", dependencies: ["Metrics"], swiftSettings: swift),
        .testTarget(name: "HTTPTests", dependencies: ["HTTP", "Sockets", "TestSupport"], swiftSettings: swift),
        .testTarget(
            name: "ServiceTests",
            dependencies: [
                "Service", "HTTP", "Deblur", "Digests", "Images", "Metrics", "Kernels", "Network", "Tiles", "TestSupport",
                .target(name: "PostgreSQL", condition: withPostgreSQL),
                .target(name: "PostgreSQLSupport", condition: withPostgreSQL),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: swift),
        .testTarget(
            name: "CommandTests", dependencies: ["Program", "Service", "Deblur", "Images", "TestSupport"], swiftSettings: swift),
        .testTarget(name: "ArchitectureTests", swiftSettings: swift),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .gnu11
)
