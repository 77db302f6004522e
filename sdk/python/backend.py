"""Makes a wheel of the package for pip, without any other package: pip install sdk/python"""
import base64
import hashlib
import pathlib
import tomllib
import zipfile

HERE = pathlib.Path(__file__).parent
PROJECT = tomllib.loads((HERE / "pyproject.toml").read_text())["project"]
NAME = f"{PROJECT['name']}-{PROJECT['version']}"
METADATA = f"""Metadata-Version: 2.1
Name: {PROJECT['name']}
Version: {PROJECT['version']}
Summary: {PROJECT['description']}
License: {PROJECT['license']['text']}
Requires-Python: {PROJECT['requires-python']}
Description-Content-Type: text/markdown

{(HERE / PROJECT['readme']).read_text()}"""
WHEEL = "Wheel-Version: 1.0\nGenerator: backend\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def _files():
    for path in sorted((HERE / PROJECT["name"]).iterdir()):
        if path.suffix in (".py", ".pyi", ".typed"):
            yield f"{PROJECT['name']}/{path.name}", path.read_bytes()
    yield f"{NAME}.dist-info/METADATA", METADATA.encode()
    yield f"{NAME}.dist-info/WHEEL", WHEEL.encode()


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    name, record = f"{NAME}-py3-none-any.whl", f"{NAME}.dist-info/RECORD"
    rows = []
    with zipfile.ZipFile(pathlib.Path(wheel_directory) / name, "w") as wheel:
        for path, data in _files():
            wheel.writestr(path, data)
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest())
            rows.append(f"{path},sha256={digest.decode().rstrip('=')},{len(data)}")
        wheel.writestr(record, "\n".join([*rows, f"{record},,"]) + "\n")
    return name
