import { rows } from "../testing.ts";

rows("documents of no known kind", [
  {
    name: "a unit in a cloud-config",
    text: `#cloud-config
coreos:
  units:
  - name: kcm.service
    content: |
      [Service]
      # ExecStart=/opt/bin/kube-controller-manager --cluster-cidr=10.9.0.0/16
      ExecStart=/opt/bin/kube-controller-manager \\
        --cluster-cidr="192.168.128.0/18" \\
        --v=2
`,
    says: { cluster: ["192.168.128.0/18"] },
    kind: "settings",
  },
  {
    name: "flags in a folded block, between templates",
    text: "- hosts: all\n  tasks:\n  - set_fact:\n      extra_server_args: >-\n        {{ extra_args }}\n        --cluster-cidr=10.42.0.0/16\n        --service-cidr=10.43.0.0/16\n",
    says: { cluster: ["10.42.0.0/16"], service: ["10.43.0.0/16"] },
    kind: "settings",
  },
  {
    name: "documents as files of a cloud-init",
    text: `write_files:
- path: /etc/kubernetes/kubeadm.yaml
  content: |
    apiVersion: kubeadm.k8s.io/v1beta3
    kind: ClusterConfiguration
    networking: {podSubnet: 10.7.0.0/16}
- path: /etc/rancher/k3s/config.yaml
  content: |
    service-cidr: 10.8.0.0/16
- path: /etc/kubernetes/admin.conf
  content: |
    apiVersion: v1
    kind: Config
    clusters: []
    podCIDR: 10.1.2.0/24
    cluster-cidr: 10.1.0.0/16
`,
    says: { cluster: ["10.7.0.0/16"], service: ["10.8.0.0/16"] },
    kind: "settings",
  },
  {
    name: "a script with a document in it",
    text: "Resources:\n  Master:\n    UserData: |\n      #!/bin/bash\n      cat <<EOF > k.yaml\n      networking:\n        podSubnet: fd00:10:244::/64\n      EOF\n      for i in 1 2; do\n        run $i\n      done\n",
    says: { cluster: ["fd00:10:244::/64"] },
    kind: "settings",
  },
  {
    name: "extraArgs deep in a values file",
    text: "global: {serviceCIDR: 10.97.0.0/16}\nkcm:\n  flags:\n    extraArgs:\n      cluster-cidr: 10.20.0.0/16\n      node-cidr-mask-size: 24\n      pod-cidr: 10.20.1.0/24\n",
    says: { cluster: ["10.20.0.0/16"], service: ["10.97.0.0/16"], mask: { ipv4: 24 } },
    kind: "settings",
  },
  {
    name: "lists under a flag's name (OpenShift)",
    text: '{"apiVersion":"operator.openshift.io/v1","kind":"KubeControllerManager","spec":{"observedConfig":{"extendedArguments":{"cluster-cidr":["10.128.0.0/14"],"service-cluster-ip-range":["172.30.0.0/16"]}}}}',
    says: { cluster: ["10.128.0.0/14"], service: ["172.30.0.0/16"] },
    kind: "object",
  },
  {
    name: "kops' configuration of a node",
    text: "KubeProxy:\n  clusterCIDR: 100.96.0.0/11\nNetworking:\n  nonMasqueradeCIDR: 100.64.0.0/10\n  serviceClusterIPRange: 100.64.0.0/13\n",
    says: { cluster: ["100.96.0.0/11"], service: ["100.64.0.0/13"] },
    kind: "settings",
  },
  {
    name: "kops' newer version",
    text: "apiVersion: kops.k8s.io/v1alpha3\nkind: Cluster\nspec:\n  networking: {podCIDR: 100.96.0.0/11, serviceClusterIPRange: 100.64.0.0/13}\n",
    says: { cluster: ["100.96.0.0/11"], service: ["100.64.0.0/13"] },
    kind: "kops",
  },
  {
    name: "Talos' KubeNetworkConfig",
    text: "apiVersion: v1alpha1\nkind: KubeNetworkConfig\npodSubnets: [10.244.0.0/16]\nserviceSubnets: [10.96.0.0/12]\n",
    says: { cluster: ["10.244.0.0/16"], service: ["10.96.0.0/12"] },
    kind: "talos",
  },
  {
    name: "other vendors' objects, schemas and text for people",
    text: `apiVersion: cilium.io/v2
kind: CiliumConfig
spec: {clusterCIDR: 10.1.0.0/16}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
spec: {properties: {clusterCIDR: {default: 10.1.0.0/16, type: string}, "cluster-cidr": 10.1.0.0/16}}
---
apiVersion: example.org/v1
kind: Thing
metadata: {annotations: {cluster-cidr: "10.1.0.0/16"}}
spec:
  clusterCIDR: "{{ cidr }}"
  podCIDR: 10.1.2.0/24
  cluster-pool-ipv4-cidr: 10.1.0.0/16
`,
    says: {},
    kind: "object",
  },
]);

