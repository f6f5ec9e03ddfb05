import Metrics
import Testing

/// The wire text, whole. Format: prometheus.io, "Exposition formats", text-based format 0.0.4.
@Suite struct RegistryTests {
    @Test func countersAndGaugesInOrderOfDeclaration() {
        let registry = Registry()
        let jobs = registry.counter("jobs_total", "Jobs done.")
        let depth = registry.gauge("depth", "How deep.")
        jobs.add()
        jobs.add(2)
        depth.set(1.5)
        depth.add(-2)
        #expect(
            registry.render() == """
                # HELP jobs_total Jobs done.
                # TYPE jobs_total counter
                jobs_total 3
                # HELP depth How deep.
                # TYPE depth gauge
                depth -0.5

                """)
    }

    @Test func labelsAreEscapedAndHelpIsToo() {
        let registry = Registry()
        let seen = registry.counters("seen_total", "Back\\slash, \"quote\"\nand line.", labels: ["what", "code"])
        seen("a\"b\\c\nd", "200").add()
        seen("é", "404").add(2)
        seen("a\"b\\c\nd", "200").add()
        #expect(
            registry.render() == #"""
                # HELP seen_total Back\\slash, "quote"\nand line.
                # TYPE seen_total counter
                seen_total{what="a\"b\\c\nd",code="200"} 2
                seen_total{what="é",code="404"} 2

                """#)
    }

    @Test func histogramBucketsAreCumulativeAndInclusive() {
        let registry = Registry()
        let seconds = registry.histograms("seconds", "Time.", labels: ["stage"], buckets: [0.1, 1, 10])
        for value in [0.05, 0.1, 0.5, 10, 11] { seconds("infer").observe(value) }
        #expect(
            registry.render() == """
                # HELP seconds Time.
                # TYPE seconds histogram
                seconds_bucket{stage="infer",le="0.1"} 2
                seconds_bucket{stage="infer",le="1"} 3
                seconds_bucket{stage="infer",le="10"} 4
                seconds_bucket{stage="infer",le="+Inf"} 5
                seconds_sum{stage="infer"} 21.65
                seconds_count{stage="infer"} 5

                """)
    }

    @Test func numbersAsPrometheusSpellsThem() {
        let registry = Registry()
        registry.sampled("a", "A.") { .infinity }
        registry.sampled("b", "B.") { -.infinity }
        registry.sampled("c", "C.") { .nan }
        registry.sampled("d", "D.") { 1e21 }
        registry.sampled("e", "E.") { nil }
        let lines = registry.render().split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(lines == ["a +Inf", "b -Inf", "c NaN", "d 1e+21"])
    }

    @Test func nothingIsLostBetweenThreads() async {
        let registry = Registry()
        let counts = registry.counters("counts_total", "Counts.", labels: ["who"])
        let times = registry.histogram("times", "Times.", buckets: [1])
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    for _ in 0..<5_000 {
                        counts(String(task % 2)).add()
                        times.observe(0.5)
                    }
                }
            }
        }
        #expect(counts("0").value == 20_000)
        #expect(counts("1").value == 20_000)
        #expect(times.total.count == 40_000)
        #expect(times.total.sum == 20_000)
    }

    @Test func processMetricsAreThereAndPlausible() throws {
        let registry = Registry()
        ProcessMetrics.register(in: registry)
        let values = Dictionary(
            uniqueKeysWithValues: registry.render().split(separator: "\n").filter { !$0.hasPrefix("#") }.map {
                let parts = $0.split(separator: " ")
                return (String(parts[0]), Double(parts[1]) ?? .nan)
            })
        #expect(try #require(values["process_resident_memory_bytes"]) > 1e6)
        #expect(
            try #require(values["process_virtual_memory_bytes"])
                >= #require(values["process_resident_memory_bytes"]))
        #expect(try #require(values["process_open_fds"]) >= 3)
        #expect(try #require(values["process_max_fds"]) >= #require(values["process_open_fds"]))
        #expect(try #require(values["process_start_time_seconds"]) > 1.6e9)
        #expect(try #require(values["process_cpu_seconds_total"]) >= 0)
    }
}
