#!/usr/bin/env python3
"""What an image or an installed tree holds, as SPDX 2.3 JSON: `sbom.py ROOT_FOLDER > sbom.spdx.json` (`Deploy/container sbom
FILE`, `make release`).

Debian's packages come from the image's own dpkg database; the Swift packages that are linked into the program from the
build's Package.resolved, which the image carries; models from their files. With SOURCE_DATE_EPOCH, equal trees give equal
documents.
"""

import hashlib
import json
import os
import re
import sys
import time
import uuid
from pathlib import Path

# Licences of what is linked in, by SwiftPM's identity; Debian's packages carry theirs in /usr/share/doc/*/copyright.
LICENCES = {
    "swift-argument-parser": "Apache-2.0 WITH Swift-exception",
    "swift-log": "Apache-2.0",
    "swift-runtime": "Apache-2.0 WITH Swift-exception",
}
AUTHORS = "2026 The deblur authors"


def licensed(name, holder="NOASSERTION"):
    return {"licenseDeclared": name, "licenseConcluded": name, "copyrightText": holder}


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def identifier(*parts):
    return "SPDXRef-" + re.sub(r"[^A-Za-z0-9.-]+", "-", "-".join(parts))


def package(name, version, identity, purl=None, supplier="NOASSERTION", **more):
    entry = {
        "SPDXID": identity,
        "name": name,
        "versionInfo": version,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        **licensed("NOASSERTION"),
        "supplier": supplier,
        **more,
    }
    if purl:
        entry["externalRefs"] = [
            {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl}
        ]
    return entry


def debian_licences(root):
    """Names as the packages' copyright files give them, by package; no SPDX expressions."""
    path = root / "usr/local/share/deblur/licences.txt"
    lines = path.read_text().splitlines() if path.exists() else []
    return dict(line.split("\t", 1) for line in lines if "\t" in line)


def debian(root):
    if not (root / "var/lib/dpkg/status").exists():
        return
    licences = debian_licences(root)
    release = dict(re.findall(r'^(\w+)="?([^"\n]*)', (root / "etc/os-release").read_text(), re.M))
    distribution = f"{release.get('ID', 'debian')}-{release.get('VERSION_ID', '')}".rstrip("-")
    for paragraph in (root / "var/lib/dpkg/status").read_text().split("\n\n"):
        fields = dict(re.findall(r"^([A-Za-z-]+): (.*)$", paragraph, re.M))
        if "installed" not in fields.get("Status", "").split():
            continue
        name, version, architecture = fields["Package"], fields["Version"], fields["Architecture"]
        purl = f"pkg:deb/debian/{name}@{version.replace('+', '%2B').replace(':', '%3A')}?arch={architecture}&distro={distribution}"
        source = re.sub(r"\s*\(.*", "", fields.get("Source", name))
        yield package(
            name,
            version,
            identifier("deb", name, architecture),
            purl,
            f"Person: {fields['Maintainer'].replace('<', '(').replace('>', ')')}",
            sourceInfo=f"built from Debian source package {source}",
            **({"licenseComments": f"in its copyright file: {licences[name]}"} if licences.get(name) else {}),
        )


def swift(share):
    resolved = share / "Package.resolved"
    if not resolved.exists():
        return
    for pin in json.loads(resolved.read_text())["pins"]:
        location, state = pin["location"], pin["state"]
        path = re.sub(r"^https://|\.git$", "", location)
        entry = package(
            pin["identity"],
            state.get("version", state["revision"]),
            identifier("swift", pin["identity"]),
            f"pkg:swift/{path}@{state.get('version', state['revision'])}",
            **licensed(LICENCES.get(pin["identity"], "NOASSERTION")),
        )
        yield entry | {"downloadLocation": f"git+{location}@{state['revision']}"}
    toolchain = share / "swift-version.txt"
    if toolchain.exists():
        version = re.search(r"Swift version (\S+)", toolchain.read_text())
        yield package(
            "swift-runtime",
            version.group(1) if version else "unknown",
            identifier("swift-runtime"),
            comment="Standard library, Foundation (with ICU) and Dispatch, linked statically",
            **licensed(LICENCES["swift-runtime"]),
        )


def models(share):
    for path in sorted((share / "Models").glob("*.safetensors")):
        yield package(
            path.name,
            digest(path)[:12],
            identifier("model", path.name),
            primaryPackagePurpose="FILE",
            comment="Trained on photographs whose sources and licences are listed in Models/LICENSE",
            **licensed("CC-BY-4.0", AUTHORS),
            checksums=[{"algorithm": "SHA256", "checksumValue": digest(path)}],
        )


def main():
    root = Path(sys.argv[1])
    prefix = root / "usr/local" if (root / "usr/local/bin/deblur").exists() else root / "usr"
    share, program = prefix / "share/deblur", prefix / "bin/deblur"
    # `deblur 0.2.0 (1a2b3c4, avx512)`, as `deblur --version` says it.
    version = (share / "VERSION").read_text().split()[1] if (share / "VERSION").exists() else digest(program)[:12]
    deblur = package(
        "deblur",
        version,
        "SPDXRef-deblur",
        primaryPackagePurpose="APPLICATION",
        **licensed("Apache-2.0", AUTHORS),
        checksums=[{"algorithm": "SHA256", "checksumValue": digest(program)}],
    )
    parts = [*debian(root), *swift(share), *models(share)]
    document = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"deblur-{version}",
        # The same image gives the same name.
        "documentNamespace": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, digest(program))}",
        "creationInfo": {
            "created": time.strftime(
                "%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(os.environ.get("SOURCE_DATE_EPOCH", time.time())))
            ),
            "creators": ["Tool: deblur-sbom"],
        },
        "packages": [deblur, *parts],
        "relationships": [
            {
                "spdxElementId": "SPDXRef-DOCUMENT",
                "relationshipType": "DESCRIBES",
                "relatedSpdxElement": "SPDXRef-deblur",
            }
        ]
        + [
            {"spdxElementId": "SPDXRef-deblur", "relationshipType": "DEPENDS_ON", "relatedSpdxElement": part["SPDXID"]}
            for part in parts
        ],
    }
    json.dump(document, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
