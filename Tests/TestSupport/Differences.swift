/// The largest |a − b|; infinity when the lengths differ or a value is not a number.
public func maxAbsoluteDifference(_ a: some Collection<Float>, _ b: some Collection<Float>) -> Float {
    guard a.count == b.count else { return .infinity }
    var largest: Float = 0
    for (x, y) in zip(a, b) {
        let difference = abs(x - y)
        guard !difference.isNaN else { return .infinity }
        largest = max(largest, difference)
    }
    return largest
}

/// The population standard deviation, summed in double precision; 0 of nothing.
public func standardDeviation(_ values: some Collection<Float>) -> Float {
    guard !values.isEmpty else { return 0 }
    let mean = values.reduce(into: 0.0) { $0 += Double($1) } / Double(values.count)
    let squares = values.reduce(into: 0.0) { sum, value in
        let deviation = Double(value) - mean
        sum += deviation * deviation
    }
    return Float((squares / Double(values.count)).squareRoot())
}

/// a − b, element by element; both of one length.
public func difference(_ a: some Collection<Float>, _ b: some Collection<Float>) -> [Float] {
    precondition(a.count == b.count, "\(a.count) values against \(b.count)")
    return zip(a, b).map { $0 - $1 }
}
