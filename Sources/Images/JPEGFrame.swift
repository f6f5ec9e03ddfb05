/// A frame header, SOFn (ITU-T T.81, B.2.2).
struct JPEGFrame {
    struct Component {
        var horizontal: Int
        var vertical: Int
        var table: Int
    }

    let width: Int
    let height: Int
    let isProgressive: Bool
    let isArithmetic: Bool
    let components: [Component]
    /// Their identifiers, by which scans name them.
    let names: [UInt8]

    init(_ bytes: RawSpan, _ payload: Range<Int>, marker: UInt8) throws(ImageError) {
        switch marker {
        case 0xC0, 0xC1, 0xC2, 0xC9, 0xCA: break
        case 0xC3, 0xCB: throw .unsupportedFeature("lossless JPEG")
        default: throw .unsupportedFeature("hierarchical JPEG")
        }
        isProgressive = marker == 0xC2 || marker == 0xCA
        isArithmetic = marker >= 0xC9
        let start = payload.lowerBound
        guard payload.count >= 6, let precision = bytes.byte(at: start), let height = bytes.big16(at: start + 1),
            let width = bytes.big16(at: start + 3), let count = bytes.byte(at: start + 5)
        else { throw .corrupt(reason: "frame header too short") }
        guard precision == 8 else {
            if precision == 12 { throw .unsupportedFeature("12-bit JPEG") }
            throw .corrupt(reason: "sample precision")
        }
        guard width > 0 else { throw .corrupt(reason: "no columns") }
        guard height > 0 else { throw .unsupportedFeature("JPEG with its height after the scan (DNL)") }
        guard [1, 3, 4].contains(count) else { throw .unsupportedFeature("JPEG with \(count) components") }
        guard payload.count == 6 + 3 * Int(count) else { throw .corrupt(reason: "frame header's length") }
        var components: [Component] = []
        var names: [UInt8] = []
        for index in 0..<Int(count) {
            let at = start + 6 + 3 * index
            guard let name = bytes.byte(at: at), let factors = bytes.byte(at: at + 1),
                let table = bytes.byte(at: at + 2)
            else { throw .truncated }
            let component = Component(
                horizontal: Int(factors >> 4), vertical: Int(factors & 15), table: Int(table))
            guard (1...4).contains(component.horizontal), (1...4).contains(component.vertical) else {
                throw .corrupt(reason: "sampling factors")
            }
            components.append(component)
            names.append(name)
        }
        self.width = width
        self.height = height
        self.components = components
        self.names = names
    }

    /// - Parameter isOneScan: the first scan holds all components and there is no other.
    func header(isOneScan: Bool, _ tables: JPEGQuantisation) -> ImageHeader {
        let traits = JPEGTraits(
            subsampling: subsampling, quality: tables.quality(ofLuma: components[0].table),
            isProgressive: isProgressive, isArithmetic: isArithmetic,
            coefficientBytes: isOneScan ? 0 : coefficientBytes)
        return ImageHeader(
            format: .jpeg, storedWidth: width, storedHeight: height, bitDepth: 8,
            colour: components.count == 1 ? .gray : components.count == 3 ? .rgb : .cmyk, hasAlpha: false,
            isInterlaced: isProgressive, orientation: .upright, jpeg: traits)
    }

    private var isRGB: Bool { names == [0x52, 0x47, 0x42] }

    private var subsampling: JPEGTraits.Subsampling {
        guard components.count == 3, !isRGB else { return .none }
        let (luma, blue, red) = (components[0], components[1], components[2])
        guard blue.horizontal == red.horizontal, blue.vertical == red.vertical,
            luma.horizontal % blue.horizontal == 0, luma.vertical % blue.vertical == 0
        else { return .none }
        let factors = JPEGTraits.Subsampling(
            horizontal: luma.horizontal / blue.horizontal, vertical: luma.vertical / blue.vertical)
        // At most ten blocks in a unit of an interleaved scan (T.81, B.2.3).
        return factors.horizontal * factors.vertical + 2 <= 10 ? factors : .none
    }

    /// Two bytes for each coefficient, in whole units of all components.
    private var coefficientBytes: Int {
        let widest = components.map(\.horizontal).max() ?? 1
        let tallest = components.map(\.vertical).max() ?? 1
        let units = ((width + 8 * widest - 1) / (8 * widest)) * ((height + 8 * tallest - 1) / (8 * tallest))
        return components.reduce(0) { $0 + units * $1.horizontal * $1.vertical * 64 * 2 }
    }
}
