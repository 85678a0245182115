#!/usr/bin/env python3
"""The Debian packages of this build, in a bare root of this release: lintian finds no error; they are installed
as the Containerfile installs them; with what they recommend beside them, a user who is not root runs the credit
example from /usr/bin, with no build tree there, and could start that of examples/deploy. Nothing of the root is
left."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(os.environ["RK_SOURCE_DIR"])
BUILD = pathlib.Path(os.environ["RK_BIN"]).parent
sys.path.insert(0, str(SOURCE / "tests/support"))
from containerfile import stages  # noqa: E402

# In the root. The step is the Containerfile's, as its mounts have it.
INSIDE = r"""
set -euo pipefail
{step}
[[ ! -e /usr/bin/kcat ]] # nothing that is only recommended
cd "$(getent passwd {user} | cut -d: -f6)"
as() {{ setpriv --reuid={user} --regid={user} --clear-groups env RK_RUNTIME_DIR=/tmp/rk "$@"; }}
as {entrypoint} --version
apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends kcat python3 man-db
as /usr/share/doc/rk/examples/credit/run
as /usr/share/doc/rk/examples/credit/run --trees
as bash -c 'echo "{{\"age\":1,\"text\":\"Where is my order?\"}}" | rk-read --from - | rk-infer -q -m /src/tokens/tokens.onnx \
  --tokenizer /src/tokens/bert.json --input "text:tokens[8]" --input age:f32 --output mask --emit replace | rk-write --to -'
as bash -c 'mkfifo /tmp/address
  rk-broker --topic applications --topic decisions -q >/tmp/address &
  read -r RK_BROKERS </tmp/address && export RK_BROKERS && cd /usr/share/doc/rk/examples/credit
  rk-run --check ../deploy/credit.toml; status=$?; kill %1; exit $status'
for tool in /usr/bin/rk-*; do man -w "${{tool##*/}}"; done
"""


def check(holds, text):
    if not holds:
        sys.exit(f"FAIL: {text}")


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    print(done.stdout, flush=True)
    check(done.returncode == 0, f"{command[0]} exits {done.returncode}")
    return done.stdout


if os.geteuid() != 0 or not shutil.which("debootstrap"):
    sys.exit(77)
run(SOURCE / "scripts/package", env={**os.environ, "RK_BUILD_DIR": str(BUILD)})
packages = list((BUILD / "packages").glob("*.deb"))
check({p.name.split("_")[0] for p in packages} == {"rk", "rk-onnx", "rk-tokens", "rk-torch"}, f"the packages are {packages}")
said = run("lintian", "--fail-on", "error", "--allow-root", *packages)
check("E: " not in said, "lintian finds errors")

with tempfile.TemporaryDirectory() as folder:
    run("dpkg-deb", "-x", *BUILD.glob("packages/rk_*.deb"), folder)
    dead = [f"{page.relative_to(folder)}: {target}" for page in pathlib.Path(folder).rglob("*.md")
            for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()) if not (page.parent / target).exists()]
    check(not dead, f"links to what is not in the package: {dead}")

image = dict(stages(SOURCE / "Containerfile")[-1])
with tempfile.TemporaryDirectory() as folder:
    source = pathlib.Path(folder) / "src"
    shutil.copytree(SOURCE / "packaging", source / "packaging")
    shutil.copytree(BUILD / "packages", source / "build/packages")
    shutil.copytree(SOURCE / "tests/models/tokens", source / "tokens")
    shutil.copy(SOURCE / "tests/models/tokens.onnx", source / "tokens")
    before = set(os.listdir(folder))
    said = run(SOURCE / "scripts/bare-root", "-", f"/src={source}", "bash", "-c",
               INSIDE.format(step=image["RUN"].split(maxsplit=1)[1], user=image["USER"], entrypoint="rk-run"),
               env={**os.environ, "TMPDIR": folder})
    check(set(os.listdir(folder)) == before, f"left behind: {os.listdir(folder)}")
check("300 decisions, 256 approved" in said, "the credit example does not decide")
check("300 decisions, 243 approved" in said, "its trees do not")
check('{"mask":[1,1,1,1,1,1,1]}' in said or '{"mask":[1,1,1,1,1,1,1,1]}' in said, "it makes no tokens")
check("credit could start" in said, "the pipeline of examples/deploy could not start")
check("rk-run 0." in said, "rk-run does not say its version")
