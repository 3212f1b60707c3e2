import { rows } from "../testing.ts";

const kubeletHead = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n";

rows("KubeletConfiguration", [
  {
    name: "a block of this node's",
    text: `${kubeletHead}podCIDR: 10.244.3.0/24\n`,
    says: { node: ["10.244.3.0/24"] },
    kind: "kubelet",
  },
  {
    name: "both families in one string",
    text: `${kubeletHead}podCIDR: "10.244.3.0/24, fd00:10:244:3::/64"\n`,
    says: { node: ["10.244.3.0/24", "fd00:10:244:3::/64"] },
    kind: "kubelet",
  },
  {
    name: "the whole cluster's range, as people write it",
    text: `${kubeletHead}podCIDR: 10.244.0.0/16\n`,
    says: { cluster: ["10.244.0.0/16"] },
    kind: "kubelet",
  },
  {
    name: "each family by itself",
    text: `${kubeletHead}podCIDR: 10.244.0.0/16,fd00:10:244::/64\n`,
    says: { node: ["fd00:10:244::/64"], cluster: ["10.244.0.0/16"] },
    kind: "kubelet",
  },
  { name: "empty", text: `${kubeletHead}podCIDR: ""\n`, says: {}, kind: "kubelet" },
  { name: "null", text: `${kubeletHead}podCIDR: null\nclusterDNS:\n- 10.96.0.10\n`, says: {}, kind: "kubelet" },
  { name: "nothing behind the colon", text: `${kubeletHead}podCIDR:\n`, says: {}, kind: "kubelet" },
  { name: "in a comment only", text: `${kubeletHead}# podCIDR: 10.244.3.0/24\n`, says: {}, kind: "kubelet" },
  { name: "a shell variable", text: `${kubeletHead}podCIDR: "\${POD_CIDR}"\n`, says: {}, kind: "kubelet" },
  { name: "a template", text: `${kubeletHead}podCIDR: "{{ pod_cidr }}"\n`, says: {}, kind: "kubelet" },
  { name: "a template without quotes", text: `${kubeletHead}podCIDR: {{ .PodCIDR }}\n`, says: {}, kind: "kubelet" },
  { name: "a word in capitals", text: `${kubeletHead}podCIDR: SUBNET\n`, says: {}, kind: "kubelet" },
  {
    name: "as JSON",
    text: '{"kind":"KubeletConfiguration","apiVersion":"kubelet.config.k8s.io/v1beta1","podCIDR":"10.1.2.0/24"}',
    says: { node: ["10.1.2.0/24"] },
    kind: "kubelet",
  },
  {
    name: "as a kubelet answers at /configz",
    text: '{"kubeletconfig":{"podCIDR":"10.1.2.0/24","clusterDomain":"cluster.local"}}',
    says: { node: ["10.1.2.0/24"] },
    kind: "kubelet",
  },
]);

