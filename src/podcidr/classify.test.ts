import { describe, expect, test } from "bun:test";
import { parsePrefix } from "../cidr/prefix.ts";
import { classify } from "./classify.ts";
import { Statements, splitValues } from "./statements.ts";
import { said, warnings } from "./testing.ts";
import { isPlaceholder, looksLikeAddress, readValue } from "./usable.ts";

function classifyNode(text: string, known: { readonly cluster?: string; readonly service?: string } = {}) {
  const statements = new Statements();
  statements.add({ meaning: "node", key: "podCIDR", values: splitValues(text, 3) });
  const list = (cidr: string | undefined) => (cidr === undefined ? [] : [parsePrefix(cidr)]);
  return classify(statements, { clusterCIDRs: list(known.cluster), serviceCIDRs: list(known.service) });
}

describe("a node's CIDR is refused", () => {
  test.each([
    ["10.1.2.3/24", "has host bits set: the network is 10.1.2.0/24"],
    ["10.1.2.0", "is not a CIDR: it has no prefix length"],
    ["10.1.2.0/33", "is not a CIDR"],
    ["10.1.2.0/31", "is a /31, which leaves no address for a pod"],
    ["10.1.2.1/32", "is a /32, which leaves no address for a pod"],
    ["fd00::/127", "is a /127, which leaves no address for a pod"],
    ["100.64.1.0/24", "lies in 100.64.0.0/10, which Tailscale gives its nodes addresses from"],
    ["100.127.255.0/24", "lies in 100.64.0.0/10, which Tailscale gives its nodes addresses from"],
    ["fd7a:115c:a1e0:1::/64", "lies in fd7a:115c:a1e0::/48, which Tailscale gives its nodes addresses from"],
    ["127.1.2.0/24", "lies in the loopback range"],
    ["169.254.3.0/24", "lies in the link-local range"],
    ["fe80:1::/64", "lies in the link-local range"],
    ["224.1.2.0/24", "lies in the multicast range"],
    ["ff02:1::/64", "lies in the multicast range"],
    ["10.1.02.0/24", "is not a CIDR"],
  ])("%s: %s", (value, reason) => {
    const { nodeCIDRs, findings, warnings } = classifyNode(value);
    expect(nodeCIDRs).toEqual([]);
    expect(findings).toEqual([]);
    expect(warnings).toEqual([{ line: 3, value, reason: `podCIDR ${reason}` }]);
  });

  test("where it meets the service range", () => {
    const { nodeCIDRs, warnings } = classifyNode("10.96.3.0/24", { service: "10.96.0.0/12" });
    expect(nodeCIDRs).toEqual([]);
    expect(warnings[0]?.reason).toBe("podCIDR overlaps the service CIDR 10.96.0.0/12");
  });

  test.each([
    "100.63.255.0/24",
    "100.128.0.0/24",
    "172.33.1.0/24",
    "20.20.3.0/24",
    "10.1.2.0/30",
    "fd7a:115c:a1e1::/64",
  ])("not %s", (value) => {
    expect(classifyNode(value).nodeCIDRs.map(String)).toEqual([value]);
  });
});

describe("a node's CIDR is taken for the cluster's", () => {
  test.each([
    ["10.244.0.0/16", undefined, "is as large as a whole cluster's (/16 or larger)"],
    ["10.0.0.0/8", undefined, "is as large as a whole cluster's (/16 or larger)"],
    ["fd00:1::/56", undefined, "is as large as a whole cluster's (/56 or larger)"],
    ["10.244.0.0/20", "10.244.0.0/20", "is the cluster CIDR"],
    ["10.244.0.0/19", "10.244.0.0/20", "contains the cluster CIDR 10.244.0.0/20"],
  ])("%s, the cluster's being %p: %s", (value, cluster, why) => {
    const result = classifyNode(value, cluster === undefined ? {} : { cluster });
    expect(result.nodeCIDRs).toEqual([]);
    expect(result.clusterCIDRs.map(String)).toEqual([value]);
    expect(result.warnings[0]?.reason).toBe(`podCIDR ${why}: taken as the cluster's, not as this node's`);
  });

  test.each([
    ["10.5.0.0/16", "10.0.0.0/8"],
    ["10.244.3.0/24", "10.244.0.0/16"],
    ["10.9.3.0/24", "10.244.0.0/16"],
    ["10.0.0.0/17", undefined],
  ])("but not %s, the cluster's being %p", (value, cluster) => {
    expect(classifyNode(value, cluster === undefined ? {} : { cluster }).nodeCIDRs.map(String)).toEqual([value]);
  });
});

