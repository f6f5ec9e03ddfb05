import Deblur

extension ModelFile {
    /// Takes over the increments and the exit table that they give for τ.
    ///
    /// - Throws: ``EvaluationError`` when the model's classes are not those of the calibration.
    public mutating func set(_ calibration: Calibration, tau: Double) throws {
        guard let classes else { throw EvaluationError.noClasses }
        guard calibration.thresholds.classes == classes else {
            throw EvaluationError.thresholds(expected: classes - 1, actual: calibration.thresholds.decibels.count)
        }
        set(
            increments: calibration.completed, exitTable: calibration.exitTable(tau: tau), tau: tau,
            thresholds: calibration.thresholds.decibels)
    }
}
