import Foundation
import HTTP
import Service
import TestSupport
import Testing

/// openapi.yaml and the router name the same paths, methods, parameters and codes.
@Suite struct OpenAPITests {
    private func text() throws -> String {
        try String(contentsOf: Goldens.repository.appending(path: "openapi.yaml"), encoding: .utf8)
    }

    @Test func pathsAndMethodsAreTheRouters() throws {
        var documented: Set<String> = []
        var path = ""
        for line in try text().components(separatedBy: "\n").drop(while: { $0 != "paths:" }).dropFirst() {
            if let first = line.first, first != " ", first != "#" { break }
            if let match = line.wholeMatch(of: /\ {2}(\/[^:]*):/) { path = String(match.1) }
            if let match = line.wholeMatch(of: /\ {4}(get|post|put|delete):/) {
                documented.insert("\(match.1.uppercased()) \(path)")
            }
        }
        let rig = try Rig()
        let routed = Set(rig.service.routes.map { "\($0.method) \($0.template)" })
        #expect(documented.subtracting(["GET /openapi.yaml"]) == routed.subtracting(["GET /openapi.yaml"]))
        #expect(documented.contains("GET /openapi.yaml"))
    }

    @Test func parametersAndCodesAreDocumented() throws {
        let text = try text()
        for name in Service.parameterNames { #expect(text.contains("name: \(name)\n"), "\(name)") }
        for code in ProblemCode.allCases { #expect(text.contains("- \(code.rawValue)\n"), "\(code)") }
    }
}