rows("kubeadm", [
  {
    name: "v1beta3 with arguments as a map",
    text: `apiVersion: kubeadm.k8s.io/v1beta3
kind: ClusterConfiguration
networking:
  dnsDomain: cluster.local
  podSubnet: 10.244.0.0/16
  serviceSubnet: 10.96.0.0/12
controllerManager:
  extraArgs:
    node-cidr-mask-size: "25"
    allocate-node-cidrs: "true"
`,
    says: { cluster: ["10.244.0.0/16"], service: ["10.96.0.0/12"], mask: { ipv4: 25 } },
    kind: "kubeadm",
  },
  {
    name: "v1beta4 with arguments as a list, the last of a name counting",
    text: `apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
controllerManager:
  extraArgs:
  - {name: cluster-cidr, value: "10.1.0.0/16"}
  - name: cluster-cidr
    value: 10.2.0.0/16,fd00:2::/56
  - name: node-cidr-mask-size-ipv4
    value: "26"
  - name: node-cidr-mask-size-ipv6
    value: "72"
apiServer:
  extraArgs:
  - name: service-cluster-ip-range
    value: 10.3.0.0/20
`,
    says: {
      cluster: ["10.2.0.0/16", "fd00:2::/56"],
      service: ["10.3.0.0/20"],
      mask: { ipv4: 26, ipv6: 72 },
    },
    kind: "kubeadm",
  },
  {
    name: "v1alpha1 with one-level argument keys",
    text: `apiVersion: kubeadm.k8s.io/v1alpha1
kind: MasterConfiguration
networking: {podSubnet: 10.244.0.0/16, serviceSubnet: 10.96.0.0/12}
controllerManagerExtraArgs: {node-cidr-mask-size: "23"}
kubeProxy: {config: {clusterCIDR: 10.244.0.0/16}}
`,
    says: { cluster: ["10.244.0.0/16"], service: ["10.96.0.0/12"], mask: { ipv4: 23 } },
    kind: "kubeadm",
  },
  {
    name: "several documents in one file",
    text: `---
apiVersion: kubeadm.k8s.io/v1beta3
kind: InitConfiguration
nodeRegistration:
  kubeletExtraArgs:
    node-ip: 192.0.2.7
---
apiVersion: kubeadm.k8s.io/v1beta3
kind: ClusterConfiguration
networking:
  podSubnet: 10.244.0.0/16
---
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
podCIDR: 10.244.9.0/24
---
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
clusterCIDR: 10.244.0.0/16
`,
    says: { node: ["10.244.9.0/24"], cluster: ["10.244.0.0/16"] },
    kind: "kubeadm",
  },
  {
    name: "a kubelet's --pod-cidr in a JoinConfiguration",
    text: `apiVersion: kubeadm.k8s.io/v1beta4
kind: JoinConfiguration
nodeRegistration:
  kubeletExtraArgs:
  - name: pod-cidr
    value: 10.244.4.0/24
`,
    says: { node: ["10.244.4.0/24"] },
    kind: "kubeadm",
  },
  {
    name: "a node mask is IPv6's where the cluster is",
    text: `apiVersion: kubeadm.k8s.io/v1beta3
kind: ClusterConfiguration
networking: {podSubnet: "fd00:1::/48", serviceSubnet: "fd00:2::/112"}
controllerManager: {extraArgs: {node-cidr-mask-size: 64}}
`,
    says: { cluster: ["fd00:1::/48"], service: ["fd00:2::/112"], mask: { ipv6: 64 } },
    kind: "kubeadm",
  },
  {
    name: "podCIDR inside the documented cluster range, equal to it",
    text: `apiVersion: kubeadm.k8s.io/v1beta3
kind: ClusterConfiguration
networking: {podSubnet: 10.244.0.0/20}
---
${kubeletHead}podCIDR: 10.244.0.0/20
`,
    says: { cluster: ["10.244.0.0/20"] },
    kind: "kubeadm",
  },
  {
    name: "Cluster API's wrapping",
    text: `apiVersion: controlplane.cluster.x-k8s.io/v1beta1
kind: KubeadmControlPlane
spec:
  kubeadmConfigSpec:
    clusterConfiguration:
      networking: {podSubnet: 10.7.0.0/16}
      controllerManager: {extraArgs: {cluster-cidr: 10.7.0.0/16}}
`,
    says: { cluster: ["10.7.0.0/16"] },
    kind: "cluster-api",
  },
]);

