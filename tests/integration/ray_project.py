"""A project whose stages run on a Ray cluster, with its data in an S3 bucket; the kit runs as a program."""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from s3fs import S3FileSystem

from tests.integration.dvc_project import Project, make_project
from tests.integration.ray_cluster import Cluster
from tests.integration.s3_server import S3Server

KIT = Path(sys.executable).parent / "mlops-kit"
RUN_SECONDS = 600.0


def node_environment(folder: Path, s3: S3Server) -> dict[str, str]:
    """What the nodes and the driver have in their environment: credentials among it."""
    return {"PATH": os.environ["PATH"], "HOME": str(folder), "DVC_NO_ANALYTICS": "1", **s3.variables}


@dataclass(frozen=True, kw_only=True)
class RayProject:
    """A project, and the cluster that its stages run on."""

    project: Project
    cluster: Cluster

    @property
    def root(self) -> Path:
        """The project's folder."""
        return self.project.root

    @contextlib.contextmanager
    def started(self, *words: str, engine: str = "") -> Iterator[subprocess.Popen[str]]:
        """`mlops-kit reproduce --engine ray:…` as a process of its own; killed where the block leaves it running."""
        with subprocess.Popen(
            [KIT, "reproduce", "--engine", engine or f"ray:{self.cluster.address}", *words],
            cwd=self.root, env={**self.cluster.environment, "DRIVER_ONLY": "secret"}, text=True, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        ) as process:  # fmt: skip
            try:
                yield process
            finally:
                process.kill()

    def run(self, *words: str, engine: str = "") -> tuple[int, str, str]:
        """The exit code of a whole run, and what it printed on both streams."""
        with self.started(*words, engine=engine) as process:
            output, errors = process.communicate(timeout=RUN_SECONDS)
        return process.returncode, output, errors


def make_ray_project(folder: Path, files: Mapping[str, str], cluster: Cluster, s3: S3Server) -> RayProject:
    """A new project in `folder`, committed, with a bucket of its own as its DVC remote."""
    project = make_project(folder / "p", files, site=folder / "site")
    bucket = f"bucket-{abs(hash(str(folder)))}"
    key, secret = s3.variables["AWS_ACCESS_KEY_ID"], s3.variables["AWS_SECRET_ACCESS_KEY"]
    S3FileSystem(endpoint_url=s3.url, key=key, secret=secret, skip_instance_cache=True).mkdir(bucket)
    site = f"    site_cache_dir = {folder / 'site'}\n    analytics = false\n"
    project.write({".dvc/config": s3.config(bucket).replace("[core]\n", f"[core]\n{site}")})
    project.commit()
    return RayProject(project=project, cluster=cluster)


def put_under_dvc(project: Project, path: str, text: str) -> None:
    """Data that only the DVC remote has: added, pushed, and gone from here."""
    project.write({path: text})
    with project.opened() as repo:
        repo.add([path])
        repo.push()
    project.commit()
    drop_data(project, path)


def drop_data(project: Project, *paths: str) -> None:
    """Remove files, and all that the cache has."""
    for path in paths:
        (project.root / path).unlink()
    shutil.rmtree(project.root / ".dvc" / "cache", ignore_errors=True)
