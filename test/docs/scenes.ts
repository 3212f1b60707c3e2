// The nodes that the examples of the documentation come from: what is on their disks and what has been done there before.

import { certificates } from "../../src/node-name/testing.ts";
import { kubeadmFiles } from "../harness/kubeadm.ts";

export interface Scene {
  readonly page: string;
  /** The heading of level 2 that the block stands under; "" above the first. */
  readonly section: string;
  /** The first command of a `console` block, or the one whose answer a `json` block shows. */
  readonly command: string;
  /** Host name. @default "node-1" */
  readonly name?: string;
  readonly files: Readonly<Record<string, string>>;
  /** A shell script that runs before. */
  readonly before?: string;
  /** Exit codes of the block's commands, where they are not 0. */
  readonly exits?: Readonly<Record<string, number>>;
  /** Whether only keys and types of the document are as shown. */
  readonly onlyShape?: boolean;
}

const podNode = {
  ...kubeadmFiles(),
  "/var/lib/kubelet/config.yaml":
    "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\npodCIDR: 10.244.1.0/24\n",
};
const flannelEnv =
  "FLANNEL_NETWORK=10.244.0.0/16\nFLANNEL_SUBNET=10.244.3.1/24\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n";
const flannelConflist = `${JSON.stringify({
  cniVersion: "0.3.1",
  name: "cbr0",
  plugins: [{ type: "flannel", delegate: { hairpinMode: true, isDefaultGateway: true } }],
})}\n`;
const controllerManager = `apiVersion: v1
kind: Pod
spec:
  containers:
    - command:
        - kube-controller-manager
        - --allocate-node-cidrs=true
        - --cluster-cidr=10.244.0.0/16
`;
const workerFiles = {
  "/run/flannel/subnet.env": flannelEnv,
  "/var/lib/kubelet/config.yaml":
    "kind: KubeletConfiguration\napiVersion: kubelet.config.k8s.io/v1beta1\npodCIDR: 10.244.3.9/24\n",
  "/etc/kubernetes/manifests/kube-controller-manager.yaml": controllerManager,
  "/var/lib/kubelet/pki/kubelet-client-current.pem": certificates["worker-8"],
  "/var/lib/kubelet/kubeadm-flags.env": 'KUBELET_KUBEADM_ARGS="--hostname-override=worker-8"\n',
  "/etc/hostname": "ip-10-0-0-7\n",
};
const kubeadmYaml = `apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
networking:
  podSubnet: 10.244.0.0/16
  serviceSubnet: 10.96.0.0/12
controllerManager:
  extraArgs:
    - {name: node-cidr-mask-size, value: "25"}
---
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
podCIDR: 10.244.3.0/24
`;

export const scenes: readonly Scene[] = [
  { page: "docs/podcidr.md", section: "", command: "headcni podcidr", name: "ip-10-0-0-7", files: workerFiles },
  {
    page: "docs/podcidr.md",
    section: "Node or cluster",
    command: "headcni podcidr",
    files: { "/etc/headcni/config.yaml": "network:\n  podCIDR:\n    nodeLocal: 10.244.0.0/16\n" },
    before: "ip link add eth0 type veth peer name far && ip address add 10.244.1.7/24 dev eth0",
    exits: { "headcni podcidr": 3 },
  },
  {
    page: "docs/podcidr.md",
    section: "`headcni podcidr -o json`",
    command: "headcni podcidr -o json",
    name: "ip-10-0-0-7",
    files: workerFiles,
  },
  {
    page: "docs/podcidr.md",
    section: "`headcni podcidr inspect`",
    command: "headcni podcidr inspect kubeadm.yaml kube-controller-manager.yaml",
    files: { "/kubeadm.yaml": kubeadmYaml, "/kube-controller-manager.yaml": controllerManager },
  },
  {
    page: "docs/podcidr.md",
    section: "`headcni podcidr inspect`",
    command: "headcni podcidr inspect -o json kube-controller-manager.yaml",
    files: { "/kube-controller-manager.yaml": controllerManager },
  },
  {
    page: "docs/conflist.md",
    section: "What it says",
    command: "headcni conflist render",
    files: podNode,
  },
  {
    page: "docs/conflist.md",
    section: "Which folders",
    command: "headcni config explain | grep Dir",
    files: {
      "/etc/crio/crio.conf.d/10-network.conf":
        '[crio.network]\nnetwork_dir = "/etc/crio/net.d"\nplugin_dirs = ["/opt/crio/cni"]\n',
    },
  },
  {
    page: "docs/conflist.md",
    section: "How it is written",
    command: "headcni conflist install --verbose",
    files: { ...podNode, "/etc/cni/net.d/10-flannel.conflist": flannelConflist },
  },
  {
    page: "docs/conflist.md",
    section: "Other CNIs' files",
    command: "headcni conflist backups",
    files: { ...podNode, "/etc/cni/net.d/10-flannel.conflist": flannelConflist },
    before: "headcni conflist install && echo {} >/etc/cni/net.d/10-headcni.conflist && headcni conflist install",
  },
  {
    page: "docs/conflist.md",
    section: "Taking it back",
    command: "headcni conflist restore",
    files: { ...podNode, "/etc/cni/net.d/10-flannel.conflist": flannelConflist },
    before: "headcni conflist install",
  },
  {
    page: "docs/conflist.md",
    section: "The commands",
    command: "headcni conflist install",
    files: podNode,
    before: "rm /opt/cni/bin/host-local",
    exits: { "headcni conflist install": 4 },
  },
  {
    page: "docs/daemon.md",
    section: "Status",
    command: "headcni status -o json",
    files: podNode,
    before:
      "ip link add headcni0 type bridge && ip address add 10.244.1.1/24 dev headcni0 && setsid --fork headcni-daemon </dev/null >/dev/null 2>&1; headcni status --wait 20",
    onlyShape: true,
  },
  {
    page: "docs/plugin.md",
    section: "Configuration",
    command: "headcni conflist render",
    files: { ...podNode, "/etc/headcni/config.yaml": "cni:\n  type: headcni\n" },
  },
  {
    page: "README.md",
    section: "On a node",
    command: "headcni podcidr",
    files: podNode,
    exits: { "headcni conflist diff": 1, "headcni status": 1, "headcni mesh": 1, "headcni doctor": 1 },
  },
];
