"""Where the numbers come from: processors, system, versions."""

import os
import platform
import subprocess
from importlib.metadata import version

from mlops_kit import __version__


def describe_machine() -> str:
    """One line: processors, system, versions of Python, git, DVC and the kit."""
    git = subprocess.run(["git", "--version"], capture_output=True, text=True, check=True).stdout.split()[-1]
    return (
        f"{os.cpu_count()} processors, {platform.system()} {platform.machine()}, Python {platform.python_version()}, "
        f"git {git}, DVC {version('dvc')}, mlops-kit {__version__}"
    )
