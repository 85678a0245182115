#!/usr/bin/env python3
"""deploy/kubernetes with a real API server and its controllers: every combination of components passes a server-side
dry-run and `kubectl apply`, also with the restricted pod security standard, KEDA's CRD and those of Prometheus's operator.
Then with real rk-run processes for pods under load: a scale-up, an eviction, a rolling update and a scale-down, of which
nothing is lost and nothing comes twice; and a pod that is killed."""

import os
import pathlib
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))
import manifests
from control_plane import BIN, CRDS, ControlPlane, Refused
from fault_job import Load
from kubelet import Kubelet
from main_job import SOURCE, Broken, check, main, wait_until
from pod import pipeline_for
from silence import longest_silences

FOLDER = SOURCE / "deploy/kubernetes"
COMPONENTS = ("gpu", "keda", "model-image", "monitoring")
STATEFUL_SET = "/apis/apps/v1/namespaces/credit/statefulsets/credit"
PODS = "/api/v1/namespaces/credit/pods"
RATE = 400
LONGEST_SILENCE_S = 10


def kustomization(folder, components=(), pipeline=None, replicas=None):
    """What a user writes, as deploy/kubernetes/README.md says; returns its folder."""
    away = os.path.relpath(FOLDER, os.path.realpath(folder))
    lines = ["apiVersion: kustomize.config.k8s.io/v1beta1", "kind: Kustomization", "namespace: credit",
             f"resources: [{away}/base]", f"components: [{', '.join(f'{away}/{one}' for one in components)}]"]
    if pipeline:
        (pathlib.Path(folder) / "credit.toml").write_text(pipeline)
        lines += ["configMapGenerator:", "  - {name: credit-pipeline, behavior: replace, files: [credit.toml]}"]
    if replicas:
        lines += ["replicas:", f"  - {{name: credit, count: {replicas}}}"]
    (pathlib.Path(folder) / "kustomization.yaml").write_text("\n".join(lines) + "\n")
    return folder


