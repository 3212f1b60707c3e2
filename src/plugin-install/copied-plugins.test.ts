// Plugins that HeadCNI puts on a node, the CNI project's and its own: what is copied, what stays, and what is taken away again.

import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "../sys/fs/path.ts";
import { sha256Hex } from "../sys/fs/sha256.ts";
import { tempRoot, testSystem } from "../sys/testing.ts";
import { installPlugin } from "./install-plugin.ts";
import { installReferencePlugins } from "./reference-plugins.ts";
import { type RemovePluginsOptions, removePlugins } from "./remove-plugins.ts";

const binDir = "/opt/cni/bin";

/** An image's directory and a node. */
function setUp() {
  const [image, node] = [tempRoot(), tempRoot()];
  const from = join(image.path, "plugins");
  const offer = (version: string, plugins: Readonly<Record<string, string>>): void => {
    image.write("/plugins/VERSION", `${version}\n`);
    for (const [name, text] of Object.entries(plugins)) image.write(`/plugins/${name}`, text);
  };
  const system = testSystem(node);
  const install = (): Record<string, string> =>
    Object.fromEntries(
      installReferencePlugins(system, { binDir, from }).map(({ path, outcome }) => [path.slice(13), outcome]),
    );
  const read = (name: string): string => new TextDecoder().decode(system.files.read(`${binDir}/${name}`));
  return { system, offer, install, read, [Symbol.dispose]: () => [image, node].map((root) => root[Symbol.dispose]()) };
}

describe("installReferencePlugins()", () => {
  test("copies what is missing, and leaves what the node has, a link to nowhere too", () => {
    using at = setUp();
    at.offer("1.10.0", { bridge: "bridge 1.10.0", loopback: "loopback 1.10.0", portmap: "portmap 1.10.0" });
    at.system.files.makeDir(binDir);
    at.system.files.writeAtomic(`${binDir}/bridge`, "the node's own");
    at.system.files.symlink("/nowhere", `${binDir}/portmap`);
    expect(at.install()).toEqual({ bridge: "kept", loopback: "copied", portmap: "kept" });
    expect(at.read("bridge")).toBe("the node's own");
    expect(at.system.files.lstat(`${binDir}/loopback`)?.mode).toBe(0o755);
    expect(at.install()).toEqual({ bridge: "kept", loopback: "unchanged", portmap: "kept" });
  });

  test("replaces an older one of its own, never a newer one, nor one that another put in its place", () => {
    using at = setUp();
    at.offer("1.9.1", { bridge: "1.9.1", portmap: "1.9.1" });
    at.install();
    at.offer("1.10.0", { bridge: "1.10.0", portmap: "1.10.0" });
    at.system.files.writeAtomic(`${binDir}/portmap`, "a package's");
    expect(at.install()).toEqual({ bridge: "updated", portmap: "kept" });
    at.offer("1.9.1", { bridge: "1.9.1" });
    expect(at.install()).toMatchObject({ bridge: "kept" });
    expect([at.read("bridge"), at.read("portmap")]).toEqual(["1.10.0", "a package's"]);
  });

  test("says where it found none", () => {
    using at = setUp();
    expect(() => at.install()).toThrow("Cannot install reference plugins");
  });
});

