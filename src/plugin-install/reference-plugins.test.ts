// Reference plugins of an image on a node: what is copied, what stays, and what is taken away again.

import { describe, expect, test } from "bun:test";
import { join } from "../sys/fs/path.ts";
import { tempRoot, testSystem } from "../sys/testing.ts";
import { installReferencePlugins } from "./reference-plugins.ts";
import { removeReferencePlugins } from "./remove-reference-plugins.ts";

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

describe("removeReferencePlugins()", () => {
  test("removes its own, and leaves what others replaced or still call", () => {
    using at = setUp();
    at.offer("1.10.0", { bridge: "b", "host-local": "h", loopback: "l" });
    at.install();
    at.system.files.writeAtomic(`${binDir}/loopback`, "a package's");
    const caller = (name: string): string | undefined => (name === "bridge" ? "/etc/x calls" : undefined);
    const wouldBe = removeReferencePlugins(at.system, { isDryRun: true, caller });
    expect(wouldBe.map(({ what }) => what)).toEqual([
      "Left alone: /opt/cni/bin/bridge, which /etc/x calls",
      "Would remove /opt/cni/bin/host-local",
    ]);
    expect(at.system.files.list(binDir)).toEqual(["bridge", "host-local", "loopback"]);
    removeReferencePlugins(at.system, { isDryRun: false, caller });
    expect(at.system.files.list(binDir)).toEqual(["bridge", "loopback"]);
    removeReferencePlugins(at.system, { isDryRun: false, caller: () => undefined });
    expect(at.system.files.list(binDir)).toEqual(["loopback"]);
  });
});
