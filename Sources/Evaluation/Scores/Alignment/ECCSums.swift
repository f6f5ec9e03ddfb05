/// What one step of the enhanced correlation coefficient needs, summed over the pixels of the template.
///
/// With J = ∂picture/∂parameters (one row per pixel), i = the warped picture and t = the template, both without their
/// means over the pixels inside, a step is Δp = (JᵀJ)⁻¹ Jᵀ(λt − i) with
/// λ = (i·i − iᵀP i) / (i·t − tᵀP i), P = J (JᵀJ)⁻¹ Jᵀ (the paper's eq. 20 and 22).
struct ECCSums {
    private var count = 0.0
    private var picture = 0.0
    private var template = 0.0
    private var pictureSquared = 0.0
    private var product = 0.0
    /// Jᵀ i, Jᵀ t and Jᵀ 1 over the pixels inside, means not yet taken off.
    private var gradientPicture = SIMD8<Double>()
    private var gradientTemplate = SIMD8<Double>()
    private var gradient = SIMD8<Double>()
    /// Rows of Jᵀ J.
    private var h0 = SIMD8<Double>()
    private var h1 = SIMD8<Double>()
    private var h2 = SIMD8<Double>()
    private var h3 = SIMD8<Double>()
    private var h4 = SIMD8<Double>()
    private var h5 = SIMD8<Double>()
    private var h6 = SIMD8<Double>()
    private var h7 = SIMD8<Double>()

    /// One pixel.
    ///
    /// - Parameters:
    ///   - x: column in the template; `y`: row; (u, v): where it is in the picture; `w`: the map's factor there.
    ///   - isInside: whether the nearest pixel of the picture exists.
    @inline(__always)
    mutating func add(
        x: Double, y: Double, u: Double, v: Double, w: Double, picture i: Double, slopeX: Double, slopeY: Double,
        template t: Double, isInside: Bool
    ) {
        let (gx, gy) = (slopeX * w, slopeY * w)
        let g = -(u * gx + v * gy)
        let j = SIMD8(gx * x, gx * y, gx, gy * x, gy * y, gy, g * x, g * y)
        h0 += j[0] * j
        h1 += j[1] * j
        h2 += j[2] * j
        h3 += j[3] * j
        h4 += j[4] * j
        h5 += j[5] * j
        h6 += j[6] * j
        h7 += j[7] * j
        guard isInside else { return }
        count += 1
        picture += i
        template += t
        pictureSquared += i * i
        product += i * t
        gradientPicture += i * j
        gradientTemplate += t * j
        gradient += j
    }

    /// Δp; nil where the correlation cannot be raised (the pictures do not resemble each other) or is not defined.
    func step() -> [Double]? {
        guard count > 0 else { return nil }
        let (meanPicture, meanTemplate) = (picture / count, template / count)
        let norm = pictureSquared - count * meanPicture * meanPicture
        let correlation = product - count * meanPicture * meanTemplate
        let projectedPicture = gradientPicture - meanPicture * gradient
        let projectedTemplate = gradientTemplate - meanTemplate * gradient
        let hessian = [h0, h1, h2, h3, h4, h5, h6, h7]
        guard let solved = Self.solve(hessian, projectedPicture) else { return nil }
        let numerator = norm - (projectedPicture * solved).sum()
        let denominator = correlation - (projectedTemplate * solved).sum()
        guard denominator > 0, numerator.isFinite else { return nil }
        let lambda = numerator / denominator
        guard let step = Self.solve(hessian, lambda * projectedTemplate - projectedPicture) else { return nil }
        return (0..<8).map { step[$0] }
    }

    /// Gaussian elimination with pivoting; nil for a singular matrix.
    private static func solve(_ matrix: [SIMD8<Double>], _ right: SIMD8<Double>) -> SIMD8<Double>? {
        // Columns differ by the square of the picture's size; scaled, pivots can be compared.
        let scale = (0..<8).map { matrix[$0][$0].squareRoot() }
        guard scale.allSatisfy({ $0 > 0 && $0.isFinite }) else { return nil }
        var rows: [[Double]] = []
        for i in 0..<8 {
            var row: [Double] = []
            for k in 0..<8 { row.append(matrix[i][k] / (scale[i] * scale[k])) }
            row.append(right[i] / scale[i])
            rows.append(row)
        }
        for column in 0..<8 {
            guard let pivot = (column..<8).max(by: { abs(rows[$0][column]) < abs(rows[$1][column]) }),
                abs(rows[pivot][column]) > 1e-14
            else { return nil }
            rows.swapAt(column, pivot)
            for row in column + 1..<8 {
                let factor = rows[row][column] / rows[column][column]
                for k in column..<9 { rows[row][k] -= factor * rows[column][k] }
            }
        }
        var solution = SIMD8<Double>()
        for row in (0..<8).reversed() {
            var value = rows[row][8]
            for k in row + 1..<8 { value -= rows[row][k] * solution[k] }
            solution[row] = value / rows[row][row]
        }
        for i in 0..<8 { solution[i] /= scale[i] }
        return solution
    }
}
