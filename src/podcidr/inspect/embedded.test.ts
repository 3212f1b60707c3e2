import { expect, test } from "bun:test";
import { rows, warnings } from "../testing.ts";

rows("one key in many spellings", [
  {
    name: "of the cluster's and the service range",
    text: "a: {clusterCidr: 10.1.0.0/16, serviceCidr: 10.2.0.0/16}\nb: {ClusterCIDR: 10.3.0.0/16}\n",
    says: { cluster: ["10.1.0.0/16", "10.3.0.0/16"], service: ["10.2.0.0/16"] },
    kind: "settings",
  },
  {
    name: "as variables of a playbook",
    text: "CLUSTER_CIDR: 10.1.0.0/16\nkube_pods_subnet: 10.2.0.0/16\nkube_network_node_prefix: 25\nkube_pods_subnet_ipv6: fd00::/56\n",
    says: { cluster: ["10.1.0.0/16", "10.2.0.0/16"], mask: { ipv4: 25 } },
    kind: "settings",
  },
  {
    name: "but not keys that only contain it",
    text: "IPv4_CLUSTER_CIDR: 10.1.0.0/16\ncluster-pool-ipv4-cidr: 10.1.0.0/16\nclusterPoolIPv4PodCIDRList: [10.1.0.0/16]\n",
    says: {},
    kind: "unknown",
  },
]);

rows("names of installers", [
  {
    name: "in a namespace",
    text: "kubernetes::cni_pod_cidr: 10.1.0.0/24\nkubernetes::service_cidr: 10.2.0.0/16\n",
    says: { cluster: ["10.1.0.0/24"], service: ["10.2.0.0/16"] },
    kind: "settings",
  },
  {
    name: "with a block",
    text: "cluster: {networking: {pod_cidr_block: 10.1.0.0/20, service_cidr_block: 10.2.0.0/16}}\n",
    says: { cluster: ["10.1.0.0/20"], service: ["10.2.0.0/16"] },
    kind: "settings",
  },
]);

rows("a pod range deep in a document", [
  {
    name: "is the cluster's beside the service range",
    text: "apiVersion: example.org/v1\nkind: Network\nspec: {podCIDR: 10.1.2.0/24, serviceCIDR: 10.2.0.0/16}\n",
    says: { cluster: ["10.1.2.0/24"], service: ["10.2.0.0/16"] },
    kind: "object",
  },
  {
    name: "is the cluster's when it is wide, and nobody's else",
    text: "a: {podCIDR: 10.1.0.0/16}\nb: {podCidr: 10.2.3.0/24, pod_cidr: 10.4.5.0/24}\n",
    says: { cluster: ["10.1.0.0/16"] },
    kind: "settings",
  },
  {
    name: "of AKS",
    text: '{"properties": {"kubernetesConfig": {"clusterSubnet": "10.1.0.0/16,fd00::/48", "serviceCidr": "10.2.0.0/16"}}, "clusterSubnet": "10.9.0.0/16"}',
    says: { cluster: ["10.1.0.0/16", "fd00::/48"], service: ["10.2.0.0/16"] },
    kind: "settings",
  },
]);

test("a pod range of an unknown node is named in a warning", () => {
  expect(warnings("a: {podCIDR: 10.2.3.0/24}\n")).toEqual([
    "1 10.2.3.0/24: podCIDR stands where nothing says whose it is: not taken",
  ]);
});

