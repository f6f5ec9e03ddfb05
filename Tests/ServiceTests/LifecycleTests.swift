import Deblur
import Foundation
import HTTP
import Service
import Testing

/// Loading, readiness, going down; and what the operator sees.
@Suite struct LifecycleTests {
    @Test func healthIsThereBeforeTheModel() throws {
        let rig = try Rig(isLoaded: false)
        #expect(try rig.get("/healthz").status == 200)
        for answer in [try rig.get("/readyz"), try rig.post("/deblur", Pictures.png(8, 8)), try rig.get("/model")] {
            #expect(answer.status == 503 && answer.code == "loading")
            #expect(answer.headers["Retry-After"] != nil)
        }
        rig.service.use(try rig.network.model())
        #expect(try rig.get("/readyz").status == 200)
        #expect(try rig.get("/model").json["sub_decoders"] as? Int == 3)
    }

    @Test func modelThatFailsItsTestIsNotServed() throws {
        let rig = try Rig(network: FakeNetwork(isBroken: true))
        let ready = try rig.get("/readyz")
        #expect(ready.status == 503 && ready.detail.contains("not finite"))
        #expect(try rig.post("/deblur", Pictures.png(8, 8)).status == 503)
        #expect(try rig.get("/healthz").status == 200)
    }

    @Test func drainFinishesWhatRunsAndTakesNothingNew() async throws {
        let gate = Gate(isOpen: true)
        let rig = try Rig(network: FakeNetwork(gate: gate))
        gate.close()
        let (running, png) = (try rig.client(), try Pictures.png(70, 70))
        running.post("/deblur", png)
        #expect(gate.waitForSomebody())
        let ended = Flag()
        rig.service.drain { ended.set() }
        // New connections are still taken, so that whoever asks is told.
        let (ready, late) = (try rig.client(), try rig.client())
        ready.get("/readyz")
        late.post("/deblur", png)
        let (notReady, refused) = (try ready.answer(), try late.answer())
        #expect(notReady.status == 503 && notReady.code == "draining")
        #expect(refused.status == 503 && refused.code == "draining" && refused.headers["Retry-After"] != nil)
        #expect(refused.headers["Connection"]?.lowercased() == "close")
        #expect(!ended.isSet)
        gate.open()
        #expect(try running.answer().status == 200)
        #expect(rig.eventually { ended.isSet })
    }

    @Test func drainCutsWhatTakesTooLong() throws {
        let gate = Gate(isOpen: true)
        let rig = try Rig(["drain": "200ms"], network: FakeNetwork(gate: gate))
        gate.close()
        let running = try rig.client()
        running.post("/deblur", try Pictures.png(70, 70))
        #expect(gate.waitForSomebody())
        let ended = Flag()
        rig.service.drain { ended.set() }
        #expect(throws: (any Error).self) { try running.answer() }
        gate.open()
        #expect(rig.eventually { ended.isSet })
    }

    @Test func metricsOfTheContractAreThere() throws {
        let rig = try Rig()
        _ = try rig.post("/deblur", Pictures.png(70, 40))
        _ = try rig.post("/deblur?exit=9", Pictures.png(70, 40))
        let refused = "deblur_http_requests_total{route=\"/deblur\",method=\"POST\",code=\"400\"}"
        #expect(try rig.eventually { try rig.metric(refused) == 1 })
        let text = try rig.get("/metrics").text
        let names = [
            "deblur_http_requests_total", "deblur_http_request_seconds", "deblur_rejected_total",
            "deblur_cancelled_total", "deblur_queue_images", "deblur_queue_tiles", "deblur_queue_wait_seconds",
            "deblur_stage_seconds", "deblur_tiles_total", "deblur_tile_seconds", "deblur_tile_anomalies_total",
            "deblur_memory_budget_bytes", "deblur_memory_reserved_bytes", "deblur_workers", "deblur_workers_busy",
            "deblur_build_info", "process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds",
        ]
        for name in names { #expect(text.contains("# TYPE \(name) "), "\(name)") }
        #expect(text.contains("deblur_http_requests_total{route=\"/deblur\",method=\"POST\",code=\"200\"} 1\n"))
        #expect(text.contains("deblur_tiles_total{exit=\"1\"}") && text.contains("deblur_tiles_total{exit=\"0\"} 0\n"))
        let build = "version=\"\(Version.current)\",model=\"fake@0123456789ab\",precision=\"fp32\",kernels=\"fake\""
        #expect(text.contains("deblur_build_info{\(build)} 1\n"))
        for stage in ["decode", "encode", "encoder", "sub_decoder", "head", "read", "blend"] {
            #expect(text.contains("deblur_stage_seconds_count{stage=\"\(stage)\"}"), "\(stage)")
        }
        #expect(try rig.get("/metrics").headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8")
    }

    @Test func logLinesHoldNoControlCharactersOfClients() throws {
        let rig = try Rig(["log-format": "json", "trust-proxy": "127.0.0.0/8"])
        let client = try rig.client()
        let hostile = [
            "GET /%0a%1b%5b31m HTTP/1.1", "Host: a", "X-Forwarded-For: 203.0.113.9",
            "Traceparent: \u{9b}31m\u{202e}x",
        ]
        client.send(hostile.joined(separator: "\r\n") + "\r\n\r\n")
        _ = try client.answer()
        let isLogged = rig.eventually {
            rig.log.all.contains { $0.contains("203.0.113.9") && $0.contains("traceparent") }
        }
        #expect(isLogged, "\(rig.log.all)")
        for line in rig.log.all {
            let isClean = line.unicodeScalars.dropLast().allSatisfy {
                $0.properties.generalCategory != .control && $0 != "\u{202e}"
            }
            #expect(isClean, "\(line.debugDescription)")
            #expect(try JSONSerialization.jsonObject(with: Data(line.utf8)) is [String: String])
        }
    }
}
