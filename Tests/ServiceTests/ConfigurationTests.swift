import Deblur
import Foundation
import HTTP
import Service
import TestSupport
import Testing

@Suite struct ConfigurationTests {
    @Test func defaultsOfTheTableAreValid() throws {
        for row in OptionRow.all {
            guard let text = row.fallback else { continue }
            var flags = ["max-body": "1MiB"]
            flags[row.name] = text
            _ = try ServeOptions(flags: flags, environment: [:])
        }
        let options = ServeOptions()
        #expect(options.host == "127.0.0.1" && options.port == 8080)
        #expect(options.maxBodyBytes == 64 << 20 && options.maxPixels == 64_000_000)
        #expect(options.threads >= 1 && options.memoryBudgetBytes > 0)
    }

    @Test func namesAreUniqueAndHaveTwins() {
        #expect(Set(OptionRow.all.map(\.name)).count == OptionRow.all.count)
        #expect(OptionRow.maxBody.environment == "DEBLUR_MAX_BODY")
    }

    @Test func flagBeatsEnvironmentBeatsDefault() throws {
        let environment = ["DEBLUR_PORT": "81", "DEBLUR_QUEUE": "7", "DEBLUR_HOST": ""]
        let options = try ServeOptions(flags: ["port": "82"], environment: environment)
        #expect(options.port == 82 && options.queueTiles == 7 && options.host == "127.0.0.1")
    }

    @Test(arguments: [
        ("port", "65536"), ("port", "-1"), ("port", "8080 "), ("threads", "0"), ("queue", "0"), ("max-body", "1XiB"),
        ("max-body", "0"), ("max-pixels", "-5"), ("idle-timeout", "0"), ("header-timeout", "ten"),
        ("exit-table", "1,,2"), ("trust-proxy", "localhost"), ("trust-proxy", "10.0.0.0/33"), ("cors", "app.example"),
        ("log-format", "xml"),
        ("log-level", "loud"), ("precision", "fp64"), ("unix-socket", String(repeating: "x", count: 108)),
        ("memory-budget", "1MiB"),
    ])
    func badValuesNameTheirSource(name: String, value: String) {
        let variable = "DEBLUR_" + name.uppercased().replacing("-", with: "_")
        do {
            _ = try ServeOptions(flags: [name: value], environment: [:])
            Issue.record("\(name)=\(value) was taken")
        } catch { #expect(error.source == "--\(name)") }
        if name != "memory-budget" {
            do {
                _ = try ServeOptions(flags: [:], environment: [variable: value])
                Issue.record("\(variable)=\(value) was taken")
            } catch { #expect(error.source == variable) }
        }
    }

    @Test func quantities() {
        #expect(Quantity.bytes("32MiB") == 33_554_432)
        #expect(Quantity.bytes("1.5kB") == 1500)
        #expect(Quantity.bytes("7") == 7)
        #expect(Quantity.seconds("2m") == 120)
        #expect(Quantity.seconds("500ms") == 0.5)
        #expect(Quantity.pixels("64MP") == 64_000_000)
        for text in ["", "-1", "1e3", "nan", ".", "1.2.3", "1 MiB", "MiB", "٣", "99999999999GiB"] {
            #expect(Quantity.bytes(text) == nil, "\(text)")
        }
        #expect(Quantity.decimal("0.25") == 0.25)
        #expect(Quantity.decimal("0.25s") == nil)
        #expect(Quantity.whole("٣") == nil && Quantity.whole("+3") == nil)
    }

    @Test func addressRanges() throws {
        #expect(try #require(AddressRange("10.0.0.0/8")).contains("10.255.0.1"))
        #expect(try !#require(AddressRange("10.0.0.0/8")).contains("11.0.0.1"))
        #expect(try #require(AddressRange("192.0.2.128/25")).contains("192.0.2.200"))
        #expect(try !#require(AddressRange("192.0.2.128/25")).contains("192.0.2.1"))
        #expect(try #require(AddressRange("127.0.0.1")).contains("::ffff:127.0.0.1"))
        #expect(try #require(AddressRange("2001:db8::/32")).contains("2001:db8:1::1"))
        #expect(try !#require(AddressRange("::/0")).contains("10.0.0.1"))
        #expect(AddressRange("10.0.0.0/") == nil && AddressRange("") == nil)
    }

    @Test func documentIsWhatTheTableSays() throws {
        let file = Goldens.repository.appending(path: "docs/configuration.md")
        #expect(
            try String(contentsOf: file, encoding: .utf8) == ConfigurationDocument.render(),
            "run: .build/release/deblur configuration > docs/configuration.md")
    }
}
