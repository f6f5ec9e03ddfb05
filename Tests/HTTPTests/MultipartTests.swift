import HTTP
import Testing

@Suite struct MultipartTests {
    private func form(_ text: String, boundary: String = "b") throws -> ([UInt8], MultipartForm) {
        let body = Array(text.utf8)
        return (body, try MultipartForm(body: body, boundary: boundary))
    }

    @Test func parts() throws {
        let (body, form) = try form(
            "--b\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a \\ \u{E9}%22.jpg\"\r\n"
                + "Content-Type: image/jpeg\r\n\r\n\u{0}\r\n--not\r\n-\r\n--b\r\n"
                + "content-disposition:form-data;name=exit\r\n\r\n3\r\n--b \t\r\n"
                + "Content-Disposition: form-data; name=\"empty\"\r\n\r\n\r\n--b--\r\nepilogue")
        #expect(form.parts.map(\.name) == ["image", "exit", "empty"])
        #expect(form.parts[0].filename == "a \\ \u{E9}\".jpg")
        #expect(form.parts[0].contentType?.essence == "image/jpeg")
        #expect(Array(form.bytes(of: form.parts[0], in: body)) == Array("\u{0}\r\n--not\r\n-".utf8))
        #expect(Array(form.bytes(of: form.parts[1], in: body)) == Array("3".utf8))
        #expect(form.bytes(of: form.parts[2], in: body).isEmpty)
    }

    @Test func noParts() throws {
        #expect(try form("--b--").1.parts.isEmpty)
        #expect(try form("\r\n--b--\r\n").1.parts.isEmpty)
    }

    @Test(arguments: [
        "", "x", "--c\r\n", "--b", "--b\r\n", "--b\r\n\r\nx\r\n--b--", "--bX\r\n",
        "--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--",
        "--b\r\nContent-Disposition: attachment; name=a\r\n\r\nx\r\n--b--",
        "--b\r\nContent-Disposition: form-data; name=\"a\r\n\r\nx\r\n--b--",
        "--b\r\nContent-Disposition: form-data; name=a; name=b\r\n\r\nx\r\n--b--",
        "--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx",
        "--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--",
        "--b\r\nContent-Disposition : form-data; name=a\r\n\r\nx\r\n--b--",
        "--b\r\n Content-Disposition: form-data; name=a\r\n\r\nx\r\n--b--",
        "--b\nContent-Disposition: form-data; name=a\n\nx\n--b--",
    ])
    func broken(_ text: String) {
        #expect(throws: MultipartForm.Failure.self) { try form(text) }
    }

    @Test func bounds() {
        let part = "--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n"
        #expect(throws: MultipartForm.Failure.self) { try form(String(repeating: part, count: 65) + "--b--") }
        let header = "--b\r\nX: \(String(repeating: "y", count: 9000))\r\n\r\nx\r\n--b--"
        #expect(throws: MultipartForm.Failure.self) { try form(header) }
        #expect(throws: MultipartForm.Failure.self) { try form("----", boundary: "") }
    }

    /// Bodies cut at any place, and with any byte changed, are parsed or refused, never more.
    @Test func cutsAndChanges() {
        let text = "--b\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a\"\r\n\r\nx\r\n--b--"
        let whole = Array(text.utf8)
        for count in 0..<(whole.count - 2) {
            #expect(throws: MultipartForm.Failure.self) {
                try MultipartForm(body: Array(whole[..<count]), boundary: "b")
            }
        }
        for index in whole.indices {
            for value in [0, 10, 13, 32, 34, 45, 58, 59, 255] as [UInt8] {
                var changed = whole
                changed[index] = value
                if let form = try? MultipartForm(body: changed, boundary: "b") {
                    #expect(form.parts.allSatisfy { $0.range.upperBound <= changed.count })
                }
            }
        }
    }
}
