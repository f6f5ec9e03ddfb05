import Foundation

/// The layers of the package and what each stands on.
///
///     C modules → Digests, Kernels → Checkpoints → Network → Tiles → Service → deblur
///     CSystem → Sockets → HTTP (knows no images) ─────────────────────┘
///     CImageCodecs, Digests → Images, and Metrics ────────────────────┘
///     Files, Tiles, Images → Evaluation → deblur
enum Layers {
    /// What each target stands on directly; it may import that and whatever lies below.
    static let below: [String: [String]] = [
        "CFFTW": [], "COpenBLAS": [], "CCrypto": [], "CZlib": [], "CSystem": [], "CImageCodecs": [], "CEvaluation": [],
        "Files": [], "CVersion": [],
        "CKernels": ["CFFTW", "COpenBLAS"],
        "Digests": ["CCrypto", "CZlib"],
        "Kernels": ["CKernels", "CFFTW", "COpenBLAS"],
        "Checkpoints": ["Digests"],
        "Network": ["Kernels", "Checkpoints"],
        "Images": ["CImageCodecs", "Digests"],
        "Tiles": ["Network"],
        "Drawing": [],
        "Evaluation": ["CEvaluation", "Drawing", "Files", "Tiles", "Images"],
        "Metrics": [],
        "Sockets": ["CSystem"],
        "HTTP": ["Sockets"],
        "Service": ["HTTP", "Tiles", "Images", "Drawing", "Metrics", "CVersion"],
        "deblur": ["Service", "Evaluation"],
    ]

    /// Modules of the toolchain, for everyone.
    static let toolchain: Set<String> = ["Foundation", "Glibc", "Dispatch", "Synchronization"]

    /// Packages, for those named only.
    static let packages: [String: Set<String>] = [
        "Logging": ["Service", "deblur"],
        "ArgumentParser": ["deblur"],
    ]

    /// Everything that lies below `target`.
    static func reachable(from target: String) -> Set<String> {
        var found: Set<String> = []
        var open = below[target] ?? []
        while let next = open.popLast() {
            if found.insert(next).inserted { open += below[next] ?? [] }
        }
        return found
    }

    /// Whether `target` may use `module`.
    static func allows(_ module: String, in target: String) -> Bool {
        if toolchain.contains(module) { return true }
        if let users = packages[module] { return users.contains(target) }
        return reachable(from: target).contains(module)
    }
}
