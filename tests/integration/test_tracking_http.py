"""How tracking over REST behaves when the server, or the way to it, does not; a real MLflow behind a proxy."""

import base64
import json
import re
import socket
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from mlops_kit.adapters.mlflow.credentials import read_credentials
from mlops_kit.adapters.mlflow.server import Patience, Server
from mlops_kit.adapters.mlflow.tracking import hide_secrets, open_tracking
from mlops_kit.adapters.mlflow.tracking_client import ClientTracking
from mlops_kit.adapters.mlflow.tracking_rest import RestTracking
from mlops_kit.commands.track import track
from mlops_kit.core.errors import InputError, OutsideError, PassingError
from mlops_kit.core.tracking import KEY_TAG, RunData, RunRecord, RunStatus
from tests.fakes.github import Fault
from tests.fakes.mlflow_proxy import MlflowProxy

QUICK = Patience(deadline=300, connect=10, read=30, tries=4, pause=0.01, longest_pause=0.02)
SECRET = "canary-s3cret"


@pytest.fixture
def record() -> RunRecord:
    key = uuid4().hex
    return RunRecord(
        experiment=f"e-{key}",
        key=key,
        name="main@cccccccc",
        status=RunStatus.FINISHED,
        began=1_000,
        ended=2_000,
        results=RunData(params={"lr": "0.1"}, metrics={"acc": 0.5}, tags={KEY_TAG: key}),
        circumstances=RunData(),
    )


def tracker(proxy: MlflowProxy, variables: Mapping[str, str] | None = None, patience: Patience = QUICK) -> RestTracking:
    found = open_tracking(proxy.url, Path("/nonexistent"), variables or {}, patience=patience)
    assert isinstance(found, RestTracking)
    return found


CREATES = ("runs/create", "experiments/create")
AMBIGUOUS = {
    "bad gateway": {"status": 502},
    "reset": {"reset": True},
    "truncated": {"status": 200, "raw": "{}", "truncate": True},
    "page of HTML": {"status": 200, "raw": "<html>"},
}


@pytest.mark.parametrize("call", CREATES)
@pytest.mark.parametrize("kind", AMBIGUOUS)
def test_a_create_whose_answer_is_lost_is_sent_once(
    proxy: MlflowProxy, record: RunRecord, call: str, kind: str
) -> None:
    proxy.fail(Fault(method="POST", path=call, when="after", **AMBIGUOUS[kind]))  # type: ignore[arg-type]
    run = track(tracker(proxy), record)
    assert proxy.log.count(call) == 1
    assert (run.status, run.data.metrics) == (RunStatus.FINISHED, {"acc": 0.5})
    assert len(tracker(proxy).find_runs(record.experiment, record.key)) == 1


def test_a_create_that_takes_too_long_is_sent_once(proxy: MlflowProxy, record: RunRecord) -> None:
    tracker(proxy).create_run(replace(record, key="other"))
    proxy.fail(Fault(method="POST", path="runs/create", when="after", sleep=6))
    with pytest.raises(PassingError, match="ReadTimeout"):
        tracker(proxy, patience=replace(QUICK, read=5)).create_run(record)
    assert len(tracker(proxy).find_runs(record.experiment, record.key)) == 1


@pytest.mark.parametrize("call", ["experiments/get-by-name", "runs/search", "runs/log-batch", "runs/update"])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("kind", AMBIGUOUS)
def test_what_can_be_repeated_is(proxy: MlflowProxy, record: RunRecord, call: str, when: str, kind: str) -> None:
    proxy.fail(Fault(method="POST", path=call, when=when, **AMBIGUOUS[kind]))  # type: ignore[arg-type]
    if when == "before" and call not in {"experiments/get-by-name", "runs/search"} and kind == "page of HTML":
        proxy.faults[0].status = 503  # a call that was not carried out is never answered with success
    run = track(tracker(proxy), record)
    assert (run.status, run.data) == (RunStatus.FINISHED, replace(record.data, tags=run.data.tags))
    assert len(tracker(proxy).find_runs(record.experiment, record.key)) == 1


GARBLED = ("null", "[]", '{"runs": [{}]}', '{"runs": [{"info": {"run_id": 1}}]}', '{"runs": 3}', "[" * 2000, '"x"')


@pytest.mark.parametrize("raw", GARBLED)
def test_an_answer_that_makes_no_sense_is_asked_for_again(proxy: MlflowProxy, record: RunRecord, raw: str) -> None:
    for call in ("runs/search", "experiments/get-by-name"):
        proxy.fail(Fault(method="POST", path=call, status=200, raw=raw))
    track(tracker(proxy), record)
    assert len(tracker(proxy).find_runs(record.experiment, record.key)) == 1


def test_a_complete_run_costs_two_readings_and_no_write(proxy: MlflowProxy, record: RunRecord) -> None:
    track(tracker(proxy), record)
    proxy.log.clear()
    track(tracker(proxy), record)
    assert proxy.log == ["experiments/get-by-name", "runs/search"]


def test_a_server_that_stays_down_is_an_outside_error(proxy: MlflowProxy, record: RunRecord) -> None:
    proxy.fail(Fault(method="GET", path="", status=503, n=99))
    with pytest.raises(OutsideError, match=f"MLflow at {proxy.url} answered 503 to experiments/get-by-name"):
        track(tracker(proxy), record)
    assert 99 - proxy.faults[0].n == QUICK.tries


def test_a_wait_that_is_longer_than_the_time_there_is_ends_at_once(proxy: MlflowProxy, record: RunRecord) -> None:
    proxy.fail(Fault(method="GET", path="", status=429, headers={"retry-after": "86400"}, n=9))
    with pytest.raises(OutsideError, match="takes longer than 300 s"):
        track(tracker(proxy), record)


