"""Nodes of a control plane (control_plane.py) whose pods are processes of this machine (pod.py)."""

import base64
import datetime
import shutil
import tempfile
import threading
import time
import traceback
from pathlib import Path

from control_plane import Refused
from pod import Pod, write_volume

BETWEEN_TURNS_S = 0.3
HEARTBEAT_S = 5


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class Kubelet:
    """Of a number of nodes, in a thread of its own: starts the pods that are bound to them, probes, restarts and ends them,
    and tells the API server. None of it outlives the `with` block."""

    def __init__(self, api, nodes):
        self.api = api
        self.nodes = [f"node-{number}" for number in range(nodes)]
        self.pods = {}  # by uid
        self.exits = []  # (pod, status) of those that were told to end
        self.restarts = 0
        self.ending = set()
        self.probed_at = {}
        self.was_ready = {}
        self.heard_at = 0.0
        self.folder = Path(tempfile.mkdtemp(prefix="rk-"))
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def __enter__(self):
        for name in self.nodes:
            self.api.ask("POST", "/api/v1/nodes", {
                "apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}},
                "status": self.node_status()})
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
        for pod in self.pods.values():
            pod.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def node_status(self):
        room = {"cpu": "4", "memory": "8Gi", "pods": "20", "ephemeral-storage": "20Gi"}
        return {"capacity": room, "allocatable": room,
                "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "",
                                "lastHeartbeatTime": now(), "lastTransitionTime": now()}]}

    def run(self):
        while not self.over.is_set():
            try:
                self.turn()
            except (OSError, Refused):  # seen again at the next turn
                traceback.print_exc()
            self.over.wait(BETWEEN_TURNS_S)

    def turn(self):
        if time.monotonic() - self.heard_at > HEARTBEAT_S:
            self.heard_at = time.monotonic()
            for name in self.nodes:
                self.api.merge(f"/api/v1/nodes/{name}/status", {"status": self.node_status()})
        for found in self.api.ask("GET", "/api/v1/pods")["items"]:
            if found["spec"].get("nodeName") in self.nodes:
                self.keep(found)

    def keep(self, found):
        uid, path = found["metadata"]["uid"], self.path(found)
        pod = self.pods.get(uid)
        if found["metadata"].get("deletionTimestamp"):
            return self.end(found, pod)
        if pod is None:
            self.pods[uid] = self.start(found)
            return self.tell(path, found, ready=False)
        if pod.process.poll() is not None:
            self.restarts += 1
            pod.start()
        period = pod.container["readinessProbe"]["periodSeconds"]
        if time.monotonic() - self.probed_at.get(uid, 0.0) >= min(period, 1):  # quicker than it would be
            self.probed_at[uid] = time.monotonic()
            ready = pod.probe("readinessProbe") == 0
            if self.was_ready.get(uid) != ready:
                self.was_ready[uid] = ready
                self.tell(path, found, ready)

    def path(self, found):
        return f"/api/v1/namespaces/{found['metadata']['namespace']}/pods/{found['metadata']['name']}"

    def start(self, found):
        meta, spec = found["metadata"], found["spec"]
        folder = self.folder / meta["uid"][:8]  # there are sockets in it, whose paths are short
        mounts = {mount["name"]: mount["mountPath"].lstrip("/") for mount in spec["containers"][0]["volumeMounts"]}
        for volume in spec["volumes"]:
            write_volume(folder / mounts[volume["name"]], self.files(meta["namespace"], volume))
        return Pod(spec, folder, meta["name"])

    def files(self, namespace, volume):
        if "configMap" in volume:
            return self.api.ask("GET", f"/api/v1/namespaces/{namespace}/configmaps/{volume['configMap']['name']}")["data"]
        if "secret" in volume:
            data = self.api.ask("GET", f"/api/v1/namespaces/{namespace}/secrets/{volume['secret']['secretName']}")["data"]
            return {name: base64.b64decode(text).decode() for name, text in data.items()}
        return {}

    def tell(self, path, found, ready):
        state = {"name": found["spec"]["containers"][0]["name"], "image": "rk", "imageID": "rk", "ready": ready, "started": True,
                 "restartCount": 0, "state": {"running": {"startedAt": now()}}}
        conditions = [{"type": kind, "status": str(ready if kind.endswith("Ready") else True), "lastTransitionTime": now()}
                      for kind in ("PodScheduled", "Initialized", "ContainersReady", "Ready")]
        self.api.merge(f"{path}/status", {"status": {"phase": "Running", "startTime": now(), "podIP": "10.0.0.1",
                                                     "conditions": conditions, "containerStatuses": [state]}})

    def end(self, found, pod):
        """Not waited for: the others are looked after meanwhile."""
        uid = found["metadata"]["uid"]
        if pod is not None and pod.process.poll() is None:
            if uid not in self.ending:
                self.ending.add(uid)
                pod.terminate()
                self.tell(self.path(found), found, ready=False)
            return
        if pod is not None:
            self.exits.append((pod.name, pod.process.returncode))
            del self.pods[uid]
        self.api.ask("DELETE", self.path(found), {"gracePeriodSeconds": 0, "preconditions": {"uid": uid}})
