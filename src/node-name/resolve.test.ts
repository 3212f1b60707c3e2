// The node's name on directories that play nodes: files as the programs' installers and people write them.

import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { defaultConfig } from "../config/defaults.ts";
import { machineHostname } from "../sys/hostname.ts";
import { fakeClock, type TempRoot, tempRoot, testSystem } from "../sys/testing.ts";
import { disputeSentence, placeWords } from "./node-name-answer.ts";
import { resolveNodeName } from "./resolve.ts";
import { certificates } from "./testing.ts";

const loaded = { config: defaultConfig, origins: new Map() };
const key = `-----BEGIN EC PRIVATE KEY-----\n${"K".repeat(64)}\n-----END EC PRIVATE KEY-----\n`;
const pem = "/var/lib/kubelet/pki/kubelet-client-2026-01-01-00-00-00.pem";
const currentPem = "/var/lib/kubelet/pki/kubelet-client-current.pem";
const k3sPem = "/var/lib/rancher/k3s/agent/client-kubelet.crt";
const k3sUnit = (args: string): string =>
  `[Service]\nEnvironmentFile=-/etc/default/%N\nEnvironmentFile=-/etc/systemd/system/k3s.service.env\nExecStartPre=-/sbin/modprobe overlay\nExecStart=/usr/local/bin/k3s \\\n    ${args}\n`;
const kubeletUnit = `[Service]
Environment="KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf"
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
EnvironmentFile=-/etc/default/kubelet
ExecStart=
ExecStart=/usr/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS
`;
const kubeadmNode = {
  "/usr/lib/systemd/system/kubelet.service": "[Service]\nExecStart=/usr/bin/kubelet\n",
  "/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf": kubeletUnit,
};

function nodeOf(files: Readonly<Record<string, string>>, prepare: (root: TempRoot) => void = () => {}): TempRoot {
  const root = tempRoot();
  root.write("/etc/hostname", "ip-10-0-0-7\n");
  for (const [path, content] of Object.entries(files)) root.write(path, content);
  prepare(root);
  return root;
}

const linkPem = (root: TempRoot): void => {
  root.write(pem, certificates["worker-8"] + key, 0o600);
  fs.symlinkSync(pem, root.path + currentPem);
};

function resolve(root: TempRoot, env: Readonly<Record<string, string>> = {}) {
  return resolveNodeName(testSystem(root, { env, clock: fakeClock() }), { flag: undefined, loaded });
}

