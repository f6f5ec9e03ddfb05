import HTTP
import Images
import Service
import Testing

/// POST /deblur on the wire: answers with an image.
@Suite struct DeblurTests {
    @Test func imageAnswerHasEveryHeaderAndTheRightPixels() throws {
        let rig = try Rig()
        let answer = try rig.post(
            "/deblur?exit=2", Pictures.png(70, 40), headers: ["Content-Type: image/png", "X-Request-Id: my_id-1"])
        #expect(answer.status == 200)
        #expect(answer.headers["Content-Type"] == "image/png")
        #expect(answer.headers["Content-Length"] == String(answer.body.count))
        #expect(answer.headers["Deblur-Tiles"] == "6")
        #expect(answer.headers["Deblur-Exits"] == "2=6")
        #expect(answer.headers["Deblur-Model"] == "fake@0123456789ab")
        #expect(answer.headers["X-Request-Id"] == "my_id-1")
        let timing = try #require(answer.headers["Server-Timing"])
        let stages = timing.split(separator: ", ").map { $0.split(separator: ";dur=") }
        #expect(stages.map(\.first) == ["queue", "decode", "infer", "encode"])
        #expect(stages.allSatisfy { Double($0[1]) ?? -1 >= 0 }, "\(timing)")
        #expect(try #require(answer.headers["ETag"]).wholeMatch(of: /"[0-9a-f]{32}"/) != nil)

        // Sub-decoder 2 of the fake network adds 2/64 ≈ 7.97 levels.
        let (before, after) = (try Pictures.raster(70, 40), try Image.decode(answer.body).raster)
        #expect(after.width == 70 && after.height == 40)
        for y in 0..<40 {
            let expected = before.withRow(y) { $0.map { Int($0) + 8 } }
            #expect(after.withRow(y) { $0.map { Int($0) } } == expected, "row \(y)")
        }
    }

    @Test func equalInputGivesEqualBytesAndTag() throws {
        let one = try Rig(["threads": "1"])
        let two = try Rig(["threads": "3"])
        let photo = try Pictures.jpeg(100, 90)
        let (a, b) = (try one.post("/deblur", photo), try two.post("/deblur", photo))
        #expect(a.status == 200 && a.body == b.body)
        #expect(a.headers["ETag"] == b.headers["ETag"])
        #expect(a.headers["Content-Type"] == "image/jpeg")
        let others = try ["exit=1", "tau=1", "strength=0.5", "format=png", "quality=50", "metadata=strip"].map {
            try one.post("/deblur?\($0)", photo).headers["ETag"]
        }
        #expect(Set(others + [a.headers["ETag"]]).count == 7)
        #expect(try one.post("/deblur", Pictures.jpeg(100, 90, seed: 2)).headers["ETag"] != a.headers["ETag"])
    }

    @Test func knownTagIsNotComputedAgain() throws {
        let rig = try Rig()
        let photo = try Pictures.png(20, 20)
        let tag = try #require(try rig.post("/deblur", photo).headers["ETag"])
        let tiles = try rig.metric("deblur_tiles_total{exit=\"3\"}")
        for match in [tag, "W/\(tag)", "\"x\", \(tag)"] {
            let answer = try rig.post("/deblur", photo, headers: ["If-None-Match: \(match)"])
            #expect(answer.status == 412)
            #expect(answer.code == "precondition_failed")
            #expect(answer.headers["ETag"] == tag)
        }
        #expect(try rig.metric("deblur_tiles_total{exit=\"3\"}") == tiles)
        #expect(try rig.post("/deblur", photo, headers: ["If-None-Match: \"x\""]).status == 200)
    }

    @Test func adaptiveExitsFollowTheClass() throws {
        let rig = try Rig()
        // The first pixel of every tile decides: dark tiles are class 0 and leave after 3, others after 1.
        let answer = try rig.post("/deblur", Pictures.png(32, 32))
        #expect(answer.headers["Deblur-Exits"] == "3=1")
        #expect(try rig.post("/deblur?tau=0.1", Pictures.png(32, 32)).headers["Deblur-Exits"] == "2=1")
    }

    @Test(arguments: [
        ("*/*", "image/jpeg"), ("image/png", "image/png"), ("image/*", "image/jpeg"), ("image/jpg", "image/jpeg"),
        ("image/jpg;q=0, image/x-png", "image/png"),
        ("image/webp, image/png;q=0.8, image/jpeg;q=0.2", "image/png"),
    ])
    func formatFollowsAccept(accept: String, type: String) throws {
        let rig = try Rig()
        let answer = try rig.post("/deblur", Pictures.jpeg(16, 16), headers: ["Accept: \(accept)"])
        #expect(answer.headers["Content-Type"] == type)
        #expect(answer.headers["Vary"] == "Accept")
    }

    @Test func formatParameterBeatsAccept() throws {
        let rig = try Rig()
        let answer = try rig.post(
            "/deblur?format=jpeg", Pictures.png(16, 16), headers: ["Accept: image/png"])
        #expect(answer.headers["Content-Type"] == "image/jpeg")
        #expect(answer.headers["Vary"] == nil)
    }

