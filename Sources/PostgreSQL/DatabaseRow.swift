#if PostgreSQL
import CPostgreSQL

/// The rows that a statement gave, as the server sent them.
package struct DatabaseRows: RandomAccessCollection {
    /// Owns the memory.
    final class Storage {
        let pq: postgresql_functions
        let result: OpaquePointer

        init(_ result: OpaquePointer, _ pq: postgresql_functions) { (self.result, self.pq) = (result, pq) }

        deinit { pq.PQclear(result) }
    }

    let storage: Storage
    package let startIndex = 0
    package let endIndex: Int
    /// Rows that a statement without rows inserted, updated or deleted.
    package let changed: Int

    init(_ storage: Storage) {
        self.storage = storage
        endIndex = Int(storage.pq.PQntuples(storage.result))
        changed = storage.pq.PQcmdTuples(storage.result).flatMap { Int(String(cString: $0)) } ?? 0
    }

    package subscript(row: Int) -> DatabaseRow {
        precondition(indices.contains(row), "no such row")
        return DatabaseRow(storage: storage, row: Int32(row))
    }
}

/// One row. Columns are counted from 0; values come in the server's binary formats, so that each has one reading.
package struct DatabaseRow {
    let storage: DatabaseRows.Storage
    let row: Int32

    /// - Returns: nil for NULL.
    private func raw(_ column: Int) throws(DatabaseError) -> UnsafeRawBufferPointer? {
        let (pq, result) = (storage.pq, storage.result)
        guard column < pq.PQnfields(result) else { throw .value("there is no column \(column)") }
        if pq.PQgetisnull(result, row, Int32(column)) != 0 { return nil }
        return UnsafeRawBufferPointer(
            start: pq.PQgetvalue(result, row, Int32(column)), count: Int(pq.PQgetlength(result, row, Int32(column))))
    }

    private func number<T: FixedWidthInteger>(_ bytes: UnsafeRawBufferPointer, _: T.Type) -> T {
        T(bigEndian: bytes.loadUnaligned(as: T.self))
    }

    /// A `smallint`, `integer` or `bigint`.
    package func optionalInteger(_ column: Int) throws(DatabaseError) -> Int? {
        guard let bytes = try raw(column) else { return nil }
        switch bytes.count {
        case 2: return Int(number(bytes, Int16.self))
        case 4: return Int(number(bytes, Int32.self))
        case 8: return Int(number(bytes, Int64.self))
        default: throw .value("column \(column) is no integer")
        }
    }

    /// A `double precision`.
    package func optionalDouble(_ column: Int) throws(DatabaseError) -> Double? {
        guard let bytes = try raw(column) else { return nil }
        guard bytes.count == 8 else { throw .value("column \(column) is no double precision") }
        return Double(bitPattern: number(bytes, UInt64.self))
    }

    /// A `text`, or what has its form (`json`, `varchar`; of `jsonb` say `::text`).
    package func optionalText(_ column: Int) throws(DatabaseError) -> String? {
        try raw(column).map { String(decoding: $0, as: UTF8.self) }
    }

    /// A `bytea`.
    package func optionalBytes(_ column: Int) throws(DatabaseError) -> [UInt8]? { try raw(column).map { Array($0) } }

    package func integer(_ column: Int) throws(DatabaseError) -> Int { try present(optionalInteger(column), column) }
    package func double(_ column: Int) throws(DatabaseError) -> Double { try present(optionalDouble(column), column) }
    package func text(_ column: Int) throws(DatabaseError) -> String { try present(optionalText(column), column) }
    package func bytes(_ column: Int) throws(DatabaseError) -> [UInt8] { try present(optionalBytes(column), column) }

    /// A `boolean`.
    package func boolean(_ column: Int) throws(DatabaseError) -> Bool {
        guard let bytes = try raw(column), bytes.count == 1 else { throw .value("column \(column) is no boolean") }
        return bytes[0] != 0
    }

    private func present<T>(_ value: T?, _ column: Int) throws(DatabaseError) -> T {
        guard let value else { throw .value("column \(column) is null") }
        return value
    }
}
#endif
