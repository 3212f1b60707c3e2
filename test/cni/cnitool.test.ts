// The plugin driven by a stranger: cnitool, from github.com/containernetworking/cni. It is no Debian package, so it is looked for in
// $CNITOOL and on PATH:  go install github.com/containernetworking/cni/cnitool@v1.3.0

import { expect, test } from "bun:test";
import * as fs from "node:fs";
import { type Leftovers, leftovers, noLeftovers } from "../harness/leftovers.ts";
import type { Node } from "../harness/node.ts";
import { addNetns, binDir, createPluginNode, deleteNetns, headcniConfig, netnsPath, network } from "./plugin.ts";

const cnitool = process.env.CNITOOL ?? Bun.which("cnitool");

const portmap = { type: "portmap", capabilities: { portMappings: true } };

test("cnitool is looked for, and missed aloud", () => {
  if (cnitool === null) console.log("Not tried: the plugin with cnitool, which is neither on PATH nor in $CNITOOL");
});

for (const cniVersion of cnitool === null ? [] : ["0.4.0", "1.0.0", "1.1.0"]) {
  // portmap of the distribution ends at 1.0.0, and nothing stands between it and libcni.
  const chained = cniVersion === "1.1.0" ? [] : [portmap];

  test(`cnitool takes a list in ${cniVersion} through add, check, gc, status and del`, async () => {
    await using node = await createPluginNode();
    fs.copyFileSync(cnitool ?? "", node.path("/opt/cni/cnitool"));
    const { cniVersion: _, name: __, ...plugin } = headcniConfig(cniVersion);
    const conflist = { cniVersion, name: network, plugins: [plugin, ...chained] };
    node.write("/etc/cni/net.d/10-test.conflist", JSON.stringify(conflist));
    await addNetns(node, "pod");
    const result = JSON.parse(await run(node, "add"));
    expect(result).toMatchObject({ cniVersion, ips: [{ address: "10.9.0.2/24" }] });
    if (chained.length === 0) await run(node, "check");
    if (cniVersion === "1.1.0") await run(node, "status");
    await run(node, "del");
    await run(node, "del");
    await run(node, "add");
    if (cniVersion === "1.1.0") await run(node, "gc");
    await run(node, "del");
    await deleteNetns(node, "pod");
    // portmap keeps its empty chains.
    expect<Leftovers>({ ...(await leftovers(node, ["rules"])), rules: [] }).toEqual(noLeftovers);
  });
}

function run(node: Node, command: string): Promise<string> {
  const env = { CNI_PATH: binDir, NETCONFPATH: "/etc/cni/net.d" };
  return node.must(["/opt/cni/cnitool", command, network, netnsPath("pod")], { env, timeoutMs: 30_000 });
}
