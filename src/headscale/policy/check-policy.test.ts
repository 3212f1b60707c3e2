import { describe, expect, test } from "bun:test";
import { parsePrefix } from "../../cidr/prefix.ts";
import { checkPolicy } from "./check-policy.ts";
import { printPolicy } from "./cluster-policy.ts";

const cluster = { clusterCIDRs: [parsePrefix("10.244.0.0/16")], nodeTags: ["tag:k8s-node"] };
const dual = {
  clusterCIDRs: ["10.244.0.0/16", "fd00:10:244::/48"].map(parsePrefix),
  nodeTags: ["tag:k8s-node", "tag:k8s-server"],
};
const owners = '"tagOwners": {"tag:k8s-node": ["k8s@"]}';
const approvers = '"autoApprovers": {"routes": {"10.244.0.0/16": ["tag:k8s-node"]}}';
const all = '"acls": [{"action": "accept", "src": ["*"], "dst": ["*:*"]}]';

function missing(text: string, of = cluster): string {
  const findings = checkPolicy(text, of);
  return findings.kind === "fault"
    ? findings.why
    : findings.value.map(({ path, what }) => `${path}: ${what}`).join("\n");
}

describe("a policy", () => {
  test.each([cluster, dual])("that was printed has all that is needed", (of) => {
    expect(missing(printPolicy(of, "k8s@"), of)).toBe("");
  });

  test.each([
    ["that allows all", `{${owners}, ${approvers}, ${all}}`],
    ["that restricts nothing", `{${owners}, ${approvers}}`],
    ["with comments and trailing commas", `{ // hello\n ${owners}, /* there */ ${approvers},}`],
    [
      "that approves a larger range",
      `{${owners}, "autoApprovers": {"routes": {"10.0.0.0/8": ["tag:x", "tag:k8s-node"]}}}`,
    ],
    [
      "by names of hosts",
      `{${owners}, ${approvers}, "hosts": {"pods": "10.244.0.0/16"}, "acls": [{"action": "accept", "src": ["pods", "tag:k8s-node"], "dst": ["pods:*", "tag:k8s-node:*"]}]}`,
    ],
    [
      "by grants",
      `{${owners}, ${approvers}, "grants": [{"src": ["10.244.0.0/16", "autogroup:tagged"], "dst": ["10.244.0.0/16", "autogroup:tagged"], "ip": ["*"]}]}`,
    ],
  ])("%s is right", (_name, text) => expect(missing(text)).toBe(""));

  test.each([
    ["that is empty", "{}", "tagOwners: tag:k8s-node has no owner"],
    [
      "that approves nothing",
      `{${owners}, ${all}}`,
      "autoApprovers: blocks of 10.244.0.0/16 are not approved for tag:k8s-node",
    ],
    [
      "that approves a part",
      `{${owners}, "autoApprovers": {"routes": {"10.244.0.0/17": ["tag:k8s-node"]}}, ${all}}`,
      "autoApprovers:",
    ],
    [
      "that approves for users",
      `{${owners}, "autoApprovers": {"routes": {"10.244.0.0/16": ["k8s@"]}}, ${all}}`,
      "autoApprovers:",
    ],
    [
      "that has tags where pods belong",
      `{${owners}, ${approvers}, "acls": [{"action": "accept", "src": ["tag:k8s-node"], "dst": ["*:*"]}]}`,
      "acls: pods to pods is not accepted on every port: 10.244.0.0/16 to 10.244.0.0/16",
    ],
    [
      "that opens one port",
      `{${owners}, ${approvers}, "acls": [{"action": "accept", "src": ["*"], "dst": ["*:443"]}]}`,
      "acls: pods to pods",
    ],
    [
      "that opens one protocol",
      `{${owners}, ${approvers}, "acls": [{"action": "accept", "proto": "tcp", "src": ["*"], "dst": ["*:*"]}]}`,
      "acls: pods to pods",
    ],
    ["that denies all", `{${owners}, ${approvers}, "acls": []}`, "acls: nodes to pods"],
    ["that is none", '{"acls": [}', "line 1 is not HuJSON"],
    ["that is a list", "[]", "it is no object"],
  ])("%s is not", (_name, text, expected) => expect(missing(text)).toContain(expected));

  test("is told what to write", () => {
    const findings = checkPolicy("{}", cluster);
    expect(findings.kind === "ok" ? findings.value.map(({ remedy }) => remedy) : []).toEqual([
      '"tag:k8s-node": ["k8s@"]',
      '"autoApprovers": {"routes": {"10.244.0.0/16": ["tag:k8s-node"]}}',
    ]);
  });
});
