import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { HeadcniError } from "../sys/errors.ts";
import { createFiles } from "../sys/fs/files.ts";
import { join } from "../sys/fs/path.ts";
import { interpreterOf } from "../sys/process/elf.ts";
import type { System } from "../sys/system.ts";
import { tempRoot, testSystem } from "../sys/testing.ts";
import { installPlugin } from "./install-plugin.ts";
import { provePlugin } from "./prove.ts";

const binDir = "/opt/cni/bin";
const pluginPath = `${binDir}/headcni`;
const goodPlugin = `#!/bin/sh\necho '{"cniVersion":"1.0.0","supportedVersions":["0.4.0","1.0.0"]}'\n`;

/** A root with a source executable; gives the machine and the source's host path. */
function setUp(source = goodPlugin) {
  const root = tempRoot();
  const sourcePath = join(root.path, "source");
  fs.writeFileSync(sourcePath, source, { mode: 0o755 });
  return { root, system: testSystem(root), source: sourcePath, [Symbol.dispose]: () => root[Symbol.dispose]() };
}

function failingExec(system: System, code: string): System {
  const cause = Object.assign(new Error(code), { code });
  const run = () => Promise.reject(new HeadcniError("HC_EXEC_FAILED", "Cannot start it", { cause }));
  return { ...system, exec: { run } };
}

describe("interpreterOf()", () => {
  test("names the loader of a dynamic executable, as the kernel will look for it", () => {
    const head = createFiles("/").readHead(process.execPath, 64 << 10);
    expect(interpreterOf(head)).toMatch(/^\/lib.*\/ld-linux.*\.so\.[12]$/);
  });

  test.each([
    ["a script", new TextEncoder().encode(goodPlugin)],
    ["nothing", new Uint8Array()],
    ["a header alone", Uint8Array.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, ...new Array(58).fill(0)])],
    ["a header whose table lies outside", Uint8Array.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, ...new Array(58).fill(0xff)])],
  ])("finds none in %s", (_name, head) => {
    expect(interpreterOf(head)).toBeUndefined();
  });
});

describe("installPlugin()", () => {
  test("creates the folder and the plugin, 0755, and leaves the same content untouched", () => {
    using at = setUp();
    expect(installPlugin(at.system, { binDir, source: at.source })).toEqual({ outcome: "created", path: pluginPath });
    const first = at.system.files.lstat(pluginPath);
    expect(first?.mode).toBe(0o755);
    expect(installPlugin(at.system, { binDir, source: at.source }).outcome).toBe("unchanged");
    expect(at.system.files.lstat(pluginPath)?.inode).toBe(first?.inode ?? -1);
  });

  test("replaces other content, a lost execute bit and a symbolic link, and follows none", () => {
    using at = setUp();
    at.system.files.makeDir(binDir);
    at.system.files.writeAtomic("/elsewhere", "precious", { mode: 0o644 });
    at.system.files.symlink("/elsewhere", pluginPath);
    expect(installPlugin(at.system, { binDir, source: at.source }).outcome).toBe("replaced");
    expect(new TextDecoder().decode(at.system.files.read("/elsewhere"))).toBe("precious");
    fs.chmodSync(at.system.files.hostPath(pluginPath), 0o644);
    expect(installPlugin(at.system, { binDir, source: at.source }).outcome).toBe("replaced");
    fs.appendFileSync(at.system.files.hostPath(pluginPath), "# changed\n");
    expect(installPlugin(at.system, { binDir, source: at.source }).outcome).toBe("replaced");
    expect(new TextDecoder().decode(at.system.files.read(pluginPath))).toBe(goodPlugin);
  });

  test("lets a copy that runs end undisturbed", async () => {
    using at = setUp(`#!/bin/sh\necho up\nread line\necho "old $line"\n`);
    installPlugin(at.system, { binDir, source: at.source });
    const running = Bun.spawn([at.system.files.hostPath(pluginPath)], { stdin: "pipe", stdout: "pipe" });
    const output = running.stdout.getReader();
    const heard = async (): Promise<string> => new TextDecoder().decode((await output.read()).value);
    // Only then has the shell opened the script, and not the one that comes.
    expect(await heard()).toBe("up\n");
    fs.writeFileSync(at.source, goodPlugin);
    expect(installPlugin(at.system, { binDir, source: at.source }).outcome).toBe("replaced");
    running.stdin.write("still here\n");
    running.stdin.end();
    expect(await heard()).toBe("old still here\n");
    expect(await running.exited).toBe(0);
  });

  test("removes what an interrupted installation left, and nothing else", () => {
    using at = setUp();
    at.system.files.makeDir(binDir);
    at.system.files.writeAtomic(`${binDir}/.headcni.0123456789ab.tmp`, "half");
    at.system.files.writeAtomic(`${binDir}/.other.0123456789ab.tmp`, "not ours");
    installPlugin(at.system, { binDir, source: at.source });
    expect(at.system.files.list(binDir)).toEqual([".other.0123456789ab.tmp", "headcni"]);
  });

  test("says what stands in the way: a folder under the plugin's name, a missing source", () => {
    using at = setUp();
    at.system.files.makeDir(pluginPath);
    expect(() => installPlugin(at.system, { binDir, source: at.source })).toThrow(
      "Cannot install the CNI plugin as /opt/cni/bin/headcni: is a directory",
    );
    at.system.files.removeEmptyDir(pluginPath);
    expect(() => installPlugin(at.system, { binDir, source: "/nonexistent" })).toThrow("does not exist");
    expect(at.system.files.list(binDir)).toEqual([]);
  });
});

describe("provePlugin()", () => {
  test("runs the plugin and gives the versions it answers", async () => {
    using at = setUp();
    installPlugin(at.system, { binDir, source: at.source });
    expect(await provePlugin(at.system, binDir)).toEqual({ kind: "starts", cniVersions: ["0.4.0", "1.0.0"] });
  });

  test("says that the host has no loader, when its root is a whole system without one", async () => {
    using at = setUp();
    fs.copyFileSync("/bin/true", at.source);
    installPlugin(at.system, { binDir, source: at.source });
    at.system.files.makeDir("/usr/lib");
    const proof = await provePlugin(at.system, binDir);
    expect(proof).toMatchObject({ kind: "cannot-start", why: expect.stringContaining("dynamic loader /lib") });
  });

  test.each([
    ["EACCES", "noexec"],
    ["ENOEXEC", "another processor"],
    ["ENOENT", "its interpreter /bin/sh does not exist"],
    ["EMFILE", "too many open files"],
  ])("explains %s", async (code, words) => {
    using at = setUp();
    installPlugin(at.system, { binDir, source: at.source });
    const proof = await provePlugin(failingExec(at.system, code), binDir);
    expect(proof).toMatchObject({ kind: "cannot-start", why: expect.stringContaining(words) });
  });

  test("says what the plugin did instead of answering", async () => {
    using at = setUp("#!/bin/sh\nexit 3\n");
    installPlugin(at.system, { binDir, source: at.source });
    const proof = await provePlugin(at.system, binDir);
    expect(proof).toMatchObject({ kind: "cannot-start", why: expect.stringContaining("exit code 3") });
  });
});