rows("ConfigMaps", [
  {
    name: "kubeadm-config",
    text: `apiVersion: v1
kind: ConfigMap
metadata: {name: kubeadm-config, namespace: kube-system}
data:
  ClusterConfiguration: |
    apiVersion: kubeadm.k8s.io/v1beta3
    kind: ClusterConfiguration
    networking:
      podSubnet: 10.10.0.0/16
      serviceSubnet: 10.96.0.0/12
  ClusterStatus: |
    apiEndpoints: {}
`,
    says: { cluster: ["10.10.0.0/16"], service: ["10.96.0.0/12"] },
    kind: "config-map",
  },
  {
    name: "kube-proxy, its kubeconfig beside it",
    text: `apiVersion: v1
kind: ConfigMap
data:
  config.conf: |-
    apiVersion: kubeproxy.config.k8s.io/v1alpha1
    clusterCIDR: 10.10.0.0/16
    kind: KubeProxyConfiguration
  kubeconfig.conf: |-
    apiVersion: v1
    kind: Config
    clusters: [{cluster: {server: "https://192.0.2.1:6443"}}]
`,
    says: { cluster: ["10.10.0.0/16"] },
    kind: "config-map",
  },
  {
    name: "flannel's, with a CNI configuration beside it",
    text: `kind: ConfigMap
apiVersion: v1
data:
  cni-conf.json: |
    {"name": "cbr0", "cniVersion": "0.3.1", "plugins": [{"type": "flannel", "delegate": {"isDefaultGateway": true}}]}
  net-conf.json: |
    {
      "Network": "10.244.0.0/16",
      "EnableIPv6": true,
      "IPv6Network": "fd00:244::/56",
      "Backend": {"Type": "vxlan"}
    }
`,
    says: { cluster: ["10.244.0.0/16", "fd00:244::/56"] },
    kind: "config-map",
  },
  {
    name: "a CNI configuration for every node is not this node's",
    text: `kind: ConfigMap
apiVersion: v1
data:
  10-net.conf: '{"name":"n","type":"bridge","cniVersion":"0.4.0","ipam":{"type":"host-local","subnet":"10.1.2.0/24"}}'
`,
    says: {},
    kind: "config-map",
  },
  {
    name: "Cilium's settings",
    text: `apiVersion: v1
kind: ConfigMap
metadata: {name: cilium-config}
data:
  cluster-pool-ipv4-cidr: 10.0.0.0/8
  cluster-pool-ipv4-mask-size: "24"
  k8s-require-ipv4-pod-cidr: "true"
  pod-cidr: 10.1.2.0/24
`,
    says: {},
    kind: "config-map",
  },
]);

rows("Node objects", [
  {
    name: "one Node",
    text: "apiVersion: v1\nkind: Node\nmetadata: {name: a}\nspec:\n  podCIDR: 10.244.1.0/24\n  podCIDRs:\n  - 10.244.1.0/24\n  - fd00:1::/64\n",
    says: { node: ["10.244.1.0/24", "fd00:1::/64"] },
    kind: "node",
  },
  {
    name: "a Node's range is not doubted for its size",
    text: "apiVersion: v1\nkind: Node\nmetadata: {name: a}\nspec: {podCIDR: 10.244.0.0/16}\n",
    says: { node: ["10.244.0.0/16"] },
    kind: "node",
  },
  {
    name: "of many only the one that is asked for",
    text: `apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Node, metadata: {name: a}, spec: {podCIDR: 10.244.1.0/24}}
- {apiVersion: v1, kind: Node, metadata: {name: b}, spec: {podCIDR: 10.244.2.0/24}}
`,
    says: { node: ["10.244.2.0/24"] },
    kind: "list",
    nodeName: "b",
  },
  {
    name: "of many none, when nobody says which",
    text: `apiVersion: v1
kind: NodeList
items:
- {metadata: {name: a}, spec: {podCIDR: 10.244.1.0/24}}
- {metadata: {name: b}, spec: {podCIDR: 10.244.2.0/24}}
`,
    says: {},
    kind: "node-list",
  },
  {
    name: "items of a NodeList without a kind of their own",
    text: '{"kind":"NodeList","apiVersion":"v1","items":[{"metadata":{"name":"a"},"spec":{"podCIDR":"10.244.1.0/24"}}]}',
    says: { node: ["10.244.1.0/24"] },
    kind: "node-list",
    nodeName: "a",
  },
  {
    name: "another node's",
    text: "apiVersion: v1\nkind: Node\nmetadata: {name: a}\nspec: {podCIDR: 10.244.1.0/24}\n",
    says: {},
    kind: "node",
    nodeName: "b",
  },
  {
    name: "Calico's own Node",
    text: "apiVersion: projectcalico.org/v3\nkind: Node\nmetadata: {name: a}\nspec: {podCIDR: 10.244.1.0/24}\nstatus: {podCIDRs: [10.244.1.0/24]}\n",
    says: {},
    kind: "object",
  },
  {
    name: "Cilium's node",
    text: "apiVersion: cilium.io/v2\nkind: CiliumNode\nmetadata: {name: a}\nspec: {ipam: {podCIDRs: [10.244.1.0/24]}}\n",
    says: {},
    kind: "object",
  },
  {
    name: "annotations and managed fields beside the value",
    text: `apiVersion: v1
kind: Node
metadata:
  name: a
  annotations:
    network.example/ipv4-pod-cidr: 10.9.9.0/24
  managedFields:
  - fieldsV1: {"f:spec": {"f:podCIDR": {}, "f:podCIDRs": {".": {}, 'v:"10.8.8.0/24"': {}}}}
spec: {podCIDR: 10.244.1.0/24}
status: {addresses: [{address: 192.0.2.7, type: InternalIP}]}
`,
    says: { node: ["10.244.1.0/24"] },
    kind: "node",
  },
]);

