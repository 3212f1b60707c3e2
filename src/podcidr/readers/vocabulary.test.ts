import { describe, expect, test } from "bun:test";
import { flagMeaning, isPodKey, mentionsRange, plainKey, rangeKey } from "./vocabulary.ts";

describe("rangeKey()", () => {
  test.each(["clusterCIDR", "cluster-cidr", "cluster_cidr", "ClusterCidr", "CLUSTER_CIDR"])("knows %s", (key) => {
    expect(rangeKey(key)).toEqual({ meaning: "cluster" });
  });
  test("knows a key in a namespace", () => {
    expect(["kubernetes::service_cidr", "k8s:serviceCidr"].map(rangeKey)).toEqual([
      { meaning: "service" },
      { meaning: "service" },
    ]);
    expect(rangeKey("service_cidr::x")).toBeUndefined();
  });
  test("knows no key that only holds one", () => {
    expect(rangeKey("IPv4_CLUSTER_CIDR")).toBeUndefined();
  });
  test("leaves what podCIDR means to what stands beside it", () => {
    expect([isPodKey("podCIDR"), rangeKey("podCIDR")]).toEqual([true, undefined]);
  });
});

test("flagMeaning() knows a flag by its own spelling", () => {
  expect(flagMeaning("portal-net")).toEqual({ meaning: "service" });
  expect(flagMeaning("Portal-Net")).toBeUndefined();
});

describe("mentionsRange()", () => {
  test.each([
    "- --portal-net=10.96.0.0/12",
    "kube_service_addresses: 10.96.0.0/12",
    "SERVICE-CLUSTER_IP-RANGE",
    "svcCidr: 10.96.0.0/12",
    "nodeIpv4CidrSize: 24",
    "kube_network_node_prefix: 24",
    "podCIDRs: []",
    "FLANNEL_SUBNET=10.244.1.1/24",
    '"Network": "10.244.0.0/16"',
    '"\\u0070odCIDR"',
  ])("finds a name in %s", (text) => {
    expect(mentionsRange(text)).toBe(true);
  });
  test("finds none in a kubelet's configuration as kubeadm writes it", () => {
    expect(mentionsRange("kind: KubeletConfiguration\nclusterDNS:\n- 10.96.0.10\nclusterDomain: cluster.local\n")).toBe(
      false,
    );
  });
  test("looks for keys in their plain form", () => {
    expect(plainKey("node-cidr_mask-Size")).toBe("nodecidrmasksize");
  });
});
