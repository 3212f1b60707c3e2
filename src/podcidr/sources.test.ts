import { describe, expect, test } from "bun:test";
import { classify } from "./classify.ts";
import { readText } from "./read-text.ts";
import { settings } from "./readers/settings.ts";
import { foreignConflists, type SourceFile, sourceFiles } from "./sources.ts";
import { inspectText } from "./testing.ts";
import { decodeText } from "./text/decode.ts";

const rows = sourceFiles("worker-1");

/** What a row's readers make of a text. */
function readAt({ readers }: SourceFile, text: string) {
  const { statements } = readText(decodeText(new TextEncoder().encode(text)), { readers, nodeName: "worker-1" });
  return classify(statements);
}

describe("the table of sources", () => {
  const kubelet = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\npodCIDR: 10.1.2.0/24\n";
  const kubeadm =
    "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nnetworking: {podSubnet: 10.1.0.0/16}\n";
  const configMap = `apiVersion: v1\nkind: ConfigMap\ndata:\n  ClusterConfiguration: |\n${kubeadm.replace(/^/gm, "    ")}\n`;
  const node = "apiVersion: v1\nkind: Node\nmetadata: {name: worker-1}\nspec: {podCIDR: 10.1.2.0/24}\n";
  const pod = "apiVersion: v1\nkind: Pod\nspec: {containers: [{command: [kube-proxy, --cluster-cidr=10.1.0.0/16]}]}\n";
  const conflist =
    '{"cniVersion":"1.0.0","name":"n","plugins":[{"type":"bridge","ipam":{"type":"host-local","subnet":"10.1.2.0/24"}}]}';
  const formats = { kubelet, kubeadm, configMap, node, pod, conflist };
  const bare = "podCIDR: 10.1.2.0/24\nclusterCIDR: 10.1.0.0/16\n";

  const reads = (row: SourceFile): readonly string[] =>
    Object.entries(formats).flatMap(([name, text]) => (readAt(row, text).findings.length > 0 ? [name] : []));

  test.each<[string, readonly string[]]>([
    ["/var/lib/rancher/k3s/agent/etc/node-worker-1.yaml", ["node"]],
    ["/etc/rancher/k3s/k3s.yaml", []],
    ["/var/lib/rancher/k3s/agent/etc/kubelet.config", ["kubelet"]],
    ["/etc/kubernetes/kubelet.conf.d", ["kubelet"]],
    ["/var/lib/rancher/k3s/agent/etc/kubelet.conf.d", ["kubelet"]],
    ["/var/lib/kubelet/config.yaml", ["kubelet"]],
    ["/etc/kubernetes/kubeadm-config.yaml", ["kubelet", "kubeadm", "configMap"]],
    ["/etc/kubernetes/admin.conf", []],
    ["/etc/kubernetes/manifests/kube-controller-manager.yaml", ["kubelet", "pod"]],
    ["/etc/kubernetes/manifests/kube-apiserver.yaml", ["kubelet", "pod"]],
    ["/etc/cni/net.d/10-containerd-net.conflist", ["conflist"]],
    ["/etc/cni/net.d", ["conflist"]],
  ])("has %s read by the readers of %p", (path, names) => {
    const row = rows.find((each) => each.path === path);
    expect(row === undefined ? "no such row" : reads(row)).toEqual(names);
  });

  test("has bare keys read where they are asked for, as in each of k3s' and kubeadm's files, and nowhere else", () => {
    const asked = rows.filter(({ readers }) => readers.includes(settings));
    expect(rows.filter((row) => readAt(row, bare).findings.length === 2)).toEqual(asked);
    expect(asked.map(({ path }) => path)).toContain("/etc/kubernetes/kubeadm-config.yaml");
  });

  test.each([
    ["a values file", "controlPlane:\n  networking: {podSubnet: 10.1.0.0/16}\n"],
    ["an installer's file", "apiVersion: kops.k8s.io/v1alpha2\nkind: Cluster\nspec: {podCIDR: 10.2.0.0/20}\n"],
    ["a cloud-init file", "write_files:\n- content: |\n    podCIDR: 10.1.2.0/24\n"],
  ])("leaves %s, which `inspect` guesses at, to it", (_, text) => {
    expect(inspectText(text).findings.length).toBeGreaterThan(0);
    expect(rows.flatMap((row) => readAt(row, text).findings)).toEqual([]);
  });
});

test("foreignConflists() orders names as a runtime does, those moved aside by their old name, and leaves out our own", () => {
  const names = ["20-b.conf", "10-headcni.conflist", "10-a.conf.headcni-aside", "notes.txt", "05-c.conflist"];
  expect(foreignConflists(names)).toEqual(["05-c.conflist", "10-a.conf.headcni-aside", "20-b.conf"]);
});