rows("k3s and RKE2", [
  {
    name: "both families in a string",
    text: "write-kubeconfig-mode: '0644'\ncluster-cidr: 10.42.0.0/16,2001:db8:42::/56\nservice-cidr: 10.43.0.0/16\n",
    says: { cluster: ["10.42.0.0/16", "2001:db8:42::/56"], service: ["10.43.0.0/16"] },
    kind: "k3s",
  },
  {
    name: "a list, and arguments of the controller manager",
    text: `cluster-cidr:
- 10.44.0.0/16
- fd00:44::/56
kube-controller-manager-arg:
- node-cidr-mask-size-ipv4=25
- "--node-cidr-mask-size-ipv6=70"
kubelet-arg: pod-cidr=10.44.7.0/24
`,
    says: { node: ["10.44.7.0/24"], cluster: ["10.44.0.0/16", "fd00:44::/56"], mask: { ipv4: 25, ipv6: 70 } },
    kind: "k3s",
  },
  {
    name: "no range at all",
    text: "disable: [traefik]\ntls-san: [x]\ntoken: abc\nnode-name: a\n",
    says: {},
    kind: "k3s",
  },
  {
    name: "k3s' former names of what it hands on",
    text: "kube-controller-arg: [node-cidr-mask-size=27, cluster-cidr=10.4.0.0/16]\nkube-cloud-controller-arg: cluster-cidr=10.5.0.0/16\n",
    says: { cluster: ["10.4.0.0/16", "10.5.0.0/16"], mask: { ipv4: 27 } },
    kind: "k3s",
  },
  {
    name: "keys that append",
    text: "cluster-cidr+: 10.45.0.0/16\nkube-controller-manager-arg+:\n- node-cidr-mask-size=26\n",
    says: { cluster: ["10.45.0.0/16"], mask: { ipv4: 26 } },
    kind: "k3s",
  },
  { name: "a bare podCIDR", text: "podCIDR: 10.42.3.0/24\n", says: { node: ["10.42.3.0/24"] }, kind: "settings" },
  { name: "a bare pod-cidr", text: "pod-cidr: 10.42.3.0/24\n", says: { node: ["10.42.3.0/24"] }, kind: "settings" },
  {
    name: "a Node without kind and version",
    text: "metadata: {name: a}\nspec:\n  podCIDR: 10.42.3.0/24\n",
    says: { node: ["10.42.3.0/24"] },
    kind: "node",
  },
  {
    name: "a part of a Node",
    text: "spec:\n  podCIDR: 10.42.3.0/24\n  podCIDRs: [10.42.3.0/24]\n",
    says: { node: ["10.42.3.0/24"] },
    kind: "node",
    nodeName: "a",
  },
  {
    name: "a description of the cluster (Canonical Kubernetes)",
    text: "cluster-config: {network: {enabled: true}}\npod-cidr: 10.1.0.0/18\nservice-cidr: 10.152.183.0/24\n",
    says: { cluster: ["10.1.0.0/18"], service: ["10.152.183.0/24"] },
    kind: "k3s",
  },
  {
    name: "a values file, in which kind means something else",
    text: "kind: Deployment\nreplicas: 1\nnetworking: {enabled: true, clusterCIDR: 10.244.0.0/16}\n",
    says: { cluster: ["10.244.0.0/16"] },
    kind: "settings",
  },
  {
    name: "Cilium's booleans",
    text: "require-ipv4-pod-cidr: true\nannounce:\n  pod-cidr: true\npod-cidr: true\n",
    says: {},
    kind: "settings",
  },
]);

