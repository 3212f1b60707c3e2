// A node that joins a cluster: containerd, kubelet and kube-proxy, as a kubeadm node has them.

import * as fs from "node:fs";
import { containerdSocket, startContainerd } from "../containerd.ts";
import type { Node, NodeProcess } from "../node.ts";
import { type ControlPlane, clusterCIDR, nodeUser, type TokenUser } from "./control-plane.ts";
import { installProgram } from "./programs.ts";

export const kubeletConfig = "/etc/kubernetes/kubelet.conf";
export const proxyUser: TokenUser = { name: "system:kube-proxy", groups: [] };

export interface Worker {
  readonly node: Node;
  containerd: NodeProcess;
  kubelet: NodeProcess;
  /** Each starts the program again after it ended. */
  startContainerd(): Promise<void>;
  startKubelet(): Promise<void>;
  startProxy(): Promise<void>;
}

export interface WorkerOptions {
  readonly programs: ReadonlyMap<string, string>;
  /** The node's own address on the network of the nodes. */
  readonly address: string;
}

/** Resolves when its programs run; the kubelet registers the Node by itself. */
export async function startWorker(node: Node, plane: ControlPlane, options: WorkerOptions): Promise<Worker> {
  await prepare(node);
  node.write(kubeletConfig, plane.kubeconfig(nodeUser(node.name)));
  await node.must(["chmod", "600", kubeletConfig]);
  node.write("/var/lib/kubelet/config.yaml", JSON.stringify(kubeletSettings(node.cgroup)));
  node.write("/etc/kubernetes/kube-proxy.conf", plane.kubeconfig(proxyUser));
  node.write("/var/lib/kube-proxy/config.yaml", JSON.stringify(proxySettings(node.name)));
  const kubelet = installProgram(node, options.programs, "kubelet");
  const proxy = installProgram(node, options.programs, "kube-proxy");
  const runKubelet = (): Promise<NodeProcess> =>
    node.spawn([
      kubelet,
      "--config=/var/lib/kubelet/config.yaml",
      `--kubeconfig=${kubeletConfig}`,
      `--hostname-override=${node.name}`,
      `--node-ip=${options.address}`,
    ]);
  const worker: Worker = {
    node,
    containerd: await startContainerd(node),
    kubelet: await runKubelet(),
    startContainerd: async () => {
      worker.containerd = await startContainerd(node);
    },
    startKubelet: async () => {
      worker.kubelet = await runKubelet();
    },
    startProxy: async () => {
      await node.spawn([proxy, "--config=/var/lib/kube-proxy/config.yaml"]);
    },
  };
  await worker.startProxy();
  return worker;
}

/** What the kubelet sets in the kernel of its machine: it finds it set, since this kernel is the host's too. */
const kernelSettings = {
  "vm/overcommit_memory": "1",
  "vm/panic_on_oom": "0",
  "kernel/panic": "10",
  "kernel/panic_on_oops": "1",
  "kernel/keys/root_maxkeys": "1000000",
  "kernel/keys/root_maxbytes": "25000000",
} as const;

/** What a machine has and a node of the harness lacks. */
async function prepare(node: Node): Promise<void> {
  for (const [name, value] of Object.entries(kernelSettings)) {
    const set = `/var/lib/kernel-settings/${name.replaceAll("/", ".")}`;
    node.write(set, `${value}\n`);
    await node.must(["mount", "--bind", set, `/proc/sys/${name}`]);
  }
  await node.must(["mount", "--make-rshared", "/"]);
  // kubeadm joins no node without it.
  await node.must(["sysctl", "-qw", "net.ipv4.ip_forward=1"]);
  // A machine has the one once iptables has run, the other once a runtime has.
  node.write("/run/xtables.lock", "");
  await node.must(["mkdir", "-p", "-m", "700", "/var/lib/cni/results"]);
  node.write("/dev/kmsg", "");
  for (const hierarchy of cgroupHierarchies()) fs.mkdirSync(`${hierarchy}${node.cgroup}`, { recursive: true });
}

/** One on a machine with cgroup v2, one a controller with v1. */
function cgroupHierarchies(): readonly string[] {
  const root = "/sys/fs/cgroup";
  if (fs.existsSync(`${root}/cgroup.controllers`)) return [root];
  const names = fs.readdirSync(root).filter((name) => fs.lstatSync(`${root}/${name}`).isDirectory());
  return names.map((name) => `${root}/${name}`);
}

function kubeletSettings(cgroupRoot: string): object {
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: "AlwaysAllow" },
    containerRuntimeEndpoint: `unix://${containerdSocket}`,
    cgroupDriver: "cgroupfs",
    // Pods go straight under the node's cgroup, which is removed with the node.
    cgroupRoot,
    cgroupsPerQOS: false,
    enforceNodeAllocatable: [],
    failCgroupV1: false,
    failSwapOn: false,
    evictionHard: { "memory.available": "0%", "nodefs.available": "0%", "imagefs.available": "0%" },
    imageGCHighThresholdPercent: 100,
    localStorageCapacityIsolation: false,
    nodeStatusUpdateFrequency: "2s",
    syncFrequency: "5s",
    volumePluginDir: "/var/lib/kubelet/volume-plugins",
  };
}

function proxySettings(nodeName: string): object {
  return {
    apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
    kind: "KubeProxyConfiguration",
    clientConnection: { kubeconfig: "/etc/kubernetes/kube-proxy.conf" },
    clusterCIDR,
    hostnameOverride: nodeName,
    mode: "iptables",
    // The kernel's tables are the machine's.
    conntrack: { maxPerCore: 0, tcpEstablishedTimeout: "0s", tcpCloseWaitTimeout: "0s" },
  };
}
