import { describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { lostPlugins } from "./replaced-network.ts";
import { confDir, type TestNode, testNode } from "./testing.ts";

const k3sDir = "/var/lib/rancher/k3s/agent/etc/cni/net.d";
const portmap = { type: "portmap", capabilities: { portMappings: true } };
const bandwidth = { type: "bandwidth", capabilities: { bandwidth: true } };

const list = (name: string, ...plugins: readonly object[]): string =>
  JSON.stringify({ name, cniVersion: "1.0.0", plugins });
const flannel = list("cbr0", { type: "flannel" }, portmap);

function lost(node: TestNode, plugins: readonly { type: string }[] = []) {
  const found = lostPlugins(node.system, { confDir, formerDirs: [k3sDir], plugins });
  return found.map(({ path, plugins: missing }) => [path, ...missing.map(({ type }) => type)]);
}

describe("lostPlugins()", () => {
  test("finds none on a node that had no network, and none where the one before chained nothing", async () => {
    using node = testNode();
    expect(lost(node)).toEqual([]);
    node.write("10-calico.conflist", list("k8s-pod-network", { type: "calico" }));
    node.write("05-single.conf", `{"cniVersion":"1.0.0","name":"single","type":"ptp"}`);
    await node.install("{}");
    expect(lost(node)).toEqual([]);
  });

  test("finds what flannel's configuration called, as long as ours does not and the file lies aside", async () => {
    using node = testNode();
    node.write("10-flannel.conflist", list("cbr0", { type: "flannel" }, portmap, bandwidth));
    await node.install("{}");
    const aside = `${confDir}/10-flannel.conflist.headcni-aside`;
    expect(lostPlugins(node.system, { confDir, formerDirs: [], plugins: [] })).toEqual([
      { path: aside, plugins: [portmap, bandwidth] },
    ]);
    expect(lost(node, [{ type: "portmap" }])).toEqual([[aside, "bandwidth"]]);
    expect(lost(node, [{ type: "bandwidth" }, { type: "portmap" }])).toEqual([]);
    rmSync(`${node.root.path}${aside}`);
    expect(lost(node)).toEqual([]);
  });

  test("finds what was at our own name before", async () => {
    using node = testNode();
    node.write("10-headcni.conflist", list("mine", { type: "bridge" }, portmap));
    await node.install("{}");
    expect(lost(node)).toEqual([[`${confDir}/10-headcni.conflist.headcni-aside`, "portmap"]]);
  });

  const other = list("other", { type: "ptp" }, bandwidth);
  const rows: readonly (readonly [string, Readonly<Record<string, string>>, readonly string[]])[] = [
    ["the first of two counts", { "10-calico.conflist": other, "10-flannel.conflist": flannel }, ["bandwidth"]],
    ["one that no runtime loads does not", { "00-broken.conflist": "{", "10-flannel.conflist": flannel }, ["portmap"]],
    [
      "a meta-plugin stands for another",
      {
        "00-multus.conf": `{"cniVersion":"0.3.1","name":"m","type":"multus","clusterNetwork":"cbr0"}`,
        "10-flannel.conflist": flannel,
      },
      ["portmap"],
    ],
    ["one that sorts after ours and stays", { "10-kindnet.conflist": flannel }, ["portmap"]],
    ["podman's, which podman calls by name", { "87-podman-bridge.conflist": list("podman", {}, portmap) }, []],
    ["nerdctl's", { "nerdctl-bridge.conflist": list("bridge", { type: "bridge" }, portmap) }, []],
    ["a loopback", { "99-loopback.conf": `{"cniVersion":"1.0.0","name":"lo","type":"loopback"}` }, []],
    ["a copy an operator keeps", { "10-flannel.conflist.bak": flannel }, []],
  ];
  test.each(rows)("of other files: %s", async (_name, files, expected) => {
    using node = testNode();
    for (const [name, content] of Object.entries(files)) node.write(name, content);
    await node.install("{}");
    expect(lost(node).flatMap(([, ...types]) => types)).toEqual([...expected]);
  });

  test("finds flannel's file where k3s keeps it, and each type only once", async () => {
    using node = testNode();
    node.root.write(`${k3sDir}/10-flannel.conflist`, flannel);
    await node.install("{}");
    expect(lost(node)).toEqual([[`${k3sDir}/10-flannel.conflist`, "portmap"]]);
    await node.install("{}", { confDir: k3sDir });
    expect(lost(node)).toEqual([[`${k3sDir}/10-flannel.conflist.headcni-aside`, "portmap"]]);
  });

  test("says nothing where the backups cannot be read", async () => {
    using node = testNode();
    node.write("10-flannel.conflist", flannel);
    await node.install("{}");
    node.root.write("/var/lib/headcni/backups/manifest.json", "{");
    expect(lost(node)).toEqual([]);
  });
});
