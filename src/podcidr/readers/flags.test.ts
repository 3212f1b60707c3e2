import { describe, expect, test } from "bun:test";
import { findings, type Said, said, warnings } from "../testing.ts";

/** A static pod whose container has this YAML, indented under `command:` or `args:`. */
function manager(body: string, key = "command"): string {
  const lines = body.split("\n").map((line) => `      ${line}`);
  return `apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: kube-controller-manager\n    ${key}:\n${lines.join("\n")}\n`;
}

const cluster = (...cidrs: readonly string[]): Said => ({ cluster: cidrs });

test("a length that is to be filled in is a placeholder, as a range is", () => {
  expect(
    warnings("ExecStart=/bin/kube-controller-manager \\\n  --node-cidr-mask-size={{ node_cidr_len }}\n"),
  ).toContain("2 -: --node-cidr-mask-size is a placeholder, not a value");
  expect(warnings("cluster-cidr: 10.1.0.0/16\nnode-cidr-mask-size: $LENGTH\n")).toEqual([
    "2 -: node-cidr-mask-size is a placeholder, not a value",
  ]);
});

test("a usage text says no value", () => {
  expect(warnings("   --cluster-cidr value   (networking) IPv4/IPv6 network CIDRs to use\n")).toContain(
    "1 -: --cluster-cidr is a placeholder, not a value",
  );
});

describe("flags that set keys of a configuration", () => {
  test.each<[string, string, Said]>([
    [
      "minikube's",
      "minikube start --cni=bridge \\\n  --extra-config=kubeadm.pod-network-cidr=10.1.0.0/16 --service-cluster-ip-range=10.2.0.0/16\n",
      { ...cluster("10.1.0.0/16"), service: ["10.2.0.0/16"] },
    ],
    [
      "minikube's of other components",
      "minikube start --extra-config controller-manager.node-cidr-mask-size=25 --extra-config=proxy.cluster-cidr=10.1.0.0/16\n",
      { ...cluster("10.1.0.0/16"), mask: { ipv4: 25 } },
    ],
    ["Helm's", 'helm install f f/f --set a=b,podCidr="10.1.0.0/16" -n f\n', cluster("10.1.0.0/16")],
    [
      "Helm's lists",
      "helm install a --set x.clusterCIDRs={10.1.0.0/16,fd00:1::/56}\n",
      cluster("10.1.0.0/16", "fd00:1::/56"),
    ],
    [
      "kops'",
      "kops create cluster --set cluster.spec.networking.podCIDR=10.1.0.0/16 --set=spec.serviceClusterIPRange=10.2.0.0/16\n",
      { ...cluster("10.1.0.0/16"), service: ["10.2.0.0/16"] },
    ],
    [
      "a string of a document",
      "- run: minikube start --extra-config=kubeadm.pod-network-cidr=10.1.0.0/16\n",
      cluster("10.1.0.0/16"),
    ],
    [
      "placeholders, other keys, text",
      "helm x --set podCidr=$X,y.cidr=10.1.0.0/16\necho --set clusterCIDR=10.1.0.0/16\n",
      {},
    ],
  ])("%s", (_, text, says) => {
    expect(said(text)).toEqual(says);
  });
  test("not for one node", () => {
    expect(said("helm install f f/f --set podCidr=10.1.2.0/24\n")).toEqual({});
  });
});

