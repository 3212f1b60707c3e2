// The kinds of nodes that docs/install.md is for, as they are before HeadCNI comes: their files, services and runtimes. containerd and
// podman are real, k3s and RKE2 are their files round a real containerd, CRI-O is its files alone.

import { expect } from "bun:test";
import { waitUntil } from "../../src/sys/testing.ts";
import { addPod, removePod } from "../daemon/pods.ts";
import { containerdConfig, containerdSocket, importTestImage } from "../harness/containerd.ts";
import { connectPods } from "../harness/cri.ts";
import { ociArchive, testImage, testImageArchive } from "../harness/image.ts";
import { kubeadmFiles } from "../harness/kubeadm.ts";
import { checkout, createNode, type Node } from "../harness/node.ts";

/** The part of the page for hosts without apt. */
export const otherDistributions = "Other distributions";

/** A pod that runs: its address, and its end. */
export interface RunningPod {
  readonly address: string;
  remove(): Promise<void>;
}

export interface NodeKind {
  /** The heading of its own part of the page. */
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
  /** Programs of `programs/` by their path in the node. */
  readonly programs?: Readonly<Record<string, string>>;
  /** What runs before HeadCNI comes. */
  start(node: Node): Promise<void>;
  /** A pod made by the node's runtime once the page has been followed. */
  runPod(node: Node): Promise<RunningPod>;
}

/**
 * One whose plugins are not installed yet, with the page's programs that cannot run here in their place. The plugins lie in /srv/cni for
 * those who bring some.
 */
export async function createBareNode({ files, programs = {} }: Pick<NodeKind, "files" | "programs">): Promise<Node> {
  const node = await createNode({ files });
  const links = { "/usr/local/sbin/systemctl": "systemctl", "/usr/local/sbin/apt-get": "apt-get", ...programs };
  const script = [
    "mount -t tmpfs none /usr/local && mkdir /usr/local/bin /usr/local/sbin",
    "mkdir -p /etc/systemd/system/multi-user.target.wants",
    "rm -r /opt",
    "mkdir -p /srv/cni && mount --bind /usr/lib/cni /srv/cni && mount -t tmpfs none /usr/lib/cni",
    `mkdir -p /srv/download && ln -s ${checkout}/dist/headcni /srv/download/headcni-linux-amd64`,
    ...Object.entries(links).map(([path, name]) => `ln -s ${checkout}/test/install/programs/${name} ${path}`),
  ];
  await node.must(["sh", "-ec", script.join("\n")]);
  return node;
}

