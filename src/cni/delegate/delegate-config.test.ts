import { describe, expect, test } from "bun:test";
import { parsePodCIDRs } from "../../cidr/pod-cidrs.ts";
import { defaultBridgeSettings } from "../../node-state/bridge-settings.ts";
import type { NodeState } from "../../node-state/node-state.ts";
import type { JsonObject } from "../../sys/json.ts";
import { decodeConfig, decodeHead } from "../network-config.ts";
import { delegatePrograms, renderDelegate, renderDelegateForDel, withCall } from "./delegate-config.ts";

const state: NodeState = {
  nodeName: "n1",
  podCIDRs: parsePodCIDRs("10.244.1.0/24"),
  bridge: { ...defaultBridgeSettings, ipMasq: false },
  conditions: [],
  podCIDRSource: undefined,
};
const derivedIpam = { type: "host-local", subnet: "10.244.1.0/24", routes: [{ dst: "0.0.0.0/0" }] };

function configOf(json: JsonObject) {
  return decodeConfig(decodeHead(JSON.stringify({ cniVersion: "1.0.0", name: "net", type: "headcni", ...json })));
}

/** @param from "nobody" when the daemon said nothing */
function rendered(json: JsonObject, from: NodeState | "nobody" = state): JsonObject | "needs-subnet" {
  const result = renderDelegate(configOf(json), from === "nobody" ? undefined : from);
  return result.kind === "config" ? result.config : result.kind;
}

describe("renderDelegate()", () => {
  test("gives the default conflist's bridge with the node's values", () => {
    expect(rendered({})).toEqual({
      type: "bridge",
      name: "net",
      bridge: "headcni0",
      ipMasq: false,
      isGateway: true,
      hairpinMode: true,
      mtu: 1280,
      ipam: derivedIpam,
    });
  });

  test("gives both families a range set and a default route", () => {
    const podCIDRs = parsePodCIDRs("10.244.1.0/24,fd00:1::/64");
    expect(rendered({}, { ...state, podCIDRs })).toMatchObject({
      ipam: {
        ranges: [[{ subnet: "10.244.1.0/24" }], [{ subnet: "fd00:1::/64" }]],
        routes: [{ dst: "0.0.0.0/0" }, { dst: "::/0" }],
      },
    });
  });

  test.each<readonly [string, JsonObject, JsonObject]>([
    ["a bridge's name", { bridge: "br7" }, { bridge: "br7", mtu: 1280 }],
    ["false", { isGateway: false }, { isGateway: false, hairpinMode: true }],
    ["an MTU", { mtu: 9000 }, { mtu: 9000 }],
    ["a key HeadCNI does not know", { vlan: 7 }, { vlan: 7, bridge: "headcni0" }],
    ["host-local's folder", { ipam: { dataDir: "/d" } }, { ipam: { ...derivedIpam, dataDir: "/d" } }],
    ["routes", { ipam: { routes: [] } }, { ipam: { ...derivedIpam, routes: [] } }],
  ])("lets the delegate win: %s", (_name, delegate, expected) => {
    expect(rendered({ delegate })).toMatchObject(expected);
  });

  test.each<readonly [string, JsonObject]>([
    ["a subnet", { type: "host-local", subnet: "10.9.0.0/24" }],
    ["ranges", { type: "host-local", ranges: [[{ subnet: "10.9.0.0/24" }]] }],
    ["another type", { type: "dhcp" }],
    ["emptiness, which means no addresses", {}],
  ])("leaves an ipam with %s as it is, and needs no node state", (_name, ipam) => {
    expect(rendered({ delegate: { ipam } }, "nobody")).toMatchObject({ ipam });
    const result = rendered({ delegate: { ipam } });
    expect(result === "needs-subnet" ? result : result.ipam).toEqual(ipam);
  });

  test("adds the type to an ipam that has only a subnet", () => {
    expect(rendered({ delegate: { ipam: { subnet: "10.9.0.0/24" } } }, "nobody")).toMatchObject({
      ipam: { type: "host-local", subnet: "10.9.0.0/24" },
    });
  });

  test("leaves subnets to a runtime that gives ranges", () => {
    const runtimeConfig = { ipRanges: [[{ subnet: "10.9.0.0/24" }]] };
    const delegate = { ipam: { type: "host-local" } };
    expect(rendered({ delegate, runtimeConfig }, "nobody")).toMatchObject({
      ipam: { type: "host-local" },
      runtimeConfig,
    });
  });

  test("keeps the default shape without the daemon, but guesses no MTU", () => {
    const config = rendered({ delegate: { ipam: { subnet: "10.9.0.0/24" } } }, "nobody");
    expect(config).toMatchObject({ bridge: "headcni0", ipMasq: true, isGateway: true, hairpinMode: true });
    expect(config).not.toHaveProperty("mtu");
  });

  test("says that it needs a subnet when nobody names one", () => {
    expect(renderDelegate(configOf({}), undefined)).toEqual({ kind: "needs-subnet" });
    expect(renderDelegate(configOf({ delegate: { ipam: { type: "host-local" } } }), undefined).kind).toBe(
      "needs-subnet",
    );
  });

  test.each<readonly [string, readonly string[]]>([
    ["ptp", ["ipMasq", "ipam", "mtu", "name", "type"]],
    ["macvlan", ["ipam", "mtu", "name", "type"]],
    ["ipvlan", ["ipam", "mtu", "name", "type"]],
    ["host-device", ["ipam", "name", "type"]],
  ])("gives %s only the keys that mean something to it", (type, keys) => {
    const config = rendered({ delegate: { type } });
    expect(Object.keys(config).sort()).toEqual([...keys]);
  });

  test("leaves hairpin mode to a bridge in promiscuous mode, which refuses both", () => {
    expect(rendered({ delegate: { promiscMode: true } })).not.toHaveProperty("hairpinMode");
  });

  test("passes capabilities, dns, args and runtimeConfig on, and keeps the network's name", () => {
    const passed = {
      capabilities: { portMappings: true },
      dns: { nameservers: ["10.0.0.1"] },
      args: { cni: { ips: ["10.244.1.9"] } },
      runtimeConfig: { mac: "02:00:00:00:00:09" },
    };
    expect(rendered({ ...passed, delegate: { name: "other" } })).toMatchObject({ ...passed, name: "net" });
  });
});