describe("flags of a container", () => {
  test.each<[string, string, Said]>([
    ["with =", "- --cluster-cidr=10.1.0.0/16", cluster("10.1.0.0/16")],
    ["with the value as the next item", "- --cluster-cidr\n- 10.1.0.0/16", cluster("10.1.0.0/16")],
    ["quoted", "- \"--cluster-cidr=10.1.0.0/16\"\n- '--v=2'", cluster("10.1.0.0/16")],
    ["quotes in the value, which no shell takes away", `- --cluster-cidr="10.1.0.0/16"`, {}],
    ["quotes in the next item", `- --cluster-cidr\n- "'10.1.0.0/16'"`, {}],
    ["quotes around the whole flag", `- '"--cluster-cidr=10.1.0.0/16"'`, {}],
    ["a command's end in the value", "- --cluster-cidr=10.1.0.0/16;", {}],
    ["a command's end and more in the value", `- "--cluster-cidr=10.1.0.0/16; true"`, {}],
    ["quotes in the value and more behind it", `- --cluster-cidr="10.1.0.0/16" --v=2`, {}],
    [
      "quotes that a shell takes away",
      `- sh\n- -ec\n- kube-proxy --cluster-cidr="10.1.0.0/16"; true`,
      cluster("10.1.0.0/16"),
    ],
    [
      "underscores",
      "- --cluster_cidr=10.1.0.0/16\n- --service_cluster_ip_range=10.2.0.0/16",
      { ...cluster("10.1.0.0/16"), service: ["10.2.0.0/16"] },
    ],
    ["repeated", "- --cluster-cidr=10.1.0.0/16\n- --cluster-cidr=10.2.0.0/16", cluster("10.2.0.0/16")],
    ["repeated, empty at last", "- --cluster-cidr=10.1.0.0/16\n- --cluster-cidr=", {}],
    [
      "several in one string",
      "- kube-controller-manager --cluster-cidr=10.1.0.0/16 --node-cidr-mask-size 25",
      { ...cluster("10.1.0.0/16"), mask: { ipv4: 25 } },
    ],
    [
      "in a shell's script",
      "- /bin/sh\n- -c\n- exec kube-controller-manager --v=2 --cluster-cidr=10.1.0.0/16 1>>/var/log/x.log 2>&1",
      cluster("10.1.0.0/16"),
    ],
    [
      "in a script of lines",
      "- sh\n- -c\n- |\n  # --cluster-cidr=10.9.0.0/16\n  exec kube-controller-manager \\\n    --cluster-cidr '10.1.0.0/16' \\\n    --v=2",
      cluster("10.1.0.0/16"),
    ],
    [
      "in a folded script",
      "- sh\n- -c\n- >-\n  kube-controller-manager\n  --cluster-cidr=10.1.0.0/16\n  --v=2",
      cluster("10.1.0.0/16"),
    ],
    ["both families", "- --cluster-cidr=10.1.0.0/16,fd00:1::/56", cluster("10.1.0.0/16", "fd00:1::/56")],
    ["in a flow list", '["kube-controller-manager", "--cluster-cidr", "10.1.0.0/16"]', cluster("10.1.0.0/16")],
    ["leading zeros, as kube reads them", "- --cluster-cidr=10.01.00.0/16", cluster("10.1.0.0/16")],
    ["host bits, as kube reads them", "- --cluster-cidr=10.1.2.3/16", cluster("10.1.0.0/16")],
    [
      "mask of each family",
      "- --node-cidr-mask-size-ipv4=25\n- --node-cidr-mask-size-ipv6=70",
      { mask: { ipv4: 25, ipv6: 70 } },
    ],
    ["no value but another flag", "- --cluster-cidr\n- --v=2", {}],
    ["a template", "- --cluster-cidr={{ .Values.cidr }}\n- --cluster-cidr=$(CIDR)", {}],
    [
      "other flags that only look alike",
      "- --cluster-cidr-extra=10.1.0.0/16\n- --ip-masq-cluster-cidr=10.1.0.0/16\n- -cluster-cidr=10.1.0.0/16",
      {},
    ],
    ["a service range only", "- --service-cluster-ip-range=10.96.0.0/12", { service: ["10.96.0.0/12"] }],
    ["a mask that is none", "- --node-cidr-mask-size=64\n- --node-cidr-mask-size-ipv6=", {}],
  ])("%s", (_, body, expected) => {
    expect(said(manager(body))).toEqual(expected);
    expect(said(manager(body, "args"))).toEqual(expected);
  });

  test("keep the line of their value", () => {
    expect(findings(manager("- --v=2\n- --cluster-cidr\n- 10.1.0.0/16"))).toEqual(["9 cluster 10.1.0.0/16"]);
    const script = "- sh\n- -c\n- |\n  set -e\n  kube-controller-manager \\\n    --cluster-cidr=10.1.0.0/16";
    expect(findings(manager(script))).toEqual(["12 cluster 10.1.0.0/16"]);
  });

  test("of one container do not answer for another's", () => {
    const text = `apiVersion: v1
kind: Pod
spec:
  containers:
  - {name: a, command: [kube-controller-manager, --cluster-cidr=10.1.0.0/16]}
  - {name: b, command: [kube-proxy, --cluster-cidr=10.2.0.0/16]}
`;
    expect(said(text)).toEqual(cluster("10.1.0.0/16", "10.2.0.0/16"));
  });
});
