import { describe, expect, test } from "bun:test";
import { findings, inspectText, said, warnings } from "../testing.ts";

describe("lines", () => {
  test("a document in a literal block keeps the file's lines", () => {
    const text =
      "kind: ConfigMap\napiVersion: v1\ndata:\n  a: |\n    kind: ClusterConfiguration\n    networking:\n      podSubnet: 10.1.0.0/16\n";
    expect(findings(text)).toEqual(["7 cluster 10.1.0.0/16"]);
  });

  test("a file in a block of a cloud-init keeps the file's lines, folded or not", () => {
    const text =
      "a:\n  b: |\n    kind: ClusterConfiguration\n    networking:\n      podSubnet: 10.1.0.0/16\n  c: >-\n    x\n\n    --service-cidr=10.2.0.0/16\n";
    expect(findings(text)).toEqual(["5 cluster 10.1.0.0/16", "9 service 10.2.0.0/16"]);
  });

  test("all of a script in a quoted string stands on the string's line", () => {
    expect(findings('a: "#!/bin/sh\\nrun\\nkubeadm init --pod-network-cidr=10.1.0.0/16\\n"\n')).toEqual([
      "1 cluster 10.1.0.0/16",
    ]);
    expect(findings('{"a":\n "x\\n--cluster-cidr=10.2.0.0/16\\n"}')).toEqual(["2 cluster 10.2.0.0/16"]);
  });

  test("a flag stands on its own line of a text that YAML folds into one", () => {
    const pod = "kind: Pod\napiVersion: v1\nspec:\n  containers:\n  - command:\n    - sh\n    - -c\n";
    const flags = "kube-controller-manager\n      --v=2\n      --cluster-cidr=10.1.0.0/16\n";
    for (const begin of [">-\n      ", "", '"']) {
      const text = `${pod}    - ${begin}${flags}${begin === '"' ? '      "\n' : ""}`;
      expect(findings(text)).toEqual([`${begin.startsWith(">") ? 11 : 10} cluster 10.1.0.0/16`]);
    }
  });

  test("a broken document takes no other with it, however broken it is", () => {
    const broken = "a: {{ b }}: {% c %}\n".repeat(30);
    const text = `${broken}---\nnetworking: {podSubnet: 10.1.0.0/16}\n`;
    expect(findings(text)).toEqual(["32 cluster 10.1.0.0/16"]);
    expect(inspectText(`${text}---\n`).kind).toBe("invalid-yaml");
    expect(inspectText("apiVersion: x/v1\nkind: Foo\n---\n").kind).toBe("object");
  });

  test("a document in a quoted string stands on the string's line", () => {
    const text =
      'kind: ConfigMap\napiVersion: v1\ndata:\n  a: "kind: ClusterConfiguration\\nnetworking:\\n  podSubnet: 10.1.0.0/16"\n';
    expect(findings(text)).toEqual(["4 cluster 10.1.0.0/16"]);
  });

  test("a value on the line below its key, and items of a list, have their own lines", () => {
    expect(findings("podCIDRs:\n\n- 10.1.2.0/24\n- fd00::/64\n")).toEqual(["3 node 10.1.2.0/24", "4 node fd00::/64"]);
    expect(findings("cluster-cidr:\n  10.1.0.0/16\n")).toEqual(["2 cluster 10.1.0.0/16"]);
  });

  test("an alias stands where it is used", () => {
    const text = "x: &pods 10.1.0.0/16\nnetworking:\n  podSubnet: *pods\n";
    expect(findings(text)).toEqual(["3 cluster 10.1.0.0/16"]);
  });

  test("merged keys count, the map's own before them", () => {
    const base = "base: &base {podSubnet: 10.1.0.0/16, serviceSubnet: 10.2.0.0/16}\n";
    expect(said(`${base}networking:\n  <<: *base\n  podSubnet: 10.3.0.0/16\n`)).toEqual({
      cluster: ["10.3.0.0/16"],
      service: ["10.2.0.0/16"],
    });
  });
});

describe("warnings", () => {
  test.each([
    [
      "a conflist's range as large as a cluster's",
      '{"cniVersion":"0.4.0","name":"x","type":"bridge","ipam":{"type":"host-local","subnet":"10.10.0.0/16"}}',
      "1 10.10.0.0/16: ipam.subnet is as large as a whole cluster's (/16 or larger): every node of such a setup has the same",
    ],
    [
      "host bits in a conflist",
      '{"cniVersion":"0.4.0","name":"x","type":"bridge","ipam":{"type":"host-local","subnet":"10.10.0.1/16"}}',
      "1 10.10.0.1/16: ipam.subnet has host bits set: the network is 10.10.0.0/16",
    ],
    [
      "host bits in a cluster's range under podCIDR",
      "podCIDR: 10.244.5.1/16\n",
      "1 10.244.5.1/16: podCIDR has host bits set (the network is 10.244.0.0/16) and is as large as a whole cluster's (/16 or larger): taken as the cluster's, not as this node's",
    ],
    [
      "a Node that contradicts itself",
      "apiVersion: v1\nkind: Node\nspec:\n  podCIDR: 10.1.1.0/24\n  podCIDRs: [10.1.2.0/24]\n",
      "5 -: spec.podCIDR is not the first of spec.podCIDRs, as the API server has it: the file is damaged",
    ],
  ])("name %s", (_, text, warning) => {
    expect(warnings(text)).toEqual([warning]);
  });

  test("leave both of a contradiction in kubeadm's file, the argument first", () => {
    const text =
      "kind: ClusterConfiguration\nnetworking: {podSubnet: 10.1.0.0/16}\ncontrollerManager: {extraArgs: {cluster-cidr: 10.2.0.0/16}}\n";
    expect(said(text)).toEqual({ cluster: ["10.2.0.0/16", "10.1.0.0/16"] });
  });

  test("say which node a list should be asked for, and never another node's CIDR", () => {
    const list =
      '{"kind":"List","apiVersion":"v1","items":[{"kind":"Node","apiVersion":"v1","metadata":{"name":"a"},"spec":{"podCIDR":"10.9.1.0/24"}}]}';
    expect(warnings(list, "b")).toEqual(['1 -: holds a Node object of another name, none named "b"']);
  });
});
