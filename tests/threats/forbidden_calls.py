"""Calls that turn data into code or write where data says, found in Python's syntax trees."""

import ast
from collections.abc import Iterator
from pathlib import Path

MODULES = frozenset({"pickle", "cPickle", "_pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"})
BUILTINS = frozenset({"eval", "exec", "compile", "__import__"})
ATTRIBUTES = frozenset(
    {
        "torch.load", "numpy.load", "np.load", "pandas.read_pickle", "pd.read_pickle", "yaml.load", "yaml.unsafe_load",
        "yaml.full_load", "yaml.load_all", "shutil.unpack_archive", "os.system", "os.popen", "mlflow.pyfunc.load_model",
    }
)  # fmt: skip
METHODS = frozenset({"extractall", "extract", "load_model", "unsafe_load", "read_pickle"})


def forbidden_calls(path: Path) -> Iterator[str]:
    """Where a module does so, each as `FILE:LINE what`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if found := _forbidden(node):
            yield f"{path.name}:{getattr(node, 'lineno', 0)} {found}"


def _forbidden(node: ast.AST) -> str:
    match node:
        case ast.Import(names=names):
            return next((name.name for name in names if _is_forbidden_module(name.name)), "")
        case ast.ImportFrom(module=str(module), names=names):
            whole = [module, *(f"{module}.{name.name}" for name in names)]
            return next((name for name in whole if _is_forbidden_module(name) or name in ATTRIBUTES), "")
        case ast.Call(func=ast.Name(id=name)) if name in BUILTINS:
            return name
        case ast.Call(func=ast.Attribute(attr=name) as called):
            text = ast.unparse(called)
            return text if name in METHODS or text in ATTRIBUTES else ""
        case _:
            return ""


def _is_forbidden_module(name: str) -> bool:
    return name.partition(".")[0] in MODULES
