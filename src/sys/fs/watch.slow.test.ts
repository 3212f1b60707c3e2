// The watch through everything that happens to a folder: deleted, replaced, its parents moved, not there yet.

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { memoryLog, type TempRoot, tempRoot, waitUntil } from "../testing.ts";
import { createFiles } from "./files.ts";
import { createWatchDir } from "./watch.ts";

const folder = "/etc/cni/net.d";
let root: TempRoot;
let end: AbortController;
let log: ReturnType<typeof memoryLog>;
let heard: (string | undefined)[];
const at = (path: string): string => `${root.path}${path}`;

beforeEach(() => {
  root = tempRoot();
  end = new AbortController();
  log = memoryLog();
  heard = [];
});
afterEach(() => {
  end.abort();
  root[Symbol.dispose]();
});

function watch(path = folder): void {
  createWatchDir(createFiles(root.path), log)(path, (name) => heard.push(name), end.signal);
}

/** Waits until a change is heard of after `action`, and then that the watch is still alive: a new file is heard of. */
async function expectHeardAndAlive(what: string, action: () => void): Promise<void> {
  heard = [];
  action();
  await waitUntil(`${what} is heard of`, () => heard.length > 0);
  if (!fs.existsSync(at(folder))) return;
  heard = [];
  // Again and again: what follows another event too closely is heard of, but not by its name.
  await waitUntil(`a file after ${what} is heard of`, () => {
    fs.writeFileSync(at(`${folder}/proof`), what);
    return heard.includes("proof");
  });
}

