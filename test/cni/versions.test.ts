// Results in every version of the specification, held against what the real delegate gives by itself for the same config.

import { describe, expect, test } from "bun:test";
import { convertResult } from "../../src/cni/convert-result.ts";
import { cniVersions, isSupportedVersion } from "../../src/spec/versions.ts";
import type { JsonObject, JsonValue } from "../../src/sys/json.ts";
import { leftovers, noLeftovers } from "../harness/leftovers.ts";
import type { Node } from "../harness/node.ts";
import {
  addNetns,
  bridgeConfig,
  callCni,
  createPluginNode,
  deleteNetns,
  headcniConfig,
  mustCni,
  network,
} from "./plugin.ts";

const dualStack: JsonObject = {
  ...bridgeConfig(),
  ipam: {
    type: "host-local",
    ranges: [[{ subnet: "10.9.0.0/24" }], [{ subnet: "fd00:9::/64" }]],
    routes: [{ dst: "0.0.0.0/0" }, { dst: "::/0" }],
  },
};
const ptp = { type: "ptp", ipMasq: true, mtu: 1300, ipam: bridgeConfig().ipam };

const delegates: readonly (readonly [string, JsonObject])[] = [
  ["bridge", bridgeConfig()],
  ["bridge with ipMasq and DNS", { ...bridgeConfig(), ipMasq: true, dns: { nameservers: ["10.96.0.10"] } }],
  ["bridge with both families", dualStack],
  ["ptp", ptp],
];

describe.each(delegates)("a delegate of %s", (_name, delegate) => {
  test.each(cniVersions.map((version) => [version]))("gives its own result in %s", async (version) => {
    await using node = await createPluginNode();
    const plugin = String(delegate.type);
    // What the delegate is too old for, it is asked in the newest it knows; the rest of the way is ours.
    const known = await versionsOf(node, plugin);
    const spoken = [version, ...cniVersions.toReversed()].find((candidate) => known.includes(candidate)) ?? version;
    const direct = await roundTrip(node, { plugin, config: { cniVersion: spoken, name: network, ...delegate } });
    await node.must(["rm", "-r", "/var/lib/cni"]);
    const ours = await roundTrip(node, { plugin: "headcni", config: headcniConfig(version, delegate) });
    expect(ours.cniVersion).toBe(version);
    expect(normalised(ours)).toEqual(normalised(convertResult(direct, version)));
    if (spoken === version) expect(Object.keys(ours).sort()).toEqual(Object.keys(direct).sort());
    expect(await leftovers(node)).toEqual(noLeftovers);
  });
});

describe("VERSION", () => {
  test("names what bridge names, from 0.3.0 on, and what bridge is too old for", async () => {
    await using node = await createPluginNode();
    const own = await versionsOf(node, "headcni");
    expect(own).toEqual([...cniVersions]);
    expect(own).toEqual(expect.arrayContaining((await versionsOf(node, "bridge")).filter(isSupportedVersion)));
  });
});

/** ADD, CHECK where the version has it, DEL; gives the result of ADD. */
async function roundTrip(
  node: Node,
  call: { readonly plugin: string; readonly config: JsonObject },
): Promise<JsonObject> {
  await addNetns(node, "c1");
  const result = await mustCni(node, { ...call, command: "ADD" });
  const config = { ...call.config, prevResult: result };
  const { cniVersion } = call.config;
  if (cniVersion !== "0.3.0" && cniVersion !== "0.3.1") {
    expect(await callCni(node, { ...call, command: "CHECK", config })).toMatchObject({ exitCode: 0, stdout: "" });
  }
  expect(await callCni(node, { ...call, command: "DEL", config })).toMatchObject({ exitCode: 0, stdout: "" });
  await deleteNetns(node, "c1");
  await node.run(["ip", "link", "del", "headcni0"]);
  return result;
}

async function versionsOf(node: Node, plugin: string): Promise<readonly string[]> {
  const { supportedVersions: versions } = await mustCni(node, {
    plugin,
    command: "VERSION",
    config: { cniVersion: "1.0.0" },
  });
  return Array.isArray(versions) ? versions.map(String) : [];
}

/** Without what the kernel makes up anew each time: hardware addresses and the names of veths. */
function normalised(value: JsonValue): JsonValue {
  return JSON.parse(
    JSON.stringify(value)
      .replaceAll(/"([0-9a-f]{2}:){5}[0-9a-f]{2}"/g, '"<mac>"')
      .replaceAll(/"veth[0-9a-f]+"/g, '"<veth>"'),
  );
}