    @Test func bytesDecideWhereTheTypeSaysNothing() throws {
        let rig = try Rig()
        for type in ["application/octet-stream", "application/x-www-form-urlencoded", "image/*", "image/png"] {
            let answer = try rig.post("/deblur", Pictures.jpeg(16, 16), headers: ["Content-Type: \(type)"])
            #expect(answer.headers["Content-Type"] == "image/jpeg", "\(type)")
        }
    }

    @Test func grayAlphaAndOneConnection() throws {
        let rig = try Rig()
        let client = try rig.client()
        for channels in [1, 3, 1] {
            client.post("/deblur", try Pictures.png(33, 17, channels: channels))
            let answer = try client.answer()
            #expect(answer.status == 200)
            #expect(try Image.decode(answer.body).raster.channels == channels)
        }
    }

    @Test func formWithParameters() throws {
        let rig = try Rig()
        let png = try Pictures.png(40, 40)
        let parts = [
            "--x", "Content-Disposition: form-data; name=\"exit\"", "", "1",
            "--x", "Content-Disposition: form-data; name=\"image\"; filename=\"a.png\"",
            "Content-Type: image/png", "", "",
        ]
        let body =
            Array(parts.joined(separator: "\r\n").utf8) + png
            + Array("\r\n--x--\r\n".utf8)
        let type = "Content-Type: multipart/form-data; boundary=x"
        let answer = try rig.post("/deblur", body, headers: [type])
        #expect(answer.status == 200)
        #expect(answer.headers["Deblur-Exits"] == "1=4")
        #expect(answer.body == (try rig.post("/deblur?exit=1", png)).body)
        let twice = try rig.post("/deblur?exit=1", body, headers: [type])
        #expect(twice.status == 400 && twice.code == "bad_parameter" && twice.detail.contains("exit"))
        let nothing = try rig.post("/deblur", Array("--x--\r\n".utf8), headers: [type])
        #expect(nothing.status == 400 && nothing.code == "bad_request")
    }

    @Test func dryRunTellsClassesAndWritesNothing() throws {
        let rig = try Rig()
        _ = try rig.post("/deblur", Pictures.png(70, 40))
        let answer = try rig.post("/deblur?dry_run=1", Pictures.png(70, 40), headers: ["Accept: application/json"])
        #expect(answer.status == 200)
        #expect(answer.headers["Content-Type"] == "application/json")
        let map = try #require(answer.json["blur_map"] as? [[Int]])
        #expect(map.count == 2 && map.allSatisfy { $0.count == 3 })
        #expect((answer.json["tiles"] as? [[String: Any]])?.count == 6)
        #expect((answer.json["exits"] as? [String: Int])?.values.reduce(0, +) == 6)
        #expect((answer.json["estimated_seconds"] as? Double ?? -1) > 0)
        #expect(answer.json["width"] as? Int == 70)
    }

    @Test func deadlineGivesShallowExitsAndNoTag() throws {
        let rig = try Rig()
        let answer = try rig.post("/deblur?exit=3&deadline=0.000001", Pictures.png(70, 40))
        #expect(answer.status == 200)
        #expect(answer.headers["Deblur-Exits"] == "0=6")
        #expect(answer.headers["Deblur-Deadline"] == "shallower=0, untouched=6")
        #expect(answer.headers["ETag"] == nil)
        // Left as they came: the very pixels.
        let (before, after) = (try Pictures.raster(70, 40), try Image.decode(answer.body).raster)
        for y in 0..<40 { #expect(before.withRow(y) { Array($0) } == after.withRow(y) { Array($0) }) }
    }

    /// Before anything was measured the first tiles go no deeper than one sub-decoder: that tells on those that would.
    @Test func deadlineCountsTilesThatWouldHaveGoneDeeper() throws {
        for (query, exits, told) in [
            ("exit=3&", "1=1", "shallower=1, untouched=0"), ("exit=1&", "1=1", nil), ("", "1=1", "shallower=1, untouched=0"),
        ] as [(String, String, String?)] {
            let rig = try Rig()
            let answer = try rig.post("/deblur?\(query)deadline=1000", Pictures.png(32, 32))
            #expect(answer.headers["Deblur-Exits"] == exits)
            #expect(answer.headers["Deblur-Deadline"] == told, "\(query)")
        }
        let rig = try Rig()
        _ = try rig.post("/deblur", Pictures.png(32, 32))
        let answer = try rig.post("/deblur?exit=3&deadline=1000", Pictures.png(32, 32))
        #expect(answer.headers["Deblur-Exits"] == "3=1" && answer.headers["Deblur-Deadline"] == nil)
    }

    @Test func strengthZeroGivesTheInput() throws {
        let rig = try Rig()
        let answer = try rig.post("/deblur?strength=0", Pictures.png(50, 50))
        let (before, after) = (try Pictures.raster(50, 50), try Image.decode(answer.body).raster)
        for y in 0..<50 { #expect(before.withRow(y) { Array($0) } == after.withRow(y) { Array($0) }) }
    }
}