describe("createWatchDir() hears of", () => {
  test("files that are written, renamed, changed in mode and removed, by name", async () => {
    fs.mkdirSync(at(folder), { recursive: true });
    watch();
    const file = at(`${folder}/a`);
    for (const change of [
      () => fs.writeFileSync(file, "x"),
      () => fs.chmodSync(file, 0o600),
      () => fs.renameSync(file, `${file}2`),
      () => fs.rmSync(`${file}2`),
    ]) {
      heard = [];
      change();
      await waitUntil("the change is heard of", () => heard.some((name) => name === "a" || name === "a2"));
      await waitUntil("no more comes of it", () => heard.includes(undefined));
    }
  });

  test("a file that is changed right after another, if not by its name", async () => {
    root.write(`${folder}/a`, "");
    root.write(`${folder}/b`, "");
    watch();
    for (let round = 0; round < 50; round++) {
      heard = [];
      for (const name of ["a", "b"]) fs.chmodSync(at(`${folder}/${name}`), 0o600 + (round % 2));
      await waitUntil("the second is heard of", () => heard.includes("b") || heard.includes(undefined));
      await waitUntil("no more comes of it", () => heard.includes(undefined));
    }
  });

  test("its parent moved away right after something beside it came", async () => {
    watch();
    for (let round = 0; round < 20; round++) {
      fs.mkdirSync(at(folder), { recursive: true });
      await waitUntil("the folder is heard of", () => {
        fs.writeFileSync(at(`${folder}/proof`), "");
        return heard.includes("proof");
      });
      heard = [];
      fs.mkdirSync(at(`/etc/beside.${round}`));
      fs.renameSync(at("/etc/cni"), at(`/etc/cni.${round}`));
      await waitUntil("the move is heard of", () => heard.includes(undefined));
    }
  });

  test.each<[string, () => void]>([
    ["the folder deleted", () => fs.rmSync(at(folder), { recursive: true })],
    [
      "the folder deleted and made anew",
      () => {
        fs.rmSync(at(folder), { recursive: true });
        fs.mkdirSync(at(folder));
      },
    ],
    [
      "another folder moved into its place",
      () => {
        fs.mkdirSync(at("/new"));
        fs.renameSync(at(folder), at("/old"));
        fs.renameSync(at("/new"), at(folder));
      },
    ],
    ["its parent moved away", () => fs.renameSync(at("/etc/cni"), at("/etc/cni.old"))],
    [
      "its parent replaced",
      () => {
        fs.renameSync(at("/etc/cni"), at("/etc/cni.old"));
        fs.mkdirSync(at(folder), { recursive: true });
      },
    ],
    [
      "everything deleted and made anew",
      () => {
        fs.rmSync(at("/etc"), { recursive: true });
        fs.mkdirSync(at(folder), { recursive: true });
      },
    ],
  ])("%s, and stays alive", async (what, action) => {
    fs.mkdirSync(at(folder), { recursive: true });
    watch();
    for (let round = 0; round < 3; round++) {
      await expectHeardAndAlive(what, () => {
        fs.mkdirSync(at(folder), { recursive: true });
        fs.rmSync(at("/old"), { recursive: true, force: true });
        fs.rmSync(at("/etc/cni.old"), { recursive: true, force: true });
        action();
      });
    }
    if (!fs.existsSync(at(folder)))
      await expectHeardAndAlive("the folder made again", () => fs.mkdirSync(at(folder), { recursive: true }));
  });

  test("a folder that was not there when it began", async () => {
    watch();
    await expectHeardAndAlive("the folder made", () => fs.mkdirSync(at(folder), { recursive: true }));
    expect(log.entries).toEqual([]);
  });

  test("a folder behind a link of the node, and the link turned elsewhere", async () => {
    fs.mkdirSync(at("/data/first"), { recursive: true });
    fs.mkdirSync(at("/data/second"), { recursive: true });
    fs.mkdirSync(at("/etc/cni"), { recursive: true });
    fs.symlinkSync("/data/first", at(folder));
    watch();
    fs.writeFileSync(at("/data/first/a"), "");
    await waitUntil("a file behind the link is heard of", () => heard.includes("a"));
    heard = [];
    fs.symlinkSync("/data/second", at("/etc/cni/next"));
    fs.renameSync(at("/etc/cni/next"), at(folder));
    await waitUntil("the turned link is heard of", () => heard.includes(undefined));
    await waitUntil("a file behind the turned link is heard of", () => {
      fs.writeFileSync(at("/data/second/b"), "");
      return heard.includes("b");
    });
  });

  test("nothing once it was called off, and keeps no descriptor", async () => {
    fs.mkdirSync(at(folder), { recursive: true });
    const watches = () =>
      fs
        .readdirSync("/proc/self/fdinfo")
        .map((fd) => {
          try {
            return fs.readFileSync(`/proc/self/fdinfo/${fd}`, "utf8");
          } catch {
            return "";
          }
        })
        .join("")
        .match(/^inotify wd:/gm)?.length ?? 0;
    const before = watches();
    watch();
    expect(watches()).toBeGreaterThan(before);
    end.abort();
    await waitUntil("the kernel's watches are given back", () => watches() === before);
    heard = [];
    fs.writeFileSync(at(`${folder}/a`), "");
    const proof = new AbortController();
    const proven: unknown[] = [];
    createWatchDir(createFiles(root.path), log)(folder, (name) => proven.push(name), proof.signal);
    fs.writeFileSync(at(`${folder}/b`), "");
    await waitUntil("another watch hears of a later file", () => proven.length > 0);
    proof.abort();
    expect(heard).toEqual([]);
  });

  test("a file in the folder's place as nothing there", async () => {
    root.write(folder, "a file");
    watch();
    await expectHeardAndAlive("the file replaced by a folder", () => {
      fs.rmSync(at(folder));
      fs.mkdirSync(at(folder));
    });
    expect(log.entries).toEqual([]);
  });
});

describe("createWatchDir() says once, for all folders,", () => {
  test.each([
    ["inotify_instances", "fs.inotify.max_user_instances"],
    ["inotify_watches", "fs.inotify.max_user_watches"],
  ])("that the kernel's limit on %s is reached", (limit, setting) => {
    // The limits of a user namespace are its own.
    const script = `echo 0 > /proc/sys/user/max_${limit} && exec "$0" "$@"`;
    const argv = [process.execPath, `${import.meta.dir}/watch.fixture.ts`, root.path];
    const { stdout, stderr } = Bun.spawnSync(["unshare", "--user", "--map-root-user", "sh", "-c", script, ...argv]);
    expect(String(stderr)).toBe("");
    expect(JSON.parse(String(stdout))).toEqual([
      {
        message: `Cannot watch folders for changes: the kernel's limit ${setting} is reached`,
        hint: `changes are noticed later, by polling; raise it with sysctl -w ${setting}=NUMBER and restart`,
      },
    ]);
  });
});
