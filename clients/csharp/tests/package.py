"""What is in the package: python3 package.py [--windows] PACKAGE SAME... FOLDER

The packages are the same byte by byte, and have the library for Windows if it is said so. Unpacks what a program on Linux
needs into FOLDER.
"""

import sys
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

ALWAYS = [
    "[Content_Types].xml",
    "_rels/.rels",
    "Nymi.nuspec",
    "README.md",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "LICENSES-THIRD-PARTY",
    "lib/netstandard2.0/Nymi.dll",
    "lib/netstandard2.0/Nymi.xml",
    "runtimes/linux-x64/native/libnymi_api.so",
]
WINDOWS = ["runtimes/win-x64/native/nymi_api.dll", "LICENSES-THIRD-PARTY-WINDOWS"]
NUSPEC = "{http://schemas.microsoft.com/packaging/2013/05/nuspec.xsd}"


def main(package, *more):
    windows = package == "--windows"
    if windows:
        package, *more = more
    *others, folder = more
    content = Path(package).read_bytes()
    for other in others:
        assert Path(other).read_bytes() == content, f"{other} is another than {package}"
    archive = zipfile.ZipFile(package)
    assert archive.testzip() is None
    names = archive.namelist()
    assert names == (ALWAYS + WINDOWS if windows else ALWAYS), names

    metadata = ET.fromstring(archive.read("Nymi.nuspec")).find(f"{NUSPEC}metadata")
    said = {one.tag.removeprefix(NUSPEC): one.text for one in metadata}
    assert Path(package).name == f"{said['id']}.{said['version']}.nupkg", said
    assert said["license"] == "Apache-2.0 OR MIT" and said["readme"] in names and said["authors"] and said["description"], said
    ET.fromstring(archive.read("_rels/.rels"))
    types = ET.fromstring(archive.read("[Content_Types].xml"))
    known = {one.get("Extension") or one.get("PartName") for one in types}
    for name in names[1:]:
        assert name.rpartition(".")[2] in known or f"/{name}" in known, f"{name} has no content type"
    documented = {one.get("name") for one in ET.fromstring(archive.read("lib/netstandard2.0/Nymi.xml")).iter("member")}
    assert "T:Nymi.NymiClient" in documented, "texts for editors"
    readme = archive.read("README.md").decode()
    assert "](" not in readme.replace("](http", ""), "links that lead nowhere"

    Path(folder).mkdir(parents=True, exist_ok=True)
    for name in ("lib/netstandard2.0/Nymi.dll", "runtimes/linux-x64/native/libnymi_api.so"):
        Path(folder, Path(name).name).write_bytes(archive.read(name))
    print(f"package: {len(names)} files as they should be")


if __name__ == "__main__":
    main(*sys.argv[1:])
