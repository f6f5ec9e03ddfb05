/// Bytes as UTF-8, as far as they are: whole scalars with their bytes, and runs of bytes that are none, in order.
func forEachUTF8Part(of bytes: [UInt8], _ body: (_ scalar: Unicode.Scalar?, _ bytes: ArraySlice<UInt8>) -> Void) {
    var parser = Unicode.UTF8.ForwardParser()
    var iterator = bytes.makeIterator()
    var consumed = 0
    while true {
        switch parser.parseScalar(from: &iterator) {
        case .valid(let encoded):
            body(Unicode.UTF8.decode(encoded), bytes[consumed..<consumed + encoded.count])
            consumed += encoded.count
        case .error(let length):
            body(nil, bytes[consumed..<consumed + length])
            consumed += length
        case .emptyInput: return
        }
    }
}