rows("flannel", [
  {
    name: "subnet.env: a gateway's address, masked",
    text: "FLANNEL_NETWORK=10.244.0.0/16\nFLANNEL_SUBNET=10.244.3.1/24\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n",
    says: { node: ["10.244.3.0/24"], cluster: ["10.244.0.0/16"] },
    kind: "subnet-env",
  },
  {
    name: "subnet.env: both families, exported and quoted",
    text: "export FLANNEL_NETWORK=\"10.42.0.0/16\"\nFLANNEL_SUBNET='10.42.1.1/24'\nFLANNEL_IPV6_NETWORK=fd42::/56\nFLANNEL_IPV6_SUBNET=fd42:0:0:1::1/64\n",
    says: { node: ["10.42.1.0/24", "fd42:0:0:1::/64"], cluster: ["10.42.0.0/16", "fd42::/56"] },
    kind: "subnet-env",
  },
  {
    name: "subnet.env: commented out, repeated",
    text: "#FLANNEL_SUBNET=10.1.1.1/24\nFLANNEL_SUBNET=10.1.2.1/24\nFLANNEL_SUBNET=10.1.3.1/24\n",
    says: { node: ["10.1.3.0/24"] },
    kind: "subnet-env",
  },
  {
    name: "net-conf.json as k3s writes it, IPv6 off",
    text: '{\n\t"Network": "10.42.0.0/16",\n\t"EnableIPv6": false,\n\t"EnableIPv4": true,\n\t"IPv6Network": "::/0",\n\t"Backend": {"Type": "vxlan"}\n}\n',
    says: { cluster: ["10.42.0.0/16"] },
    kind: "flannel-net-conf",
  },
  {
    name: "net-conf.json with the length of a node's block",
    text: '{"Network": "10.42.0.0/16", "SubnetLen": 25}',
    says: { cluster: ["10.42.0.0/16"], mask: { ipv4: 25 } },
    kind: "flannel-net-conf",
  },
  {
    name: "documentation that shows the file",
    text: "# Notes\n\n```\nFLANNEL_NETWORK=10.244.0.0/16\nFLANNEL_SUBNET=10.244.3.1/24\n```\n",
    says: {},
    kind: "text",
  },
]);

rows("flannel's network alone, its one key that must be there", [
  {
    name: "in a file",
    text: '{"Network": "10.7.0.0/16"}',
    says: { cluster: ["10.7.0.0/16"] },
    kind: "flannel-net-conf",
  },
  {
    name: "in its ConfigMap",
    text: 'apiVersion: v1\nkind: ConfigMap\ndata:\n  net-conf.json: |\n    {"Network": "10.7.0.0/16"}\n',
    says: { cluster: ["10.7.0.0/16"] },
    kind: "config-map",
  },
  { name: "not beside others' keys", text: '{"Network": "10.7.0.0/16", "Vlan": 3}', says: {}, kind: "unknown" },
]);