describe("renderDelegateForDel()", () => {
  test("is the same as for ADD where that can be rendered", () => {
    const config = configOf({});
    expect(renderDelegate(config, state)).toEqual({ kind: "config", config: renderDelegateForDel(config, state) });
  });

  test("gives host-local a range to insist on when nobody knows the subnet, and keeps its folder", () => {
    const ipam = { dataDir: "/d" };
    expect(renderDelegateForDel(configOf({ delegate: { ipam } }), undefined)).toMatchObject({
      type: "bridge",
      bridge: "headcni0",
      ipam: { type: "host-local", subnet: "192.0.2.0/24", dataDir: "/d" },
    });
  });
});

describe("withCall()", () => {
  test("takes the call's keys from the call, the rest from what was saved", () => {
    const saved = { type: "bridge", mtu: 1280, runtimeConfig: { old: true }, args: { old: true } };
    const call = { mtu: 1, runtimeConfig: { new: true }, prevResult: {}, "cni.dev/valid-attachments": [] };
    expect(withCall(saved, call, "0.4.0")).toEqual({
      type: "bridge",
      mtu: 1280,
      runtimeConfig: { new: true },
      args: { old: true },
      prevResult: {},
      "cni.dev/valid-attachments": [],
      cniVersion: "0.4.0",
    });
  });
});

describe("delegatePrograms()", () => {
  test("names the delegate and its ipam, where it has one", () => {
    expect(delegatePrograms({ type: "bridge", ipam: { type: "host-local" } })).toEqual(["bridge", "host-local"]);
    expect(delegatePrograms({ type: "bridge", ipam: {} })).toEqual(["bridge"]);
    expect(delegatePrograms({ type: "bridge" })).toEqual(["bridge"]);
  });
});
