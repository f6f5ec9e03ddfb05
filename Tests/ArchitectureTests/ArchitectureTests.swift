import Foundation
import Testing

/// Imports point downward only, and files stay short.
struct ArchitectureTests {
    @Test func everyTargetHasItsPlace() throws {
        let folders = try FileManager.default.contentsOfDirectory(
            atPath: SourceText.repository.appending(path: "Sources").path
        ).filter { !$0.hasPrefix(".") }
        #expect(Set(folders) == Set(Layers.below.keys))
    }

    @Test func importsPointDownward() throws {
        let files = try SourceText.files(below: "Sources", extensions: ["swift"])
        #expect(files.count > 10)
        for file in files {
            let target = String(file.split(separator: "/")[1])
            for module in SourceText.imports(of: try SourceText.text(of: file)) where module != target {
                #expect(Layers.allows(module, in: target), "\(file): \(target) must not know \(module)")
            }
        }
    }

    @Test func thePackageDeclaresNothingElse() throws {
        let declared = SourceText.dependencies(of: try SourceText.text(of: "Package.swift"))
        #expect(declared["Tiles"]?.contains("Network") == true)
        #expect(declared["Service"]?.contains("Logging") == true)
        for (target, dependencies) in declared where Layers.below[target] != nil {
            for module in dependencies {
                #expect(Layers.allows(module, in: target), "Package.swift: \(target) must not depend on \(module)")
            }
        }
    }

    @Test func noFileExceeds500Lines() throws {
        for folder in ["Sources", "Tests"] {
            for file in try SourceText.files(below: folder, extensions: ["swift", "c", "h"]) {
                let lines = try SourceText.text(of: file).split(separator: "\n", omittingEmptySubsequences: false).count
                #expect(lines <= 501, "\(file) has \(lines - 1) lines")
            }
        }
    }

    // MARK: The rules themselves

    @Test(arguments: [
        ("Network", "HTTP"), ("HTTP", "Images"), ("HTTP", "Tiles"), ("Images", "Network"), ("Checkpoints", "Network"),
        ("Checkpoints", "Kernels"), ("Kernels", "Digests"), ("Tiles", "Service"), ("Tiles", "Images"),
        ("Metrics", "Images"), ("Service", "deblur"), ("Service", "ArgumentParser"), ("HTTP", "Logging"),
        ("Sockets", "HTTP"), ("Network", "Unheard"),
    ])
    func refuses(target: String, module: String) {
        #expect(!Layers.allows(module, in: target))
    }

    @Test func everyFormOfImportIsSeen() {
        let text = """
            import A
            @preconcurrency import B
              private import C
            @_spi(X) public import struct D.E
            // import F
            let important = "import G"
            """
        #expect(SourceText.imports(of: text) == ["A", "B", "C", "D"])
    }
}
