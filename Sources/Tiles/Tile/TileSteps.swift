import Network

/// A network together with one workspace: what one worker needs, whatever the network's type.
protocol TileSteps: AnyObject {
    func prepare(height: Int, width: Int) -> Bool
    func begin(tile index: Int)
    func encode(_ tile: UnsafePointer<Float>, height: Int, width: Int, classify: Bool) -> TileAssessment
    func encode(
        tileAtRow row: Int, column: Int, height: Int, width: Int, of image: any ImageEncoding, classify: Bool
    ) -> TileAssessment
    func leaves(after subDecoder: Int, _ assessment: TileAssessment, under policy: ExitPolicy) -> Bool
    func advance(to subDecoder: Int)
    func writeResidual(ofExit subDecoder: Int, to residual: UnsafeMutablePointer<Float>)
}
