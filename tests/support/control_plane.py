"""A real control plane of Kubernetes (scripts/deps/kubernetes) on loopback, without a node: tests/support/kubelet.py
makes some."""

import contextlib
import json
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import tempfile
import urllib.error
import urllib.request

from main_job import DEPS, check, wait_until

BIN = DEPS / "kubernetes/bin"
CRDS = DEPS / "kubernetes/crds"
TOKEN = "administrator"


def free_ports(count):
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


class Refused(Exception):
    """What the API server said to a request, with its status."""

    def __init__(self, status, text):
        super().__init__(f"{status}: {text}")
        self.status = status


class ControlPlane:
    """etcd, kube-apiserver, kube-controller-manager and kube-scheduler; none outlives the `with` block."""

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="rk-control-plane-"))
        self.processes = []
        client, peer, port = free_ports(3)
        self.url = f"https://127.0.0.1:{port}"
        self.tls = ssl.create_default_context()
        self.tls.check_hostname, self.tls.verify_mode = False, ssl.CERT_NONE
        try:
            self.write_files()
            self.start("etcd", f"--data-dir={self.folder}/etcd", "--unsafe-no-fsync",
                       f"--listen-client-urls=http://127.0.0.1:{client}",
                       f"--advertise-client-urls=http://127.0.0.1:{client}",
                       f"--listen-peer-urls=http://127.0.0.1:{peer}", f"--initial-advertise-peer-urls=http://127.0.0.1:{peer}",
                       f"--initial-cluster=default=http://127.0.0.1:{peer}")
            self.start("kube-apiserver", f"--etcd-servers=http://127.0.0.1:{client}", "--bind-address=127.0.0.1",
                       f"--secure-port={port}", f"--cert-dir={self.folder}/certs", f"--token-auth-file={self.folder}/tokens.csv",
                       "--service-account-issuer=https://kubernetes.default.svc",
                       f"--service-account-key-file={self.folder}/accounts.key",
                       f"--service-account-signing-key-file={self.folder}/accounts.key",
                       "--service-cluster-ip-range=10.0.0.0/24", "--authorization-mode=RBAC",
                       "--feature-gates=ImageVolume=true")
            wait_until(self.answers, 120, "the API server is ready")
            common = (f"--kubeconfig={self.folder}/kubeconfig", "--leader-elect=false", "--secure-port=0")
            self.start("kube-controller-manager", *common, f"--service-account-private-key-file={self.folder}/accounts.key")
            self.start("kube-scheduler", *common)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.kill()
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def write_files(self):
        subprocess.run(["openssl", "genrsa", "-out", self.folder / "accounts.key", "2048"], check=True, capture_output=True)
        (self.folder / "tokens.csv").write_text(f"{TOKEN},administrator,1,system:masters\n")
        (self.folder / "kubeconfig").write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "here",
            "clusters": [{"name": "here", "cluster": {"server": self.url, "insecure-skip-tls-verify": True}}],
            "users": [{"name": "administrator", "user": {"token": TOKEN}}],
            "contexts": [{"name": "here", "context": {"cluster": "here", "user": "administrator"}}]}))

    def start(self, program, *arguments):
        check((BIN / program).exists(), f"there is no {BIN / program}: run scripts/setup --soak")
        with open(self.folder / f"{program}.log", "w") as log:
            self.processes.append(subprocess.Popen([BIN / program, *arguments], stdout=log, stderr=subprocess.STDOUT))

    def answers(self):
        for process in self.processes:
            check(process.poll() is None, f"{process.args[0].name} ended with {process.returncode}, see {self.tail(process)}")
        try:
            return self.ask("GET", "/readyz") is not None
        except (OSError, Refused):
            return False

    def tail(self, process):
        return (self.folder / f"{process.args[0].name}.log").read_text()[-2000:]

    def ask(self, method, path, body=None, kind="application/json"):
        """What the API answers, as JSON where it is that; throws Refused."""
        request = urllib.request.Request(self.url + path, method=method, data=None if body is None else json.dumps(body).encode(),
                                         headers={"Authorization": f"Bearer {TOKEN}", "Content-Type": kind})
        try:
            with urllib.request.urlopen(request, context=self.tls, timeout=30) as answer:
                text = answer.read().decode()
        except urllib.error.HTTPError as error:
            raise Refused(error.code, error.read().decode()) from None
        return json.loads(text) if text.startswith("{") else text

    def merge(self, path, body):
        return self.ask("PATCH", path, body, "application/merge-patch+json")

    def kubectl(self, *arguments, stdin=None):
        """Its output; it must succeed."""
        done = subprocess.run([BIN / "kubectl", f"--kubeconfig={self.folder}/kubeconfig", *map(str, arguments)], input=stdin,
                              env={**os.environ, "HOME": str(self.folder)}, capture_output=True, text=True, timeout=120)
        check(done.returncode == 0, f"kubectl {' '.join(map(str, arguments))}: {done.stdout}{done.stderr}")
        return done.stdout
