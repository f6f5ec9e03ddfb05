import Deblur

/// docs/configuration.md, written from the table of options: `deblur configuration > docs/configuration.md`.
public enum ConfigurationDocument {
    public static func render() -> String {
        var text = """
            # Configuration of `deblur serve`

            Written by `deblur configuration` from the table that also makes the flags and `--help`; a test compares.

            Every option can be given as a flag or in the environment; a flag beats the environment, an empty
            environment value counts as not set. Sizes are written as `32MiB` or `200MB`, times as `30s`, `2m` or
            `500ms`, pixels as `64MP`; bare numbers are bytes, seconds and pixels.


            """
        for section in OptionRow.Section.allCases {
            text += "## \(section.rawValue)\n\n| flag | environment | default | meaning |\n|---|---|---|---|\n"
            for row in OptionRow.all where row.section == section {
                let fallback = row.fallbackNote.map { row.fallback == $0 ? "`\($0)`" : $0 } ?? "none"
                let flag = row.isSwitch ? row.name : "\(row.name) \(row.placeholder)"
                text += "| `--\(flag)` | `\(row.environment)` | \(fallback) | \(row.help) |\n"
            }
            text += "\n"
        }
        text += """
            ## Where the default model is looked for

            Without `--model` and `DEBLUR_MODEL`: `Models/\(Installation.defaultModel)` in the repository whose `.build`
            folder holds the program, then in `../share/deblur` beside the program's folder, `/usr/local/share/deblur`
            and `/usr/share/deblur`. Beside a model, `NAME.selftest.json` holds the answer to the known tile that it has
            to reproduce before the service calls itself ready; `deblur selftest --write` makes it. A model without one
            has to answer the tile finitely and twice the same.

            ## Memory

            `--memory-budget` covers uploads (at most half of it), images from decoding to encoding, estimated from their
            headers, answers until they are sent, and one workspace of the network for each tile in work. Those workspaces have
            a quarter of it at most: where `--threads` of them need more, fewer tiles are in work at a time and the
            other threads help. Not covered: the program, the weights, and the buffers of connections.

            """
        return text
    }
}
