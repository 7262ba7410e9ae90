"""What is in the function's package, as SPDX 2.3: each file with its hashes, and what it needs.

The package holds our own modules only. boto3 is of Lambda's Python runtime, in the version that AWS
has there, so it has no version here. `make lint` has spdx-tools read the document.
Source of the fields: https://spdx.github.io/spdx-spec/v2.3/. Standard library only.
"""

from __future__ import annotations

import json
import sys
import uuid
from hashlib import sha1, sha256
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from scripts import version
from scripts.package import ZIP

_LICENSE, _NOTHING = "Apache-2.0", "NOASSERTION"
_OURS, _BOTO3 = "SPDXRef-Package", "SPDXRef-boto3"


def document(data: bytes, name: str, number: str, day: str) -> dict[str, Any]:
    """The document of a zip's bytes: the same for the same arguments.

    name: of the zip. number: the version. day: YYYY-MM-DD.
    """
    with ZipFile(BytesIO(data)) as archive:
        files = [
            _file(index, entry, archive.read(entry))
            for index, entry in enumerate(sorted(archive.namelist()))
        ]
    hashes = sorted(file["checksums"][0]["checksumValue"] for file in files)
    unique = uuid.uuid5(uuid.NAMESPACE_URL, sha256(data).hexdigest())
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": name,
        "documentNamespace": f"https://spdx.org/spdxdocs/key-rotation-lambda-{number}-{unique}",
        "creationInfo": {
            "created": f"{day}T00:00:00Z",
            "creators": [f"Tool: key-rotation-sbom-{number}"],
        },
        "packages": [
            {
                "SPDXID": _OURS,
                "name": "key-rotation-lambda",
                "versionInfo": number,
                "packageFileName": name,
                "downloadLocation": _NOTHING,
                "filesAnalyzed": True,
                # 7.9: of the hashes of all files, in order, without a separator.
                "packageVerificationCode": {
                    "packageVerificationCodeValue": _sha1("".join(hashes).encode())
                },
                "checksums": [_checksum("SHA256", sha256(data).hexdigest())],
                "licenseConcluded": _LICENSE,
                "licenseDeclared": _LICENSE,
                "licenseInfoFromFiles": [_LICENSE],
                "copyrightText": _NOTHING,
                "primaryPackagePurpose": "ARCHIVE",
            },
            {
                "SPDXID": _BOTO3,
                "name": "boto3",
                "downloadLocation": _NOTHING,
                "filesAnalyzed": False,
                "licenseConcluded": _LICENSE,
                "licenseDeclared": _LICENSE,
                "copyrightText": _NOTHING,
                "comment": "Part of Lambda's Python runtime: AWS decides which version.",
                "externalRefs": [
                    {
                        "referenceCategory": "PACKAGE-MANAGER",
                        "referenceType": "purl",
                        "referenceLocator": "pkg:pypi/boto3",
                    }
                ],
            },
        ],
        "files": files,
        "relationships": [
            _relation("SPDXRef-DOCUMENT", "DESCRIBES", _OURS),
            _relation(_BOTO3, "RUNTIME_DEPENDENCY_OF", _OURS),
            *(_relation(_OURS, "CONTAINS", file["SPDXID"]) for file in files),
        ],
    }


def _file(index: int, name: str, content: bytes) -> dict[str, Any]:
    return {
        "SPDXID": f"SPDXRef-File-{index}",
        "fileName": f"./{name}",
        "fileTypes": ["SOURCE"],
        "checksums": [
            _checksum("SHA1", _sha1(content)),  # the specification asks for it, 8.4
            _checksum("SHA256", sha256(content).hexdigest()),
        ],
        "licenseConcluded": _LICENSE,
        "licenseInfoInFiles": [_NOTHING],
        "copyrightText": _NOTHING,
    }


def _sha1(content: bytes) -> str:
    return sha1(content, usedforsecurity=False).hexdigest()


def _checksum(algorithm: str, value: str) -> dict[str, str]:
    return {"algorithm": algorithm, "checksumValue": value}


def _relation(one: str, kind: str, other: str) -> dict[str, str]:
    return {"spdxElementId": one, "relationshipType": kind, "relatedSpdxElement": other}


def main() -> int:
    """Writes the document of the committed package, for spdx-tools to read."""
    if len(sys.argv) != 2:
        print("usage: python -m scripts.sbom FILE", file=sys.stderr)
        return 2
    text = json.dumps(document(ZIP.read_bytes(), ZIP.name, version.project(), "2026-01-31"))
    Path(sys.argv[1]).write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
