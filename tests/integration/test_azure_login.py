"""The log-in to Azure: the run's token in a file of its own, and names that cannot carry anything else."""

import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "bin" / "azure.py"
IDS = {"KIT_AZURE_CLIENT": "1111-2222", "KIT_AZURE_TENANT": "3333-4444"}


class Issuer(BaseHTTPRequestHandler):
    """Gives one identity token."""

    def do_GET(self) -> None:
        right = self.headers["Authorization"] == "Bearer right" and self.path.endswith(
            "?v=1&audience=api://AzureADTokenExchange"
        )
        self.send_response(200 if right else 403)
        self.end_headers()
        self.wfile.write(json.dumps({"value": "identity-canary"}).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def run(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    server = HTTPServer(("127.0.0.1", 0), Issuer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    given = {
        "RUNNER_TEMP": str(folder), "GITHUB_ENV": str(folder / "env"), "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "right",
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"http://127.0.0.1:{server.server_port}/?v=1", **IDS, **variables,
    }  # fmt: skip
    try:
        return subprocess.run(
            [sys.executable, "-I", SCRIPT], env=given, capture_output=True, text=True, timeout=60, check=False
        )
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_token_is_in_a_file_that_others_cannot_read_and_its_name_is_told(tmp_path: Path) -> None:
    run(tmp_path)
    (tmp_path / "env").write_text("")

    done = run(tmp_path)  # a second log-in of a job is as good as the first

    token = tmp_path / "mlops-kit-azure-token"
    assert (done.returncode, token.read_text(), token.stat().st_mode & 0o777) == (0, "identity-canary", 0o600)
    assert (tmp_path / "env").read_text().splitlines() == [
        "AZURE_CLIENT_ID=1111-2222",
        "AZURE_TENANT_ID=3333-4444",
        f"AZURE_FEDERATED_TOKEN_FILE={token}",
    ]
    assert "identity-canary" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"ACTIONS_ID_TOKEN_REQUEST_URL": ""}, "hint: grant `id-token: write` to the calling job"),
        ({"ACTIONS_ID_TOKEN_REQUEST_TOKEN": "wrong"}, "GitHub gave no identity token: HTTPError"),
        ({"KIT_AZURE_CLIENT": "x\nPATH=/mine"}, "azure-client is not an id"),
        ({"KIT_AZURE_TENANT": ""}, "azure-tenant is not an id"),
    ],
)
def test_what_is_missing_is_said_and_nothing_is_set(tmp_path: Path, variables: dict[str, str], message: str) -> None:
    done = run(tmp_path, **variables)

    assert done.returncode == 1
    assert message in done.stderr
    assert not (tmp_path / "env").exists()