describe("a cluster's range", () => {
  const kubeadm = (podSubnet: string, serviceSubnet: string): string =>
    `kind: ClusterConfiguration\nnetworking: {podSubnet: "${podSubnet}", serviceSubnet: "${serviceSubnet}"}\n`;

  test.each([
    ["host bits, masked", "10.244.1.0/16", "10.96.0.0/12", ["10.244.0.0/16"]],
    ["inside Tailscale's range, kept as what it is", "100.96.0.0/11", "10.96.0.0/12", ["100.96.0.0/11"]],
    ["equal to the service range, kept as what it is", "10.96.0.0/12", "10.96.0.0/12", ["10.96.0.0/12"]],
    ["public", "172.33.0.0/16", "10.96.0.0/12", ["172.33.0.0/16"]],
  ])("with %s", (_, podSubnet, serviceSubnet, expected) => {
    expect(said(kubeadm(podSubnet, serviceSubnet)).cluster).toEqual(expected);
  });

  test("every address there is, or no CIDR, is refused", () => {
    expect(said(kubeadm("0.0.0.0/0", "")).cluster).toBeUndefined();
    expect(said(kubeadm("10.244.0.0", "")).cluster).toBeUndefined();
  });

  test.each(["0.0.0.0/0", "::/0", "10.1.2.3/0", "128.0.0.0/1"])(
    "%s is nobody's, whichever key says it",
    (everything) => {
      const kubelet = `kind: KubeletConfiguration\napiVersion: kubelet.config.k8s.io/v1beta1\npodCIDR: "${everything}"\n`;
      const node = `kind: Node\napiVersion: v1\nspec: {podCIDR: "${everything}"}\n`;
      const flags = `kind: Pod\nspec: {containers: [{command: [kubelet, "--pod-cidr=${everything}", "--cluster-cidr=${everything}"]}]}\n`;
      const conflist = `{"cniVersion":"1.0.0","name":"n","plugins":[{"type":"ptp","ipam":{"type":"host-local","subnet":"${everything}"}}]}`;
      const flannel = `FLANNEL_NETWORK=${everything}\nFLANNEL_SUBNET=${everything}\n`;
      const texts = [kubelet, node, flags, conflist, flannel, kubeadm(everything, everything)];
      for (const text of texts) expect(said(text)).toEqual({});
      for (const text of texts)
        expect(warnings(text).join()).toMatch(/is every address|is larger than any private range/);
    },
  );

  test("that cannot be used warns", () => {
    expect(warnings(kubeadm("100.96.0.0/11", "10.96.0.0/12"))).toEqual([
      "2 100.96.0.0/11: networking.podSubnet lies in 100.64.0.0/10, which Tailscale gives its nodes addresses from",
    ]);
  });
});

describe("what leaves a file", () => {
  test.each([
    ["10.1.2.0/24", true],
    ["10.1.2.300/24", true],
    ["10.1.2", true],
    ["fd00::1/64", true],
    ["2001:db8:0:0:1:2:3:4/129", true],
    ["abcdef.0123456789abcdef", false],
    ["aa:bb:cc:dd:ee:ff", false],
    ["LS0tLS1CRUdJTi==", false],
    ["12345678", false],
    ["", false],
  ])("looksLikeAddress(%p) is %p", (text, expected) => {
    expect(looksLikeAddress(text)).toBe(expected);
  });

  test("is never a value that is no address", () => {
    const secrets = ["hunter2", "abcdef.0123456789abcdef", "K10deadbeef::server:cafe", "-----BEGIN KEY-----"];
    for (const secret of secrets) {
      for (const text of [`podCIDR: "${secret}"\n`, `cluster-cidr: ${secret}\n\t\n`, `\tx:\npodCIDR: ${secret}\n`]) {
        expect(warnings(text).join()).not.toContain(secret);
      }
    }
  });
});

describe("readValue()", () => {
  test.each([
    "{{ .Values.cidr }}",
    `$\{POD_CIDR}`,
    "$(CIDR)",
    "$POD_CIDR",
    "<pod cidr>",
    "__POD_CIDR__",
    "%CIDR%",
    "@cidr@",
    "POD_CIDR",
    "SUBNET/24",
    "value",
    "string",
    "strings",
  ])("takes %p for a placeholder", (text) => {
    expect(isPlaceholder(text)).toBe(true);
    expect(readValue(text).kind).toBe("none");
  });

  test.each(["usePodCidr", "usepodcidripv6"])("says of Calico's %p where the range is", (text) => {
    expect(readValue(text)).toEqual({
      kind: "none",
      reason: "is Calico's word for the podCIDR of the Node object, which the API server alone says",
    });
  });

  test.each(["true", "24", "10.0.0.0/8 ", "::ffff:10.0.0.0/104x", "abc"])("refuses %p", (text) => {
    expect(readValue(text).kind).toBe("invalid");
  });
});