def namespace(api):
    api.ask("POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {
        "name": "credit", "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}})
    wait_until(lambda: api.ask("GET", "/api/v1/namespaces/credit/serviceaccounts")["items"], 60, "the namespace is set up")


def every_combination_is_accepted(api):
    """Also strictly: an unknown field is refused, not dropped."""
    api.kubectl("apply", "-f", CRDS, "--server-side")
    wait_until(lambda: "servicemonitors" in api.kubectl("api-resources"), 30, "the CRDs are served")
    for components in ((), *((one,) for one in COMPONENTS), COMPONENTS):
        with tempfile.TemporaryDirectory() as folder:
            kustomization(folder, components)
            api.kubectl("apply", "--validate=strict", "--dry-run=server", "-k", folder)
            api.kubectl("apply", "--validate=strict", "-k", folder)
            # The pods of a set are made by its controller: the security standard refuses them, not the set.
            wait_until(lambda: len(api.ask("GET", PODS)["items"]) > 0, 30, f"there are pods with {components}")
            api.kubectl("delete", "-k", folder, "--wait=true")
            for pod in api.ask("GET", PODS)["items"]:  # there is no kubelet yet
                api.ask("DELETE", f"{PODS}/{pod['metadata']['name']}", {"gracePeriodSeconds": 0})


def is_settled(api, replicas):
    found = api.ask("GET", STATEFUL_SET)
    status = found["status"]
    return (status.get("observedGeneration") == found["metadata"]["generation"] and
            [status.get(key) for key in ("replicas", "readyReplicas", "updatedReplicas")] == [replicas] * 3 and
            status["currentRevision"] == status["updateRevision"] and len(api.ask("GET", PODS)["items"]) == replicas)


def wait_settled(api, replicas, what):
    began = time.monotonic()
    wait_until(lambda: is_settled(api, replicas), 180, what)
    print(f"  {what}: {time.monotonic() - began:.1f} s", flush=True)


def apply(api, pipeline, replicas, what):
    with tempfile.TemporaryDirectory() as folder:
        api.kubectl("apply", "--validate=strict", "-k", kustomization(folder, pipeline=pipeline, replicas=replicas))
    wait_settled(api, replicas, what)


def evict(api, pod):
    """What `kubectl drain` asks for; the status of the answer."""
    try:
        api.ask("POST", f"{PODS}/{pod}/eviction", {"apiVersion": "policy/v1", "kind": "Eviction",
                                                   "metadata": {"name": pod, "namespace": "credit"}})
    except Refused as error:
        return error.status
    return 201


def one_pod_at_a_time_is_evicted(api):
    wait_until(lambda: evict(api, "credit-0") == 201, 30, "a pod may be evicted")
    check(evict(api, "credit-1") == 429, "a second pod may be evicted while the first is away")


class World:
    """Nodes, topics, and what the pods need that is not in the repository."""

    def __init__(self, kafka, api):
        self.kafka, self.api = kafka, api
        self.source = kafka.topic(4)
        self.output = kafka.topic(4, message_timestamp_type="LogAppendTime")
        self.group = f"g-{self.source}"
        base = manifests.find(manifests.render(FOLDER / "base"), "ConfigMap", "credit-pipeline")["data"]["credit.toml"]
        self.pipeline = pipeline_for(base, self.source, f"{self.output} --partition same", self.group)
        api.kubectl("create", "secret", "generic", "credit-kafka", "-n", "credit",
                    f"--from-literal=kafka.conf=bootstrap.servers={kafka.brokers}\n")
        api.kubectl("apply", "-f", "-", stdin=VOLUME)

    def check(self, *options):
        wait_until(lambda: self.kafka.written(self.output) >= self.kafka.written(self.source), 60, "all is written")
        self.kafka.wait_committed(self.group, self.source)
        return self.kafka.compare(self.source, self.output, "--by", "id", "--ignore-timestamps", "--group", self.group, *options)


VOLUME = """
apiVersion: v1
kind: PersistentVolume
metadata: {name: models}
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadOnlyMany]
  storageClassName: ""
  claimRef: {namespace: credit, name: credit-models}
  hostPath: {path: /models}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: credit-models, namespace: credit}
spec:
  accessModes: [ReadOnlyMany]
  storageClassName: ""
  volumeName: models
  resources: {requests: {storage: 1Gi}}
"""


def changes_under_load(kafka, api, kubelet):
    """Of what Kubernetes does to pods by itself, nothing comes twice."""
    world = World(kafka, api)
    apply(api, world.pipeline, 2, "the first two pods")
    with Load(kafka, world.source, RATE) as load:
        time.sleep(3)
        apply(api, world.pipeline, 3, "from two pods to three")
        one_pod_at_a_time_is_evicted(api)
        wait_settled(api, 3, "the evicted pod is back")
        changed = world.pipeline.replace("max = 4", "max = 3")
        apply(api, changed, 3, "a rolling update")
        apply(api, changed, 1, "from three pods to one")
        time.sleep(3)
        load.stop()
    found = world.check()
    silences = longest_silences(kafka, world.output)
    check(max(silences) < LONGEST_SILENCE_S, f"partitions were silent for {silences} s")
    print(f"  {found['input']} records, longest silence of each partition: {silences} s")
    check(kubelet.restarts == 0 and {status for _, status in kubelet.exits} == {0}, f"pods ended with {kubelet.exits}")
    check(len(kubelet.exits) == 1 + 3 + 2, f"{kubelet.exits} is not an eviction, an update of three and a scale-down by two")
    return world


def a_killed_pod_comes_back(api, kubelet, world):
    """Under its name, so it has its partitions at once; only what it had in flight comes twice."""
    apply(api, world.pipeline, 2, "two pods with another pipeline")
    with Load(world.kafka, world.source, RATE, "--first-id", str(10**9)) as load:
        time.sleep(3)
        next(pod for pod in kubelet.pods.values() if pod.name == "credit-1").process.kill()
        wait_until(lambda: kubelet.restarts == 1, 10, "it is started again")
        time.sleep(1)
        wait_settled(api, 2, "a killed pod is back")
        load.stop()
    world.check("--allow-duplicates")


def tell(api, kubelet):
    """What there is, for who looks for a failure's reason."""
    for what in (("pods", "-o", "wide"), ("events",)):
        print(api.kubectl("get", *what, "-n", "credit"), file=sys.stderr)
    for pod in kubelet.pods.values():
        print(f"--- {pod.name}:\n{pod.log()[-3000:]}", file=sys.stderr)


def on_a_real_control_plane(kafka):
    with ControlPlane() as api:
        namespace(api)
        every_combination_is_accepted(api)
        with Kubelet(api, 3) as kubelet:
            try:
                a_killed_pod_comes_back(api, kubelet, changes_under_load(kafka, api, kubelet))
            except Broken:
                tell(api, kubelet)
                raise


if __name__ == "__main__":
    if not BIN.exists():
        print(f"there is no {BIN}: scripts/setup --soak builds it")
        sys.exit(77)
    sys.exit(main(on_a_real_control_plane))
