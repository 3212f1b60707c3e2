// The files of a kubeadm control-plane node that bear on pod networking, in the shape kubeadm 1.31 gives them, and a kubelet
// that was given its PodCIDR by hand.

export interface KubeadmOptions {
  /** Written as `podCIDR` into the kubelet's configuration; nothing is written without it. */
  readonly podCIDR?: string | undefined;
  /** @default "10.244.0.0/16" */
  readonly clusterCIDR?: string | undefined;
  /** @default "10.96.0.0/12" */
  readonly serviceCIDR?: string | undefined;
}

/** Files by path in the node. */
export function kubeadmFiles(options: KubeadmOptions = {}): Record<string, string> {
  const { podCIDR, clusterCIDR = "10.244.0.0/16", serviceCIDR = "10.96.0.0/12" } = options;
  return {
    "/var/lib/kubelet/config.yaml": kubeletConfig(podCIDR),
    "/etc/kubernetes/manifests/kube-controller-manager.yaml": controllerManager(clusterCIDR, serviceCIDR),
    "/etc/kubernetes/manifests/kube-apiserver.yaml": apiServer(serviceCIDR),
  };
}

function kubeletConfig(podCIDR: string | undefined): string {
  return `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication:
  anonymous:
    enabled: false
  webhook:
    cacheTTL: 0s
    enabled: true
cgroupDriver: systemd
clusterDNS:
- 10.96.0.10
clusterDomain: cluster.local
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
${podCIDR === undefined ? "" : `podCIDR: ${podCIDR}\n`}rotateCertificates: true
staticPodPath: /etc/kubernetes/manifests
`;
}

function controllerManager(clusterCIDR: string, serviceCIDR: string): string {
  return `apiVersion: v1
kind: Pod
metadata:
  labels:
    component: kube-controller-manager
    tier: control-plane
  name: kube-controller-manager
  namespace: kube-system
spec:
  containers:
  - command:
    - kube-controller-manager
    - --allocate-node-cidrs=true
    - --bind-address=127.0.0.1
    - --cluster-cidr=${clusterCIDR}
    - --cluster-name=kubernetes
    - --controllers=*,bootstrapsigner,tokencleaner
    - --kubeconfig=/etc/kubernetes/controller-manager.conf
    - --leader-elect=true
    - --service-cluster-ip-range=${serviceCIDR}
    - --use-service-account-credentials=true
    name: kube-controller-manager
  hostNetwork: true
`;
}

function apiServer(serviceCIDR: string): string {
  return `apiVersion: v1
kind: Pod
metadata:
  name: kube-apiserver
  namespace: kube-system
spec:
  containers:
  - command:
    - kube-apiserver
    - --advertise-address=192.168.1.10
    - --allow-privileged=true
    - --authorization-mode=Node,RBAC
    - --service-cluster-ip-range=${serviceCIDR}
    name: kube-apiserver
  hostNetwork: true
`;
}
