// The write that a crash cannot split: its steps, its mode, and what it leaves when it fails.

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { type TempRoot, tempRoot } from "../testing.ts";
import { type AtomicWriteStep, temporaryName, temporaryTarget, writeFileAtomic } from "./atomic-file.ts";

let root: TempRoot;
beforeEach(() => {
  root = tempRoot();
});
afterEach(() => root[Symbol.dispose]());

const bytes = (text: string) => new TextEncoder().encode(text);

describe("writeFileAtomic()", () => {
  test("goes through its steps in order, and the target is new only from the rename on", () => {
    root.write("/file", "old");
    const seen: [AtomicWriteStep, string, number][] = [];
    writeFileAtomic(`${root.path}/file`, bytes("new"), {
      onStep: (step) => seen.push([step, root.read("/file"), fs.readdirSync(root.path).length]),
    });
    expect(seen).toEqual([
      ["temporary-written", "old", 2],
      ["temporary-synced", "old", 2],
      ["renamed", "new", 1],
      ["folder-synced", "new", 1],
    ]);
  });

  test("keeps its temporary file where no container runtime takes it for a configuration", () => {
    let names: string[] = [];
    writeFileAtomic(`${root.path}/10-headcni.conflist`, bytes("{}"), {
      onStep: (step) => {
        if (step === "temporary-written") names = fs.readdirSync(root.path);
      },
    });
    expect(names).toHaveLength(1);
    expect(names[0]).toMatch(/^\.10-headcni\.conflist\.[0-9a-f]{12}\.tmp$/);
  });

  test("gives the file its mode whatever the umask", () => {
    const umask = process.umask(0o777);
    try {
      writeFileAtomic(`${root.path}/private`, bytes("x"));
      writeFileAtomic(`${root.path}/shared`, bytes("x"), { mode: 0o644 });
    } finally {
      process.umask(umask);
    }
    const modes = ["private", "shared"].map((name) => fs.statSync(`${root.path}/${name}`).mode & 0o7777);
    expect(modes).toEqual([0o600, 0o644]);
  });

  test("replaces a symbolic link and leaves what it led to", () => {
    root.write("/target", "kept");
    fs.symlinkSync("target", `${root.path}/link`);
    writeFileAtomic(`${root.path}/link`, bytes("new"));
    expect([root.read("/target"), root.read("/link")]).toEqual(["kept", "new"]);
    expect(fs.lstatSync(`${root.path}/link`).isFile()).toBe(true);
  });

  test("writes nothing at all, and a few megabytes, whole", () => {
    const large = new Uint8Array(5 << 20).map((_, index) => index % 251);
    writeFileAtomic(`${root.path}/empty`, bytes(""));
    writeFileAtomic(`${root.path}/large`, large);
    expect(root.read("/empty")).toBe("");
    expect(Buffer.compare(fs.readFileSync(`${root.path}/large`), large)).toBe(0);
  });

  test.each<[string, () => void]>([
    ["a folder in the target's place", () => fs.mkdirSync(`${root.path}/file`)],
    ["a caller that stops it at the last moment", () => undefined],
  ])("leaves no temporary file and no descriptor behind: %s", (name, prepare) => {
    prepare();
    const open = () => fs.readdirSync("/proc/self/fd").length;
    const before = [open(), ...fs.readdirSync(root.path)];
    const stop = (step: AtomicWriteStep) => {
      if (name.startsWith("a caller") && step === "temporary-synced") throw new Error("stopped");
    };
    expect(() => writeFileAtomic(`${root.path}/file`, bytes("x"), { onStep: stop })).toThrow();
    expect([open(), ...fs.readdirSync(root.path)]).toEqual(before);
  });

  test("throws the kernel's error as it is", () => {
    const failing = () => writeFileAtomic(`${root.path}/missing/file`, bytes("x"));
    expect(failing).toThrow(expect.objectContaining({ code: "ENOENT" }));
  });
});

describe("temporaryTarget()", () => {
  test.each(["config.yaml", "10-headcni.conflist", "a.b.c", ".hidden", "with\nnewline"])(
    "finds %j behind its temporary name",
    (name) => {
      expect(temporaryTarget(temporaryName(name))).toBe(name);
      expect(temporaryName(name)).not.toBe(temporaryName(name));
    },
  );

  test.each([
    "",
    "file",
    ".file.tmp",
    ".file.0123456789ab",
    "file.0123456789ab.tmp",
    ".file.0123456789AB.tmp",
    "..0123456789ab.tmp",
    ".file.0123456789abc.tmp",
  ])("knows that %j is none", (name) => {
    expect(temporaryTarget(name)).toBeUndefined();
  });
});