export const nodeKinds: readonly NodeKind[] = [
  {
    name: "kubeadm",
    files: {
      ...kubeadmFiles(),
      // As Debian's package has it.
      "/etc/containerd/config.toml": containerdConfig({ confDir: "/etc/cni/net.d", binDir: "/usr/lib/cni" }),
      "/etc/cni/net.d/10-flannel.conflist":
        '{"name": "cbr0", "cniVersion": "0.3.1", "plugins": [{"type": "flannel"}]}\n',
      ...service("containerd", "/usr/bin/containerd"),
    },
    start: (node) => startService(node, "containerd"),
    runPod: (node) => criPod(node, containerdSocket),
  },
  {
    name: "k3s",
    files: {
      "/etc/rancher/k3s/config.yaml": "cluster-cidr: 10.244.0.0/16\nservice-cidr: 10.96.0.0/12\n",
      "/srv/containerd-flannel.toml": containerdConfig({
        confDir: "/var/lib/rancher/k3s/agent/etc/cni/net.d",
        binDir: "/var/lib/rancher/k3s/data/current/bin",
      }),
      "/srv/containerd-none.toml": containerdConfig(undefined),
      ...service("k3s", "/usr/local/bin/k3s server"),
    },
    programs: { "/usr/local/bin/k3s": "rancher" },
    start: async (node) => {
      await startService(node, "k3s");
      await waitUntil("k3s has brought flannel", () => node.exists(rancherSocket));
      expect(node.list("/var/lib/rancher/k3s/agent/etc/cni/net.d")).toEqual(["10-flannel.conflist"]);
      expect(await node.must(["ip", "-brief", "link"])).toContain("cni0");
    },
    runPod: (node) => criPod(node, rancherSocket),
  },
  {
    name: "RKE2",
    files: {
      "/etc/rancher/rke2/config.yaml": "cluster-cidr: 10.244.0.0/16\nservice-cidr: 10.96.0.0/12\n",
      "/srv/containerd-none.toml": containerdConfig(undefined),
      ...service("rke2-server", "/usr/local/bin/rke2 server"),
    },
    programs: { "/usr/local/bin/rke2": "rancher" },
    start: async () => undefined,
    runPod: (node) => criPod(node, rancherSocket),
  },
  {
    name: "CRI-O",
    files: {
      ...kubeadmFiles(),
      "/var/lib/kubelet/kubeadm-flags.env":
        'KUBELET_KUBEADM_ARGS="--container-runtime-endpoint=unix:///var/run/crio/crio.sock"\n',
      "/etc/crio/crio.conf.d/10-crio.conf": '[crio.runtime]\ndefault_runtime = "crun"\n',
      "/etc/cni/net.d/10-crio-bridge.conflist": `{"cniVersion": "1.0.0", "name": "crio", "plugins": [{"type": "bridge", "bridge": "cni0",
 "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.85.0.0/16"}]]}}]}\n`,
      ...service("crio", "/usr/bin/sleep infinity"),
    },
    start: (node) => startService(node, "crio"),
    runPod: async (node) => {
      // The order that the page has CRI-O look in.
      const binDirs = ["/opt/cni/bin", "/usr/lib/cni", "/usr/libexec/cni"];
      const address = await addPod(node, "pod", binDirs);
      return { address: address.replace(/\/.*/, ""), remove: () => removePod(node, "pod", binDirs) };
    },
  },
  {
    name: "podman",
    files: {
      // podman would otherwise look for systemd and overlay mounts.
      "/etc/containers/containers.conf": `[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
`,
      "/etc/containers/storage.conf": `[storage]
driver = "vfs"
runroot = "/run/containers/storage"
graphroot = "/var/lib/containers/storage"
`,
    },
    start: async () => undefined,
    runPod: podmanPod,
  },
  {
    // Fedora, with its package of plugins installed.
    name: otherDistributions,
    files: {
      ...kubeadmFiles(),
      "/etc/containerd/config.toml": containerdConfig(undefined),
      ...service("containerd", "/usr/bin/containerd"),
    },
    start: async (node) => {
      const script = "mount -t tmpfs none /usr/libexec; mkdir /usr/libexec/cni; ln -s /srv/cni/* /usr/libexec/cni/";
      await node.must(["sh", "-ec", script]);
      await startService(node, "containerd");
    },
    runPod: (node) => criPod(node, containerdSocket),
  },
];

const rancherSocket = "/run/k3s/containerd/containerd.sock";

function service(name: string, command: string): Record<string, string> {
  const unit = `[Service]\nExecStart=${command}\n\n[Install]\nWantedBy=multi-user.target\n`;
  return { [`/etc/systemd/system/${name}.service`]: unit };
}

async function startService(node: Node, name: string): Promise<void> {
  await node.must(["systemctl", "enable", "--now", name]);
}

async function criPod(node: Node, socket: string): Promise<RunningPod> {
  await importTestImage(node, socket);
  const runtime = connectPods(node, socket);
  const pod = await runtime.runPod({ name: "pod" });
  return {
    address: pod.addresses[0] ?? "",
    remove: async () => {
      await pod.remove();
      runtime[Symbol.dispose]();
    },
  };
}

async function podmanPod(node: Node): Promise<RunningPod> {
  node.write(testImageArchive, ociArchive());
  await node.must(["podman", "load", "--input", testImageArchive], { timeoutMs: 30_000 });
  const flags = ["--detach", "--name", "pod", "--network", "headcni", "--cgroup-parent", node.cgroup];
  await node.must(["podman", "run", ...flags, testImage, "sleep", "1000"], { timeoutMs: 30_000 });
  const networks = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
  const address = (await node.must(["podman", "inspect", "pod", "--format", networks])).trim();
  return { address, remove: async () => void (await node.must(["podman", "rm", "--force", "--time", "0", "pod"])) };
}
