import Foundation
import Logging
import Service
import Synchronization
import TestSupport
import Testing

/// The log never holds anybody up, whoever reads it.
@Suite struct LogWriterTests {
    @Test func aPipeThatNobodyReadsHoldsNobodyUp() throws {
        let pipe = Pipe()
        let writer = LogWriter(descriptor: pipe.fileHandleForWriting.fileDescriptor, capacity: 64 << 10)
        let line = String(repeating: "x", count: 99) + "\n"
        let began = ContinuousClock.now
        for _ in 0..<10_000 { writer.write(line) }
        // One that waits for a reader waits for ever.
        #expect(began.duration(to: .now) < .seconds(60))
        // A pipe holds 64 KiB, the buffer as much.
        let dropped = writer.droppedLines
        #expect(dropped > 8000 && dropped < 10_000)
        #expect(!writer.flush(within: 0.05))
        // Somebody reads after all: everything that was kept comes, and how much did not.
        let text = Mutex("")
        let reader = Thread {
            while !text.withLock({ $0.contains("afterwards") }) {
                let some = String(decoding: pipe.fileHandleForReading.availableData, as: UTF8.self)
                text.withLock { $0 += some }
            }
        }
        reader.start()
        #expect(writer.flush(within: 10))
        writer.write("afterwards\n")
        #expect(writer.droppedLines == dropped && writer.flush(within: 10))
        let end = ContinuousClock.now + .seconds(Patience.seconds(10))
        while !text.withLock({ $0.contains("afterwards") }), ContinuousClock.now < end { usleep(2000) }
        let lines = text.withLock { $0 }.split(separator: "\n")
        #expect(lines.count { $0 == line.dropLast() } == 10_000 - dropped)
        let told = lines.compactMap { line in
            line.hasSuffix("lines of the log were dropped: nobody read them in time") ? Int(line.prefix { $0.isNumber }) : nil
        }
        #expect(told.reduce(0, +) == dropped, "\(told)")
    }

    /// By bytes: one grapheme may have any number of them.
    @Test func whatAClientSentIsShortInTheLog() throws {
        let rig = try Rig()
        let long = "a" + String(repeating: "\u{301}", count: 16_000)
        _ = try rig.get("/nothing/" + String(repeating: "x", count: 10_000), headers: ["traceparent: \(long)"])
        #expect(rig.eventuallyLogs { $0.contains("traceparent=") })
        let line = try #require(rig.log.all.first { $0.contains("traceparent=") })
        #expect(line.utf8.count < 4096, "\(line.utf8.count) bytes")
    }
}

extension Rig {
    func eventuallyLogs(_ condition: (String) -> Bool) -> Bool { eventually { log.all.contains(where: condition) } }
}
