"""Fetches the run's identity token for Azure, and names its file to the job's later steps.

`DefaultAzureCredential`, which DVC's Azure remote uses, reads AZURE_FEDERATED_TOKEN_FILE, AZURE_CLIENT_ID and
AZURE_TENANT_ID. The token is good for minutes and for Azure alone; what it is exchanged for lasts longer.
"""

import json
import os
import re
import sys
import urllib.request
from collections.abc import Mapping
from pathlib import Path

AUDIENCE = "api://AzureADTokenExchange"
SECONDS = 20
NAME = re.compile(r"[0-9A-Za-z.-]+")


def main(variables: Mapping[str, str]) -> None:
    """Write the token's file, then the three variables."""
    names = {key: variables.get(f"KIT_{key}", "") for key in ("AZURE_CLIENT", "AZURE_TENANT")}
    for key, value in names.items():
        if not NAME.fullmatch(value):
            sys.exit(f"mlops-kit: error: {key.lower().replace('_', '-')} is not an id: {value!r}")
    file = Path(variables["RUNNER_TEMP"]) / "mlops-kit-azure-token"
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
        handle.write(fetch_token(variables))
    lines = {
        "AZURE_CLIENT_ID": names["AZURE_CLIENT"],
        "AZURE_TENANT_ID": names["AZURE_TENANT"],
        "AZURE_FEDERATED_TOKEN_FILE": str(file),
    }
    with Path(variables["GITHUB_ENV"]).open("a") as handle:
        handle.writelines(f"{name}={value}\n" for name, value in lines.items())


def fetch_token(variables: Mapping[str, str]) -> str:
    """The run's token; ends where the job may not have one."""
    address, right = (variables.get(f"ACTIONS_ID_TOKEN_REQUEST_{name}", "") for name in ("URL", "TOKEN"))
    if not (address and right):
        sys.exit("mlops-kit: error: the job has no identity\nhint: grant `id-token: write` to the calling job")
    request = urllib.request.Request(  # noqa: S310 - the runner's own address
        f"{address}&audience={AUDIENCE}", headers={"Authorization": f"Bearer {right}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
            return str(json.load(answer)["value"])
    except (OSError, ValueError, KeyError) as error:
        sys.exit(f"mlops-kit: error: GitHub gave no identity token: {type(error).__name__}\nhint: run it again")


if __name__ == "__main__":
    main(os.environ)