rows("flags wherever they stand", [
  {
    name: "in k3s' installation, with the arguments before or behind",
    text: 'curl -sfL https://get.k3s.io | INSTALL_K3S_EXEC="server --cluster-cidr=10.1.0.0/16 --service-cidr=10.2.0.0/16" sh -\ncurl -sfL https://get.k3s.io | sh -s - server --cluster-cidr 10.3.0.0/16\n',
    says: { cluster: ["10.1.0.0/16", "10.3.0.0/16"], service: ["10.2.0.0/16"] },
    kind: "text",
  },
  {
    name: "in variables that begin with another variable",
    text: 'KUBE_PROXY_ARGS="$KUBE_LOGTOSTDERR --cluster-cidr=10.1.0.0/16"\n',
    says: { cluster: ["10.1.0.0/16"] },
    kind: "text",
  },
  {
    name: "in values of a document",
    text: 'environment:\n  K3S_ARGS: "server --cluster-cidr=10.1.0.0/16"\nruncmd:\n- run it with --pod-network-cidr=10.3.0.0/16 --pod-cidr=10.4.0.0/24\n',
    says: { cluster: ["10.1.0.0/16", "10.3.0.0/16"] },
    kind: "settings",
  },
  {
    name: "but not as text to print or to look for, in comments, or to be filled in",
    text: '#!/bin/sh\necho "kubeadm2 --pod-network-cidr=10.1.0.0/16"\nif grep -e "--cluster-cidr=10.1.0.0/16" x; then y; fi\n# z --cluster-cidr=10.1.0.0/16\nfoo --cluster-cidr=$CIDR --service-cidr=10.2.0.0/16 --node-cidr-mask-size=N\n',
    says: {},
    kind: "text",
  },
  {
    name: "and flannel's network on its way to etcd",
    text: `#!/bin/sh\netcdctl --endpoints http://x set /coreos.com/network/config '{"Network": "10.1.0.0/16"}'\netcdctl \\\n  set /coreos.com/network/config \\\n  "{\\"Network\\":\\"10.2.0.0/16\\"}"\n`,
    says: { cluster: ["10.1.0.0/16", "10.2.0.0/16"] },
    kind: "text",
  },
]);

rows("lists in text that is no YAML", [
  {
    name: "under a key of one meaning, between templates",
    text: "a: b: c\npodSubnets:\n  {% if x %}\n  - 10.1.0.0/16\n  # not this one\n  - fd00::/56 # but this\n  {% endif %}\n\nother:\n  - 10.9.0.0/16\n",
    says: { cluster: ["10.1.0.0/16", "fd00::/56"] },
    kind: "invalid-yaml",
  },
  {
    name: "of Cluster API in a script",
    text: '#!/bin/sh\ncat <<EOF\nclusterNetwork:\n  pods:\n    cidrBlocks:\n    - 10.1.0.0/16\n  services:\n    cidrBlocks:\n    - 10.2.0.0/16\nEOF\nfor i in 1; do run; done\nrun "$x"\nrun a\nrun b\nrun c\nrun d\nrun e\nrun f\n',
    says: { cluster: ["10.1.0.0/16"], service: ["10.2.0.0/16"] },
    kind: "text",
  },
]);
