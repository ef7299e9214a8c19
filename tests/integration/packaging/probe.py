"""Run by the Python of an environment that has the package installed; prints as JSON what is there."""

import ast
import importlib
import importlib.metadata
import importlib.util
import json
import pkgutil
import sys
from pathlib import Path

import migratable_ecs
from migratable_ecs.migration.provider import MigrationProvider
from pulumi.dynamic.dynamic import serialize_provider

FOLDER = Path(migratable_ecs.__file__).parent


def imported_anywhere() -> set[str]:
    """Top-level names of all absolute imports, those inside functions too."""
    names = set()
    for file in FOLDER.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names.add(str(node.module).partition(".")[0])
    return names


modules = [found.name for found in pkgutil.walk_packages(migratable_ecs.__path__, "migratable_ecs.")]
for module in modules:
    # The commands need the extra `cli`; their entry point says so by itself.
    if not module.startswith("migratable_ecs.cli.") or module == "migratable_ecs.cli.main":
        importlib.import_module(module)
print(
    json.dumps(
        {
            "python": "{}.{}".format(*sys.version_info[:2]),
            "folder": str(FOLDER),
            "version": importlib.metadata.version("migratable-ecs"),
            "modules": modules,
            "missing": sorted(n for n in imported_anywhere() if importlib.util.find_spec(n) is None),
            "exported": migratable_ecs.__all__,
            "provider": serialize_provider(MigrationProvider()),
        }
    )
)