rows("CNI configurations", [
  {
    name: "host-local with a subnet",
    text: '{"cniVersion":"0.4.0","name":"bridge","type":"bridge","ipam":{"type":"host-local","subnet":"10.200.1.0/24"}}',
    says: { node: ["10.200.1.0/24"] },
    kind: "conflist",
  },
  {
    name: "a list with ranges of both families",
    text: `{
  "cniVersion": "1.0.0", "name": "k8s-pod-network",
  "plugins": [
    {"type": "ptp", "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.64.2.0/24"}], [{"subnet": "fd64:2::/64"}]]}},
    {"type": "portmap", "capabilities": {"portMappings": true}}
  ]
}`,
    says: { node: ["10.64.2.0/24", "fd64:2::/64"] },
    kind: "conflist",
  },
  {
    name: "a sample: as large as a cluster's, and still what the file gives this node",
    text: '{"cniVersion":"1.0.0","name":"containerd-net","plugins":[{"type":"bridge","ipam":{"type":"host-local","ranges":[[{"subnet":"10.88.0.0/16"}],[{"subnet":"2001:db8:4860::/64"}]]}}]}',
    says: { node: ["10.88.0.0/16", "2001:db8:4860::/64"] },
    kind: "conflist",
  },
  {
    name: "host bits, which host-local refuses",
    text: '{"cniVersion":"0.4.0","name":"x","type":"bridge","ipam":{"type":"host-local","subnet":"10.10.0.1/16"}}',
    says: {},
    kind: "conflist",
  },
  {
    name: "a delegate's",
    text: '{"cniVersion":"0.4.0","name":"x","plugins":[{"type":"flannel","delegate":{"type":"bridge","ipam":{"type":"host-local","subnet":"10.88.4.0/24"}}}]}',
    says: { node: ["10.88.4.0/24"] },
    kind: "conflist",
  },
  {
    name: "a delegate's, of a configuration without a version",
    text: '{"name":"cbr0","type":"flannel","delegate":{"bridge":"cbr0","ipam":{"type":"host-local","subnet":"10.88.5.0/24"}}}',
    says: { node: ["10.88.5.0/24"] },
    kind: "conflist",
  },
  {
    name: "multus' first delegate, whose interface is the pod's own, and none of the others",
    text: '{"name":"multus","type":"multus","delegates":[{"type":"bridge","ipam":{"type":"host-local","subnet":"10.7.3.0/24"}},{"type":"macvlan","ipam":{"type":"host-local","subnet":"10.8.3.0/24"}}]}',
    says: { node: ["10.7.3.0/24"] },
    kind: "conflist",
  },
  {
    name: "podman's private network",
    text: '{"cniVersion":"0.4.0","name":"podman","plugins":[{"type":"bridge","bridge":"cni-podman0","ipam":{"type":"host-local","ranges":[[{"subnet":"10.88.4.0/24"}]]}}]}',
    says: { node: ["10.88.4.0/24"] },
    kind: "conflist",
  },
  {
    name: "Calico's, whose ranges are not the node's",
    text: '{"cniVersion":"0.3.1","name":"k8s-pod-network","plugins":[{"type":"calico","ipam":{"type":"calico-ipam","ipv4_pools":["10.1.0.0/24"]}}]}',
    says: {},
    kind: "conflist",
  },
  {
    name: "a word that stands for the node's range",
    text: '{"cniVersion":"0.3.1","name":"x","plugins":[{"type":"calico","ipam":{"type":"host-local","subnet":"usePodCidr"}}]}',
    says: {},
    kind: "conflist",
  },
]);

rows("descriptions of clusters", [
  {
    name: "kind",
    text: `kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
networking: {podSubnet: "10.244.0.0/16,fd00:10:244::/56", serviceSubnet: 10.96.0.0/16}
kubeadmConfigPatches:
- |
  kind: ClusterConfiguration
  controllerManager:
    extraArgs: {node-cidr-mask-size-ipv4: "25"}
`,
    says: { cluster: ["10.244.0.0/16", "fd00:10:244::/56"], service: ["10.96.0.0/16"], mask: { ipv4: 25 } },
    kind: "kind",
  },
  {
    name: "kops: podCIDR is the cluster's",
    text: "apiVersion: kops.k8s.io/v1alpha2\nkind: Cluster\nspec:\n  nonMasqueradeCIDR: 10.0.0.0/8\n  podCIDR: 10.2.0.0/20\n",
    says: { cluster: ["10.2.0.0/20"] },
    kind: "kops",
  },
  {
    name: "k0s: podCIDR is the cluster's",
    text: "apiVersion: k0s.k0sproject.io/v1beta1\nkind: ClusterConfig\nspec: {network: {podCIDR: 10.3.0.0/20, serviceCIDR: 10.96.0.0/12}}\n",
    says: { cluster: ["10.3.0.0/20"], service: ["10.96.0.0/12"] },
    kind: "k0s",
  },
  {
    name: "Cluster API",
    text: "apiVersion: cluster.x-k8s.io/v1beta1\nkind: Cluster\nspec: {clusterNetwork: {pods: {cidrBlocks: [10.4.0.0/16]}, services: {cidrBlocks: [10.5.0.0/16]}}}\n",
    says: { cluster: ["10.4.0.0/16"], service: ["10.5.0.0/16"] },
    kind: "cluster-api",
  },
  {
    name: "Talos",
    text: "version: v1alpha1\nmachine: {type: worker}\ncluster: {network: {podSubnets: [10.6.0.0/16], serviceSubnets: [10.7.0.0/16]}}\n",
    says: { cluster: ["10.6.0.0/16"], service: ["10.7.0.0/16"] },
    kind: "talos",
  },
  {
    name: "k3d",
    text: "apiVersion: k3d.io/v1alpha5\nkind: Simple\noptions: {k3s: {extraArgs: [{arg: --cluster-cidr=10.8.0.0/16, nodeFilters: ['server:*']}]}}\n",
    says: { cluster: ["10.8.0.0/16"] },
    kind: "k3d",
  },
  {
    name: "RKE",
    text: "services:\n  kube-controller: {cluster_cidr: 10.9.0.0/16, service_cluster_ip_range: 10.10.0.0/16, extra_args: {node-cidr-mask-size: 25}}\n  kube-api: {service_cluster_ip_range: 10.10.0.0/16}\n",
    says: { cluster: ["10.9.0.0/16"], service: ["10.10.0.0/16"], mask: { ipv4: 25 } },
    kind: "rke",
  },
  {
    name: "an IPPool of Calico",
    text: "apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata: {name: p}\nspec: {cidr: 10.11.0.0/16, blockSize: 26}\n",
    says: {},
    kind: "object",
  },
]);