describe("resolveNodeName() on a node", () => {
  test.each<[string, Readonly<Record<string, string>>, ((root: TempRoot) => void) | undefined, string]>([
    ["with a host name only", {}, undefined, "ip-10-0-0-7 of /etc/hostname"],
    [
      "of kubeadm join --node-name",
      {
        ...kubeadmNode,
        "/var/lib/kubelet/kubeadm-flags.env":
          'KUBELET_KUBEADM_ARGS="--container-runtime-endpoint=unix:///run/containerd/containerd.sock --hostname-override=worker-7"\n',
      },
      undefined,
      "worker-7 of --hostname-override of the kubelet (/var/lib/kubelet/kubeadm-flags.env:1)",
    ],
    [
      "whose /etc/default/kubelet comes after kubeadm's flags",
      {
        ...kubeadmNode,
        "/var/lib/kubelet/kubeadm-flags.env": 'KUBELET_KUBEADM_ARGS="--hostname-override=worker-7"\n',
        "/etc/default/kubelet": "# ours\nKUBELET_EXTRA_ARGS=--hostname-override=Worker-9\n",
      },
      undefined,
      "worker-9 of --hostname-override of the kubelet (/etc/default/kubelet:2)",
    ],
    [
      "that kubeadm has joined",
      {
        ...kubeadmNode,
        "/etc/kubernetes/kubelet.conf": "apiVersion: v1\nkind: Config\nusers:\n- name: default-auth\n",
      },
      linkPem,
      `worker-8 of certificate of the kubelet (${currentPem})`,
    ],
    [
      "of k3s",
      { [k3sPem]: certificates["worker-7.example"] },
      undefined,
      `worker-7.example of certificate of the kubelet of k3s (${k3sPem})`,
    ],
    [
      "of k3s before its first start, named in config.yaml",
      { "/etc/rancher/k3s/config.yaml": "token: s\nnode-name: edge-1\n" },
      undefined,
      "edge-1 of node-name of k3s (/etc/rancher/k3s/config.yaml:2)",
    ],
    [
      "named in a drop-in",
      {
        "/etc/rancher/k3s/config.yaml": "node-name: edge-1\n",
        "/etc/rancher/k3s/config.yaml.d/50-a.yaml": "node-name: edge-2\n",
      },
      undefined,
      "edge-2 of node-name of k3s (/etc/rancher/k3s/config.yaml.d/50-a.yaml:1)",
    ],
    [
      "named on the unit's command line",
      {
        "/etc/systemd/system/k3s.service": k3sUnit("agent '--node-name' 'edge-3'"),
        "/etc/rancher/k3s/config.yaml": "node-name: edge-1\n",
      },
      undefined,
      "edge-3 of node-name of k3s (/etc/systemd/system/k3s.service:6)",
    ],
    [
      "named by K3S_NODE_NAME in the unit's environment",
      {
        "/etc/systemd/system/k3s.service": k3sUnit("server"),
        "/etc/systemd/system/k3s.service.env": "K3S_NODE_NAME='edge-4'\n",
      },
      undefined,
      "edge-4 of node-name of k3s (/etc/systemd/system/k3s.service.env:1)",
    ],
    [
      "named with its id",
      { "/etc/rancher/k3s/config.yaml": "with-node-id: true\n", "/etc/rancher/node/id": "0a1b2c3d\n" },
      undefined,
      "ip-10-0-0-7-0a1b2c3d of node-name of k3s (/etc/rancher/k3s/config.yaml:1)",
    ],
    [
      "named with its id by a flag without a value",
      {
        "/etc/systemd/system/k3s.service": k3sUnit("agent --with-node-id --node-name edge-5"),
        "/etc/rancher/node/id": "0a1b2c3d\n",
      },
      undefined,
      "edge-5-0a1b2c3d of node-name of k3s (/etc/systemd/system/k3s.service:6)",
    ],
    [
      "of RKE2",
      { "/etc/rancher/rke2/config.yaml": "node-name: edge-6\nkubelet-arg:\n  - hostname-override=edge-7\n" },
      undefined,
      "edge-7 of kubelet-arg of RKE2 (/etc/rancher/rke2/config.yaml:3)",
    ],
    [
      "of kubeadm's file",
      {
        "/etc/kubernetes/kubeadm-config.yaml":
          "apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\nnodeRegistration:\n  name: cp-1\n",
      },
      undefined,
      "cp-1 of nodeRegistration.name of kubeadm (/etc/kubernetes/kubeadm-config.yaml:4)",
    ],
  ])("%s", (_, files, prepare, expected) => {
    using root = nodeOf(files, prepare);
    const { name, from } = resolve(root);
    expect(`${name} of ${placeWords(from)}`).toBe(expected);
  });

  test("says that a kubelet's flag and its certificate differ, each with its file", () => {
    using root = nodeOf(
      { ...kubeadmNode, "/etc/default/kubelet": "KUBELET_EXTRA_ARGS=--hostname-override=worker-9\n" },
      linkPem,
    );
    expect(disputeSentence(resolve(root))).toBe(
      `"worker-8" of certificate of the kubelet (${currentPem}) is taken as this node's name, but --hostname-override of the kubelet ` +
        '(/etc/default/kubelet:1) says "worker-9". Correct or remove the one that is not what kubectl get nodes shows, or set nodeName to that',
    );
    expect(disputeSentence(resolve(root, { NODE_NAME: "worker-8" }))).toContain(
      '"worker-8" of environment NODE_NAME is taken',
    );
    expect(disputeSentence(resolve(root, { NODE_NAME: "worker-9" }))).toContain(
      `certificate of the kubelet (${currentPem}) says "worker-8"`,
    );
  });

  test("names the files it was read from, also those that are not there yet", () => {
    using root = nodeOf(kubeadmNode);
    const { files } = resolve(root);
    for (const file of [
      k3sPem,
      currentPem,
      "/etc/kubernetes/kubelet.conf",
      "/etc/hostname",
      "/etc/kubernetes/kubeadm-config.yaml",
    ]) {
      expect(files).toContain(file);
    }
    expect(files).toContain("/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf");
  });

  test("falls back to the kernel's name where nothing is written", () => {
    using root = tempRoot();
    expect(resolve(root).name).toBe(machineHostname()?.toLowerCase() ?? "");
  });

  test("says what is no file, and goes on", () => {
    using root = nodeOf({
      "/etc/kubernetes/kubelet.conf/a": "",
      [`${k3sPem}/a`]: "",
      "/etc/kubernetes/kubeadm-config.yaml/a": "",
    });
    const { name, doubts } = resolve(root);
    expect([name, doubts.map(({ reason }) => reason)]).toEqual([
      "ip-10-0-0-7",
      Array(3).fill("cannot be read: it is a folder"),
    ]);
  });
});