describe("removePlugins()", () => {
  const nothing: RemovePluginsOptions = {
    binDir,
    source: undefined,
    isDryRun: false,
    caller: () => undefined,
    attachments: 0,
  };

  test("removes its own, and leaves what others replaced or still call", () => {
    using at = setUp();
    at.offer("1.10.0", { bridge: "b", "host-local": "h", loopback: "l" });
    at.install();
    at.system.files.writeAtomic(`${binDir}/loopback`, "a package's");
    const caller = (name: string): string | undefined => (name === "bridge" ? "/etc/x calls" : undefined);
    const wouldBe = removePlugins(at.system, { ...nothing, isDryRun: true, caller });
    expect(wouldBe.map(({ what }) => what)).toEqual([
      "Left alone: /opt/cni/bin/bridge, which /etc/x calls",
      "Would remove /opt/cni/bin/host-local",
    ]);
    expect(at.system.files.list(binDir)).toEqual(["bridge", "host-local", "loopback"]);
    removePlugins(at.system, { ...nothing, caller });
    expect(at.system.files.list(binDir)).toEqual(["bridge", "loopback"]);
    removePlugins(at.system, nothing);
    expect(at.system.files.list(binDir)).toEqual(["loopback"]);
  });

  test("removes what is on record under the record's former name", () => {
    using at = setUp();
    at.system.files.makeDir(binDir);
    at.system.files.writeAtomic(`${binDir}/bridge`, "b");
    const plugins = [{ path: `${binDir}/bridge`, version: "1.10.0", sha256: sha256Hex("b") }];
    at.system.files.makeDir("/var/lib/headcni");
    at.system.files.writeAtomic("/var/lib/headcni/reference-plugins.json", JSON.stringify({ plugins }));
    at.offer("1.10.0", { loopback: "l" });
    at.install();
    expect(at.system.files.list("/var/lib/headcni")).toEqual(["copied-plugins.json"]);
    removePlugins(at.system, nothing);
    expect(at.system.files.list(binDir)).toEqual([]);
  });

  /** A node on which the executable of a build was installed as our plugin. */
  function setUpOwn() {
    const at = setUp();
    const source = at.system.files.hostPath("/headcni");
    const build = (text: string): void => writeFileSync(source, text, { mode: 0o755 });
    build("one");
    installPlugin(at.system, { binDir: "/usr/lib/cni", source });
    return { ...at, source, build, there: (dir: string) => at.system.files.list(dir) };
  }

  test("removes our own from a directory that is named no more, of an older build too", () => {
    using at = setUpOwn();
    at.build("two");
    installPlugin(at.system, { binDir, source: at.source });
    const done = removePlugins(at.system, { ...nothing, source: at.source });
    expect(done.map(({ what }) => what)).toEqual(["Removed /opt/cni/bin/headcni", "Removed /usr/lib/cni/headcni"]);
    expect([at.there(binDir), at.there("/usr/lib/cni")]).toEqual([[], []]);
  });

  test("removes one without a note when it is this executable, and notes such a one at the next installation", () => {
    using at = setUpOwn();
    const options = { ...nothing, binDir: "/usr/lib/cni", source: at.source };
    at.system.files.remove("/var/lib/headcni/copied-plugins.json");
    expect(removePlugins(at.system, { ...options, isDryRun: true })).toHaveLength(1);
    installPlugin(at.system, { binDir: "/usr/lib/cni", source: at.source });
    at.build("two");
    expect(removePlugins(at.system, options).map(({ kind }) => kind)).toEqual(["removed"]);
    expect(at.there("/usr/lib/cni")).toEqual([]);
  });

  test("leaves our own for pods that it made, for a configuration that calls it, and where it is another program", () => {
    using at = setUpOwn();
    const options = { ...nothing, binDir: "/usr/lib/cni", source: at.source };
    const said = (more: Partial<RemovePluginsOptions>): string[] =>
      removePlugins(at.system, { ...options, ...more }).map(({ what }) => what);
    expect(said({ attachments: 1 })).toEqual([
      "Left alone: /usr/lib/cni/headcni, which made 1 pod of this node and has to take them down",
    ]);
    expect(said({ caller: () => "/etc/x calls" })).toEqual(["Left alone: /usr/lib/cni/headcni, which /etc/x calls"]);
    at.system.files.writeAtomic("/usr/lib/cni/headcni", "another's");
    expect(said({})).toEqual([
      "Left alone: /usr/lib/cni/headcni, which is not this executable: remove it by hand if it is a headcni",
    ]);
    expect(said({ source: undefined })).toEqual([]);
    expect(at.there("/usr/lib/cni")).toEqual(["headcni"]);
  });
});
