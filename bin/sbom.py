"""A software bill of materials, CycloneDX 1.6, of what a lock installs: names, versions, conditions, hashes.

Made from the lock alone, so that the same lock gives the same bytes.
"""

import json
import re
import uuid

SPEC = "1.6"
ENTRY = re.compile(
    r"^(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)==(?P<version>[^\s;\\]+)(?:\s*;\s*(?P<marker>[^\\\n]*?))?\s*\\?\n"
    r"(?P<hashes>(?:[ \t]+--hash=sha256:[0-9a-f]{64}[^\n]*\n?)*)",
    re.MULTILINE,
)
HASH = re.compile(r"sha256:([0-9a-f]{64})")
NAMESPACE = uuid.UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")
"""Of names that are addresses: https://www.rfc-editor.org/rfc/rfc9562#name-namespace-id-usage-and-allo."""


def render_sbom(lock: str, *, name: str, version: str) -> str:
    """The document of a release, as canonical JSON."""
    components = [_component(found) for found in ENTRY.finditer(lock)]
    root = _purl(name, version)
    document = {
        "$schema": f"http://cyclonedx.org/schema/bom-{SPEC}.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": SPEC,
        "serialNumber": f"urn:uuid:{uuid.uuid5(NAMESPACE, root + json.dumps(components, sort_keys=True))}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": root,
                "name": name,
                "version": version,
                "purl": root,
                "licenses": [{"license": {"id": "Apache-2.0"}}],
            }
        },
        "components": components,
        "dependencies": [
            {"ref": root, "dependsOn": sorted(str(one["bom-ref"]) for one in components)},
            *({"ref": one["bom-ref"]} for one in components),
        ],
    }
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def _component(found: re.Match[str]) -> dict[str, object]:
    """One line of the lock. Each hash is of one file of the version, so they stand with its distributions."""
    purl = _purl(found["name"], found["version"])
    hashes = sorted(HASH.findall(found["hashes"]))
    component: dict[str, object] = {
        "type": "library",
        "bom-ref": purl if not found["marker"] else f"{purl}#{found['marker'].strip()}",
        "name": found["name"],
        "version": found["version"],
        "purl": purl,
        "externalReferences": [
            {"type": "distribution", "url": purl, "hashes": [{"alg": "SHA-256", "content": one}]} for one in hashes
        ],
    }
    if found["marker"]:
        component["properties"] = [{"name": "mlops-kit:marker", "value": found["marker"].strip()}]
    return component


def _purl(name: str, version: str) -> str:
    """A package URL; https://github.com/package-url/purl-spec names lower case and dashes for this type."""
    return f"pkg:pypi/{re.sub(r'[-_.]+', '-', name).lower()}@{version}"
