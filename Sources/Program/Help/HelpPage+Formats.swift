extension HelpPage {
    static let formats = HelpPage(
        name: "formats",
        text: """
            FORMATS
                JPEG and PNG are read. JPEG, PNG and NumPy's .npy are written. What a file
                holds is decided by its first bytes, whatever it is called; of a folder, files
                are taken that are called pictures or have no extension.

            READ
                JPEG         baseline and progressive, Huffman and arithmetic coding; gray, RGB
                             and YCbCr with any subsampling; CMYK becomes RGB.
                PNG          1, 2, 4, 8 and 16 bits; gray, RGB, palette, alpha; interlaced.
                Not read     HEIC, AVIF, WebP, TIFF, GIF, raw files of cameras. Convert these
                             first, to 16-bit PNG where there are more than 8 bits:
                             heif-convert photo.heic photo.png

            WRITTEN
                jpeg         --quality 1..100; without it the input's own quality, at least 92.
                             Subsampling as in the input.
                png          As many bits as the input had, 8 or 16. Without loss.
                npy          deblur image only: the result before rounding and clamping, float32,
                             shape (height, width, 3), RGB, 0...1.
                --format jpeg|png|npy chooses; else the output's extension, else what the input
                is. In a request: format=auto|jpeg|png, where auto means what the Accept
                field asks for, else what the input is.

            KEPT
                Size, orientation (pixels and EXIF agree), ICC profile, EXIF, density, alpha,
                gray, 16 bits, subsampling. --metadata strip (metadata=strip) leaves EXIF and
                comments out; the ICC profile stays, because colours would change without it.

            LIMITS
                --max-pixels bounds width times height, --max-body the bytes of a request. Both
                are judged before a pixel is decoded; an answer 422 or 413 names the number that
                was too large. deblur configuration lists the defaults.

            MODELS
                .safetensors with deblur's metadata; .pth and .pt as PyTorch writes them, in the
                zip and in the older form. Nothing in them is run. What tensor names and shapes
                cannot tell (exit table, order of the classes) comes from flags or from a file
                MODEL.json beside the model. deblur inspect MODEL says what was found and
                prints the file's SHA-256 as its digest; deblur convert MODEL OUT.safetensors
                writes it in deblur's own form.

            A PIPE
                cat photo.jpg | deblur image - - > sharp.jpg
                curl --data-binary @photo.jpg -H 'Content-Type: image/jpeg' \\
                    http://127.0.0.1:8080/deblur -o sharp.jpg
            """)
}
