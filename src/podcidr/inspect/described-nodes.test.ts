import { expect, test } from "bun:test";
import { findings, inspectText, said, warnings } from "../testing.ts";

/** A node as `kubectl describe nodes` prints it. */
function described(name: string, ...ranges: readonly string[]): string {
  return `Name:               ${name}
Roles:              <none>
Labels:             beta.kubernetes.io/arch=amd64
                    kubernetes.io/hostname=${name}
Annotations:        node.alpha.kubernetes.io/ttl: 0
CreationTimestamp:  Fri, 13 Mar 2020 11:00:17 +0000
Lease:
  HolderIdentity:  ${name}
PodCIDR:                      ${ranges[0] ?? ""}
PodCIDRs:                     ${ranges.join(",")}
Non-terminated Pods:          (1 in total)
  Namespace                   Name                    CPU Requests
  ---------                   ----                    ------------
  kube-system                 kube-proxy-q2mjs        0 (0%)
`;
}

test("a node that kubectl describes is this one", () => {
  const text = described("w1", "10.1.3.0/24", "fd00:1:0:3::/64");
  expect(findings(text)).toEqual(["9 node 10.1.3.0/24", "10 node 10.1.3.0/24", "10 node fd00:1:0:3::/64"]);
  expect([inspectText(text).kind, warnings(text)]).toEqual(["node", []]);
  expect(said(`root@w1:~# kubectl describe node w1\n${text}`)).toEqual({ node: ["10.1.3.0/24", "fd00:1:0:3::/64"] });
});

test("of several it is the one of this node's name", () => {
  const text = `${described("w1", "10.1.3.0/24")}\n\n${described("w2", "10.1.4.0/24")}`;
  expect(said(text, "w2")).toEqual({ node: ["10.1.4.0/24"] });
  expect(said(text)).toEqual({});
  expect(warnings(text)).toEqual(["- -: holds 2 Node objects: say which one this node is"]);
  expect(warnings(text, "w3")).toEqual(['- -: holds 2 Node objects, none named "w3"']);
});

test("one without a range says nothing, nor does another kind", () => {
  expect(said(described("w1"))).toEqual({});
  expect(said(described("p", "10.1.3.0/24").replace(/^Roles:/m, "Namespace:"))).toEqual({});
});
