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

    /// What curl, mail programs and browsers write for the same names.
    @Test(arguments: [
        (#""a\"b.jpg""#, #"a"b.jpg"#), (#""\"\"""#, #""""#), (#""a\\b""#, #"a\b"#), (#""a\\""#, #"a\"#),
        (#""C:\photos\a.jpg""#, #"C:\photos\a.jpg"#), (#""a\""#, #"a\"#), (#""a%22b.jpg""#, #"a"b.jpg"#),
        (#""a;b=c.jpg""#, "a;b=c.jpg"), ("a(1).jpg", "a(1).jpg"), ("DCIM/a b.jpg \t", "DCIM/a b.jpg"), (#""""#, ""),
    ])
    func filenames(written: String, read: String) throws {
        for rest in ["", "; x=y", #"; filename*=UTF-8''a%22b"#] {
            let field = "Content-Disposition: form-data; name=\"image\"; filename=\(written)\(rest)"
            let form = try form("--b\r\n\(field)\r\n\r\nx\r\n--b--").1
            #expect(form.parts.map(\.name) == ["image"] && form.parts[0].filename == read, "\(field)")
        }
    }

    /// RFC 2046 §5.1.1: what comes before the first delimiter is for readers who know no multipart.
    @Test(arguments: [
        "\r\n", "This is a form.\r\n", "\r\n\r\n", "--a\r\n--\r\n", "x--b\r\n", "\n--b\r\nx\r\n", "\u{0}\u{FF}\r\n",
        String(repeating: "\r\n--", count: 100) + "\r\n",
    ])
    func preambles(_ text: String) throws {
        let part = "--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--b--"
        let (body, form) = try form(text + part)
        #expect(form.parts.map(\.name) == ["a"])
        #expect(Array(form.bytes(of: form.parts[0], in: body)) == Array("x".utf8))
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
        "--b\r\nContent-Disposition: form-data; name=\"a\"b\"\r\n\r\nx\r\n--b--",
        "--b\r\nContent-Disposition: form-data; name=a\"b\r\n\r\nx\r\n--b--",
        "preamble--b--", "preamble\r\n--c--\r\n", "preamble\n--b--",
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