rows("workloads", [
  {
    name: "kube-controller-manager, one flag an item",
    text: `apiVersion: v1
kind: Pod
metadata: {name: kube-controller-manager}
spec:
  containers:
  - name: kube-controller-manager
    command:
    - kube-controller-manager
    - --allocate-node-cidrs=true
    # - --cluster-cidr=10.1.0.0/16
    - --cluster-cidr=10.244.0.0/16
    - --node-cidr-mask-size=24
    - --service-cluster-ip-range=10.96.0.0/12
`,
    says: { cluster: ["10.244.0.0/16"], service: ["10.96.0.0/12"], mask: { ipv4: 24 } },
    kind: "pod",
  },
  {
    name: "Calico's environment in a DaemonSet",
    text: `apiVersion: apps/v1
kind: DaemonSet
spec: {template: {spec: {containers: [{name: calico-node, env: [{name: CALICO_IPV4POOL_CIDR, value: 10.1.0.0/16}]}]}}}
`,
    says: {},
    kind: "workload",
  },
  {
    name: "--pod-cidr of a program that is no kubelet",
    text: "apiVersion: v1\nkind: Pod\nspec: {containers: [{name: gateway, image: example/gw, args: [--pod-cidr=10.1.2.0/24]}]}\n",
    says: {},
    kind: "pod",
  },
  {
    name: "--pod-cidr of a kubelet in a container",
    text: "apiVersion: v1\nkind: Pod\nspec: {containers: [{name: kubelet, args: [--pod-cidr=10.1.2.0/24]}]}\n",
    says: { node: ["10.1.2.0/24"] },
    kind: "pod",
  },
  {
    name: "a compose file that runs the control plane",
    text: "services:\n  controller:\n    command:\n      - kube-controller-manager\n      - --cluster-cidr=10.244.0.0/16\n  k3s:\n    command: server --service-cidr 10.43.0.0/16\n",
    says: { cluster: ["10.244.0.0/16"], service: ["10.43.0.0/16"] },
    kind: "settings",
  },
]);

rows("kubeconfigs", [
  {
    name: "hold nothing, whatever they hold",
    text: `apiVersion: v1
kind: Config
current-context: default
clusters:
- name: default
  cluster: {server: "https://127.0.0.1:6443", certificate-authority-data: LS0t}
users:
- name: default
  user: {client-key-data: LS0t}
podCIDR: 10.1.2.0/24
cluster-cidr: 10.1.0.0/16
`,
    says: {},
    kind: "kubeconfig",
  },
  {
    name: "those without kind",
    text: "apiVersion: v1\nclusters:\n- name: k\ncontexts: []\ncurrent-context: k\nusers:\n- name: u\npod-cidr: 10.1.2.0/24\n",
    says: {},
    kind: "kubeconfig",
  },
  {
    name: "broken ones without kind",
    text: "apiVersion: v1\n\tclusters:\ncurrent-context: k\ncluster-cidr: 10.1.0.0/16\n",
    says: {},
    kind: "invalid-yaml",
  },
  {
    name: "broken ones too",
    text: "apiVersion: v1\nkind: Config\n\tclusters:\ncurrent-context: x\npodCIDR: 10.1.2.0/24\n- --cluster-cidr=10.1.0.0/16\n",
    says: {},
    kind: "invalid-yaml",
  },
]);
