#!/usr/bin/env python3
"""What an image holds, as SPDX 2.3 JSON: `sbom.py ROOT_FOLDER > sbom.spdx.json` (`Deploy/container sbom FILE`).

Debian's packages come from the image's own dpkg database; the Swift packages that are linked into the program from the
build's Package.resolved, which the image carries; models from their files.
"""

import hashlib
import json
import re
import sys
import uuid
from datetime import datetime, timezone
from pathlib import Path


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
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": "NOASSERTION",
        "copyrightText": "NOASSERTION",
        "supplier": supplier,
        **more,
    }
    if purl:
        entry["externalRefs"] = [
            {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl}
        ]
    return entry


def debian(root):
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
        )


def models(share):
    for path in sorted((share / "Models").glob("*.safetensors")):
        yield package(
            path.name,
            digest(path)[:12],
            identifier("model", path.name),
            primaryPackagePurpose="FILE",
            checksums=[{"algorithm": "SHA256", "checksumValue": digest(path)}],
        )


def main():
    root = Path(sys.argv[1])
    share, program = root / "usr/local/share/deblur", root / "usr/local/bin/deblur"
    version = (share / "VERSION").read_text().split()[-1] if (share / "VERSION").exists() else digest(program)[:12]
    deblur = package(
        "deblur",
        version,
        "SPDXRef-deblur",
        primaryPackagePurpose="APPLICATION",
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
            "created": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
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
