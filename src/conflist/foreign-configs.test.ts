import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { tempRoot, testSystem } from "../sys/testing.ts";
import { otherConfigs } from "./foreign-configs.ts";

const confDir = "/etc/cni/net.d";

describe("otherConfigs()", () => {
  test("finds none in a folder that does not exist", () => {
    using root = tempRoot();
    expect(otherConfigs(testSystem(root), confDir)).toEqual([]);
  });

  test("describes what it knows, in the runtime's order, and leaves ours and folders out", () => {
    using root = tempRoot();
    root.write(`${confDir}/10-headcni.conflist`, "{}");
    root.write(`${confDir}/99-loopback.conf`, `{"cniVersion":"0.3.1","name":"lo","type":"loopback"}`);
    root.write(`${confDir}/10-flannel.conflist`, `{"name":"cbr0","plugins":[{"type":"flannel"},{"type":"portmap"}]}`);
    fs.mkdirSync(`${root.path}${confDir}/05-folder.conf`);
    expect(otherConfigs(testSystem(root), confDir)).toEqual([
      {
        name: "10-flannel.conflist",
        kind: "file",
        isPreferred: true,
        network: "cbr0",
        pluginTypes: ["flannel", "portmap"],
        problem: undefined,
      },
      {
        name: "99-loopback.conf",
        kind: "file",
        isPreferred: false,
        network: "lo",
        pluginTypes: ["loopback"],
        problem: undefined,
      },
    ]);
  });

  test("knows files whose names are not UTF-8, in the order of their bytes", () => {
    using root = tempRoot();
    root.write(`${confDir}/10-headcni.conflist`, "{}");
    root.write(`${confDir}/05-é.conf`, `{"name":"utf8","type":"ptp"}`);
    for (const byte of [0x80, 0xe9]) {
      const path = Buffer.concat([Buffer.from(`${root.path}${confDir}/05-`), Buffer.of(byte), Buffer.from(".conf")]);
      fs.writeFileSync(path, `{"name":"raw-${byte}","type":"ptp"}`);
    }
    const found = otherConfigs(testSystem(root), confDir).map(({ network, isPreferred }) => [network, isPreferred]);
    expect(found).toEqual([
      ["raw-128", true],
      ["utf8", true],
      ["raw-233", true],
    ]);
  });

  const rows: readonly (readonly [string, string | Uint8Array, string])[] = [
    ["a comment", `# mine\n{"name":"a","plugins":[{"type":"bridge"}]}`, "is not JSON"],
    ["half a file", `{"name":"a","plugins":[{"ty`, "is not JSON"],
    ["nothing", "", "is not JSON"],
    ["a byte order mark", `\uFEFF{"name":"a","plugins":[{"type":"bridge"}]}`, "is not JSON"],
    ["NUL bytes", new Uint8Array(64), "is not JSON"],
    ["a list", "[]", "is not a JSON object"],
    ["null", "null", "is not a JSON object"],
    ["no plugins", `{"name":"a","plugins":[]}`, "lists no plugins"],
    ["plugins of another kind", `{"name":"a","plugins":{"type":"bridge"}}`, "lists no plugins"],
    ["a plugin without a type", `{"name":"a","plugins":[{"type":"bridge"},{}]}`, "has a plugin without a type"],
    ["a plugin that is a number", `{"name":"a","plugins":[1]}`, "has a plugin without a type"],
    ["no name", `{"plugins":[{"type":"bridge"}]}`, "has no name"],
    ["very deep nesting", `${"[".repeat(200_000)}`, "is not JSON"],
  ];
  test.each(rows)("says why a runtime cannot load it, and goes on: %s", (_, content, problem) => {
    using root = tempRoot();
    root.write(`${confDir}/00-broken.conflist`, content);
    root.write(`${confDir}/05-good.conf`, `{"name":"good","type":"bridge"}`);
    const [broken, good] = otherConfigs(testSystem(root), confDir);
    expect(broken?.problem).toBe(problem);
    expect(good?.problem).toBeUndefined();
  });

  test("takes links, dangling ones, FIFOs and huge files as they are", () => {
    using root = tempRoot();
    const folder = `${root.path}${confDir}`;
    root.write(`${confDir}/20-huge.conf`, " ".repeat((1 << 20) + 1));
    fs.symlinkSync("/nowhere", `${folder}/00-dangling.conf`);
    fs.symlinkSync(".", `${folder}/01-folder.conf`);
    Bun.spawnSync(["mkfifo", `${folder}/02-fifo.conf`]);
    const found = otherConfigs(testSystem(root), confDir);
    expect(found.map(({ name, kind }) => [name, kind])).toEqual([
      ["00-dangling.conf", "symlink"],
      ["01-folder.conf", "symlink"],
      ["02-fifo.conf", "other"],
      ["20-huge.conf", "file"],
    ]);
    expect(found.every(({ problem }) => problem !== undefined)).toBe(true);
  });
});
