"""Copy the chosen front-end files out of node_modules into the repository, so that users need no npm.

npm ci && python vendor.py          # after a change of package.json or icons.txt
python vendor.py --check            # are the committed files those of the locked packages?
"""

import argparse
import base64
import hashlib
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path

ASSETS = Path(__file__).resolve().parent
NODE_MODULES = ASSETS / "node_modules"
MANIFEST = "manifest.json"
SPRITE = "icons.svg"
TABLER = "@tabler/icons"
ICON_FOLDER = "icons/outline"
HERE = "./"  # a file that lies here because the package leaves it out: its licence
BACKGROUND = 'd="M0 0h24v24H0z"'  # the invisible square of every Tabler icon

SYMBOL = (
    '<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75"'
    ' stroke-linecap="round" stroke-linejoin="round">{paths}</symbol>\n'
)


@dataclass(frozen=True)
class Target:
    """A folder of the repository and the files it takes.

    Attributes:
        folder: where the files and their manifest go.
        files: package → {path inside the package: path below ``folder``}.
        sprite: whether the icon sprite is built here too.
    """

    folder: Path
    files: dict[str, dict[str, str]]
    sprite: bool = False


TARGETS = (
    Target(
        folder=ASSETS.parent / "src/civicportal/static/vendor",
        files={
            "bootstrap": {
                "dist/css/bootstrap.min.css": "bootstrap.min.css",
                "dist/css/bootstrap.rtl.min.css": "bootstrap.rtl.min.css",
                "LICENSE": "licenses/bootstrap.txt",
            },
            "leaflet": {
                "dist/leaflet.js": "leaflet/leaflet.js",
                "dist/leaflet.css": "leaflet/leaflet.css",
                "LICENSE": "licenses/leaflet.txt",
            },
            "pmtiles": {
                "dist/pmtiles.js": "pmtiles/pmtiles.js",
                f"{HERE}licenses/pmtiles.txt": "licenses/pmtiles.txt",
            },
            # Part of what pmtiles ships.
            "fflate": {"LICENSE": "licenses/fflate.txt"},
            "idb": {"build/umd.js": "idb/umd.js", "LICENSE": "licenses/idb.txt"},
            "jalaali-js": {
                "dist/index.js": "jalaali/jalaali.js",
                "LICENSE": "licenses/jalaali-js.txt",
            },
            "@fontsource-variable/vazirmatn": {
                "files/vazirmatn-arabic-wght-normal.woff2": "fonts/vazirmatn-arabic.woff2",
                "files/vazirmatn-latin-wght-normal.woff2": "fonts/vazirmatn-latin.woff2",
                "LICENSE": "licenses/vazirmatn.txt",
            },
            TABLER: {"LICENSE": "licenses/tabler-icons.txt"},
        },
        sprite=True,
    ),
    Target(
        folder=ASSETS.parent / "tests/browser/vendor",
        files={
            "axe-core": {"axe.min.js": "axe.min.js", "LICENSE": "licenses/axe-core.txt"},
            "@guidepup/virtual-screen-reader": {
                "lib/esm/index.browser.js": "virtual-screen-reader.js",
                "LICENSE": "licenses/virtual-screen-reader.txt",
            },
        },
    ),
)


def integrity(content: bytes) -> str:
    """The SHA-384 of the content, written as in the ``integrity`` attribute of HTML."""
    return "sha384-" + base64.b64encode(hashlib.sha384(content).digest()).decode()


def sprite() -> bytes:
    """One SVG with a ``<symbol>`` for every name in ``icons.txt``."""
    lines = (line.strip() for line in (ASSETS / "icons.txt").read_text("utf-8").splitlines())
    names = sorted({line for line in lines if line and not line.startswith("#")})
    return f'<svg xmlns="http://www.w3.org/2000/svg">\n{"".join(map(symbol, names))}</svg>\n'.encode()


def symbol(name: str) -> str:
    """The paths of one Tabler icon in a ``<symbol>``."""
    source = (NODE_MODULES / TABLER / ICON_FOLDER / f"{name}.svg").read_text("utf-8")
    paths = [path for path in re.findall(r"<path [^>]*>", source) if BACKGROUND not in path]
    return SYMBOL.format(name=name, paths="".join(paths))


def found(root: Path, source: str) -> Path:
    """Where a file is taken from: out of the package's folder, or from beside this script."""
    return ASSETS / source if source.startswith(HERE) else root / source


def build(target: Target) -> dict[str, bytes]:
    """All files of the target, its manifest included: path below the folder → content."""
    built: dict[str, bytes] = {}
    packages = []
    for package, files in target.files.items():
        root = NODE_MODULES / package
        contents = {path: found(root, source).read_bytes() for source, path in files.items()}
        if target.sprite and package == TABLER:
            contents[SPRITE] = sprite()
        built |= contents
        about = json.loads((root / "package.json").read_text("utf-8"))
        packages.append(
            {
                "name": package,
                "version": about["version"],
                "license": about["license"],
                "files": {path: integrity(content) for path, content in sorted(contents.items())},
            }
        )
    built[MANIFEST] = (json.dumps({"packages": packages}, indent=2) + "\n").encode()
    return built


def write(target: Target) -> None:
    """Write the files of the target and remove what no package gives any more."""
    built = build(target)
    for path in present(target.folder) - built.keys():
        (target.folder / path).unlink()
    for path, content in built.items():
        file = target.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def present(folder: Path) -> set[str]:
    """The files below the folder, as paths relative to it."""
    return {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}


def expected(target: Target) -> dict[str, str]:
    """Path → hash: from the packages, or, where they are not installed, from the manifest."""
    if NODE_MODULES.is_dir():
        return {path: integrity(content) for path, content in build(target).items()}
    text = (target.folder / MANIFEST).read_bytes()
    listed = {
        path: value for package in json.loads(text)["packages"] for path, value in package["files"].items()
    }
    return listed | {MANIFEST: integrity(text)}


def differences(target: Target) -> list[str]:
    """What is missing, changed or not listed in the target's folder; empty when all is well."""
    hashes = expected(target)
    there = present(target.folder)
    changed = [
        path
        for path in sorted(hashes.keys() & there)
        if integrity((target.folder / path).read_bytes()) != hashes[path]
    ]
    return (
        [f"missing: {path}" for path in sorted(hashes.keys() - there)]
        + [f"changed: {path}" for path in changed]
        + [f"not listed: {path}" for path in sorted(there - hashes.keys())]
    )


def main() -> int:
    """Write the vendored files, or with ``--check`` compare them; 1 when they differ."""
    parser = argparse.ArgumentParser(description="Copy front-end files from node_modules.")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    if not parser.parse_args().check:
        for target in TARGETS:
            write(target)
        return 0
    problems = [f"{target.folder.name}: {text}" for target in TARGETS for text in differences(target)]
    print("\n".join(problems) or "the vendored files are those of the packages")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