rows("parts of a document", [
  {
    name: "Cluster API's clusterNetwork in others' objects",
    text: "apiVersion: anywhere.eks.amazonaws.com/v1alpha1\nkind: Cluster\nspec:\n  clusterNetwork:\n    pods: {cidrBlocks: [10.1.0.0/16]}\n    services: {cidrBlocks: [10.2.0.0/16]}\n",
    says: { cluster: ["10.1.0.0/16"], service: ["10.2.0.0/16"] },
    kind: "object",
  },
  {
    name: "OpenShift's networking, also of HyperShift",
    text: "apiVersion: hypershift.openshift.io/v1beta1\nkind: HostedCluster\nspec:\n  networking:\n    clusterNetwork: [{cidr: 10.128.0.0/14, hostPrefix: 23}, {cidr: 'fd01::/48', hostPrefix: 64}]\n    serviceNetwork: [{cidr: 172.30.0.0/16}]\n",
    says: { cluster: ["10.128.0.0/14", "fd01::/48"], service: ["172.30.0.0/16"], mask: { ipv4: 23, ipv6: 64 } },
    kind: "object",
  },
  {
    name: "OpenShift's of old: the length of the pod's part",
    text: "apiVersion: v1\nkind: MasterConfig\nnetworkConfig: {clusterNetworkCIDR: 10.128.0.0/14, hostSubnetLength: 9, serviceNetworkCIDR: 172.30.0.0/16}\n",
    says: { cluster: ["10.128.0.0/14"], service: ["172.30.0.0/16"], mask: { ipv4: 23 } },
    kind: "object",
  },
  {
    name: "MicroShift's lists",
    text: "network:\n  clusterNetwork:\n  - 10.42.0.0/16\n  serviceNetwork:\n  - 10.43.0.0/16\n",
    says: { cluster: ["10.42.0.0/16"], service: ["10.43.0.0/16"] },
    kind: "settings",
  },
  {
    name: "OVN-Kubernetes' values, with the length of a node's block",
    text: "podNetwork: 10.1.0.0/16/24,fd00:1::/48/64\nserviceNetwork: 10.2.0.0/16\na: {podNetwork: 10.3.0.0, serviceNetwork: 10.4.0.0}\n",
    says: { cluster: ["10.1.0.0/16", "fd00:1::/48"], service: ["10.2.0.0/16"], mask: { ipv4: 24, ipv6: 64 } },
    kind: "settings",
  },
  {
    name: "OpenShift's API server",
    text: "apiVersion: kubecontrolplane.config.openshift.io/v1\nkind: KubeAPIServerConfig\nservingInfo: {bindNetwork: tcp4}\nservicesSubnet: 172.30.0.0/16\n",
    says: { service: ["172.30.0.0/16"] },
    kind: "object",
  },
  {
    name: "a pair of pods and services",
    text: "networks: {control_plane: 192.0.2.0/24, pod: 10.1.0.0/16, service: 10.2.0.0/16}\nb: {networks: {pods: [10.3.0.0/16, 'fd00:3::/56'], services: 10.4.0.0/16}}\n",
    says: { cluster: ["10.1.0.0/16", "10.3.0.0/16", "fd00:3::/56"], service: ["10.2.0.0/16", "10.4.0.0/16"] },
    kind: "settings",
  },
  {
    name: "but no half of one, nor a pair of anything else",
    text: "a: {pod: 10.1.0.0/16, service: web}\nb: {services: 10.2.0.0/16}\nc: {pods: 110, services: 24}\nd: {pods: 10.1.0.1, services: 10.2.0.1}\n",
    says: {},
    kind: "unknown",
  },
  {
    name: "Oracle's options",
    text: "options: {kubernetesNetworkConfig: {podsCidr: 10.1.0.0/16, servicesCidr: 10.2.0.0/16}}\nvpc: {servicesSubnet: 10.3.0.0/24, pods_cidr: 10.4.0.0/24}\n",
    says: { cluster: ["10.1.0.0/16"], service: ["10.2.0.0/16"] },
    kind: "settings",
  },
  {
    name: "Gardener's seeds, wherever they stand",
    text: `apiVersion: core.gardener.cloud/v1beta1
kind: Seed
spec: {networks: {nodes: 10.0.0.0/16, pods: 10.1.0.0/16, services: 10.2.0.0/16, shootDefaults: {pods: 10.9.0.0/16}}}
---
apiVersion: seedmanagement.gardener.cloud/v1alpha1
kind: Gardenlet
spec: {config: {seedConfig: {spec: {networks: {pods: 10.3.0.0/16, services: 10.4.0.0/16}}}}}
`,
    says: { cluster: ["10.1.0.0/16", "10.3.0.0/16"], service: ["10.2.0.0/16", "10.4.0.0/16"] },
    kind: "gardener",
  },
  {
    name: "JSON patches",
    text: "- {op: replace, path: /networking/podSubnet, value: 10.1.0.0/16}\n- {op: remove, path: /networking/serviceSubnet, value: 10.2.0.0/16}\n- {path: /spec/other, value: 10.3.0.0/16}\n",
    says: { cluster: ["10.1.0.0/16"] },
    kind: "settings",
  },
  {
    name: "examples count for nothing",
    text: "properties:\n  network:\n    x-examples:\n    - {podSubnet: 10.1.0.0/16}\n    example: {clusterCIDR: 10.2.0.0/16}\n",
    says: {},
    kind: "unknown",
  },
  {
    name: "Kubernetes' own range objects",
    text: "apiVersion: networking.x-k8s.io/v1\nkind: ClusterCIDR\nspec: {ipv4: 10.1.0.0/16, ipv6: 'fd00::/110', perNodeHostBits: 8}\n---\napiVersion: networking.k8s.io/v1\nkind: ServiceCIDR\nspec: {cidrs: [10.2.0.0/16]}\n",
    says: { cluster: ["10.1.0.0/16", "fd00::/110"], service: ["10.2.0.0/16"], mask: { ipv4: 24, ipv6: 120 } },
    kind: "cluster-cidr",
  },
]);
