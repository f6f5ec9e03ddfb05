import Network
import TestSupport
import Testing

/// Names and shapes of the published models at width 64, from the lists that were read off the authors' network.
@Suite(.enabled(if: Goldens.available, "needs ../shared/spec beside the golden vectors; see Goldens.howToProvide"))
struct SchemaTests {
    @Test(arguments: [Architecture.Encoder.nafnet, .ufpnet], [2, 4, 8])
    func publishedModels(encoder: Architecture.Encoder, subDecoders: Int) throws {
        var expected = try PublishedSizesTests.list(encoder, subDecoders)
        // Unused in inference (specification 12.1), and allowed in a file.
        for buffer in ["mean", "var"] { expected["encoder.flow.base_dist_\(buffer)"] = nil }
        let shapes = Architecture.published(encoder: encoder, subDecoders: subDecoders).tensorShapes
        #expect(Set(shapes.keys).symmetricDifference(expected.keys).isEmpty)
        for (name, shape) in expected { #expect(shapes[name] == shape, "\(name)") }
    }
}
