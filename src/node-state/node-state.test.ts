import { expect, test } from "bun:test";
import { decodeNodeState } from "./node-state.ts";

const written = { version: 1, nodeName: "n1", podCIDRs: ["10.244.1.0/24"], mtu: 1280, ipMasq: true, conditions: [] };

test.each<[string, object, string]>([
  ["no PodCIDR", { podCIDRs: [] }, "names no podCIDRs"],
  ["no list of them", { podCIDRs: "10.244.1.0/24" }, "names no podCIDRs"],
  ["one that is no CIDR", { podCIDRs: ["10.244.1.0"] }, 'has a podCIDRs entry that is not a CIDR: "10.244.1.0"'],
  [
    "two of one family",
    { podCIDRs: ["10.244.1.0/24", "10.244.2.0/24"] },
    "has two IPv4 CIDRs, 10.244.1.0/24 and 10.244.2.0/24",
  ],
  ["another version", { version: 2 }, "has version 2, this plugin reads version 1"],
  ["no MTU", { mtu: "big" }, "has no whole number mtu"],
])("decodeNodeState() refuses %s", (_name, change, why) => {
  expect(decodeNodeState(JSON.stringify({ ...written, ...change }))).toEqual({ kind: "fault", why });
});