def test_a_redirect_is_not_followed(proxy: MlflowProxy, record: RunRecord) -> None:
    proxy.fail(Fault(method="GET", path="", status=302, headers={"location": "http://127.0.0.1:9/"}, raw=""))
    with pytest.raises(OutsideError, match="302 to experiments/get-by-name, which is not followed"):
        track(tracker(proxy, {"MLFLOW_TRACKING_TOKEN": SECRET}), record)


@pytest.mark.parametrize("status", [401, 403])
def test_wrong_credentials_end_at_once_with_the_names_of_the_variables(
    proxy: MlflowProxy, record: RunRecord, status: int
) -> None:
    proxy.fail(Fault(method="GET", path="", status=status, raw="You are not authenticated"))
    with pytest.raises(OutsideError, match=str(status)) as caught:
        track(tracker(proxy), record)
    assert "MLFLOW_TRACKING_TOKEN" in caught.value.hint


def test_a_server_that_answers_drop_by_drop_is_given_up_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stop = threading.Event()

        def drip() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
                while not stop.wait(0.05):
                    connection.sendall(b" ")

        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        patience = replace(QUICK, deadline=0.5)
        dripping = open_tracking(f"http://127.0.0.1:{listener.getsockname()[1]}", Path(), {}, patience=patience)
        with pytest.raises(OutsideError, match="too slowly"):
            dripping.find_runs("e", "k")
        stop.set()
        thread.join(5)


def test_nobody_there_is_an_outside_error_without_credentials() -> None:
    gone = open_tracking(f"http://ada:{SECRET}@127.0.0.1:9", Path(), {}, patience=QUICK)
    with pytest.raises(PassingError, match=re.escape("MLflow at http://127.0.0.1:9 did not answer")) as caught:
        gone.find_runs("e", "k")
    assert SECRET not in str(caught.value)


def basic(user: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


USER = {"MLFLOW_TRACKING_USERNAME": "ada", "MLFLOW_TRACKING_PASSWORD": "pw"}
SIGNED = {
    "nobody": ("http://h", {}, ""),
    "a token": ("http://h", {"MLFLOW_TRACKING_TOKEN": "t"}, "Bearer t"),
    "a user": ("http://h", USER, basic("ada", "pw")),
    "a user before a token": ("http://h", {**USER, "MLFLOW_TRACKING_TOKEN": "t"}, basic("ada", "pw")),
    "the address": ("http://a%40b:p%3Aw@h/x", {}, basic("a@b", "p:w")),
    "a token before the address": ("http://a:p@h", {"MLFLOW_TRACKING_TOKEN": "t"}, "Bearer t"),
}


@pytest.mark.parametrize(("uri", "variables", "header"), SIGNED.values(), ids=SIGNED.keys())
def test_who_calls_is_shown_as_mlflow_s_client_does(uri: str, variables: Mapping[str, str], header: str) -> None:
    assert read_credentials(uri, variables).authorization == header


def test_the_credentials_arrive_at_the_server(proxy: MlflowProxy) -> None:
    tracker(proxy, {"MLFLOW_TRACKING_TOKEN": SECRET}).find_runs("e", "k")
    assert proxy.headers["authorization"] == f"Bearer {SECRET}"


def test_certificates_are_those_that_mlflow_s_client_takes() -> None:
    found = read_credentials(
        "https://h", {"MLFLOW_TRACKING_SERVER_CERT_PATH": "/ca", "MLFLOW_TRACKING_CLIENT_CERT_PATH": "/me"}
    )
    assert (found.verify, found.certificate) == ("/ca", "/me")
    assert read_credentials("https://h", {"MLFLOW_TRACKING_INSECURE_TLS": "true"}).verify is False
    assert read_credentials("https://h", {}).verify is True


def test_what_only_mlflow_s_client_knows_is_left_to_it(tmp_path: Path) -> None:
    def kind(variables: Mapping[str, str]) -> type:
        return type(open_tracking("https://h", tmp_path, {"HOME": str(tmp_path), **variables}))

    assert kind({}) is RestTracking
    assert kind({"MLFLOW_TRACKING_AWS_SIGV4": "true"}) is ClientTracking
    assert kind({"MLFLOW_TRACKING_AUTH": "plugin"}) is ClientTracking
    (tmp_path / ".mlflow").mkdir()
    (tmp_path / ".mlflow" / "credentials").write_text("[mlflow]\n")
    assert kind({}) is ClientTracking
    assert kind({"MLFLOW_TRACKING_TOKEN": "t"}) is RestTracking


@pytest.mark.parametrize("uri", ["./mlruns", "file:///srv/mlruns"])
def test_the_file_store_is_refused(uri: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="file store"):
        open_tracking(uri, tmp_path, {})


def test_an_address_without_a_host_is_an_input_error() -> None:
    with pytest.raises(InputError, match="no host"):
        Server("https:///x", {}, QUICK)


def test_the_address_s_own_password_is_hidden() -> None:
    hide = hide_secrets("http://ada:p%40ssword1@h", {"MLFLOW_TRACKING_TOKEN": SECRET})
    assert hide(f"p@ssword1 p%40ssword1 {SECRET}") == "*** *** ***"


def test_an_error_of_the_server_is_told_on_one_line(proxy: MlflowProxy, record: RunRecord) -> None:
    raw = json.dumps({"error_code": "INTERNAL_ERROR", "message": "first\nsecond"})
    proxy.fail(Fault(method="POST", path="runs/search", status=400, raw=raw))
    tracker(proxy).create_run(record)
    with pytest.raises(OutsideError, match=r"answered 400 to runs/search: first second$"):
        tracker(proxy).find_runs(record.experiment, record.key)
