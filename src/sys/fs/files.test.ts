// The door to the file system on a real one: nothing leaves the root, nothing blocks, nothing is read without bound.

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import fc from "fast-check";
import { HeadcniError } from "../errors.ts";
import { runs, type TempRoot, tempRoot } from "../testing.ts";
import { createFiles, type Files } from "./files.ts";

let root: TempRoot;
let outside: TempRoot;
let files: Files;

beforeEach(() => {
  root = tempRoot();
  outside = tempRoot();
  files = createFiles(root.path);
});
afterEach(() => {
  root[Symbol.dispose]();
  outside[Symbol.dispose]();
});

const text = (bytes: Uint8Array | undefined) => (bytes === undefined ? undefined : new TextDecoder().decode(bytes));
const link = (target: string, path: string) => {
  fs.mkdirSync(`${root.path}${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
  fs.symlinkSync(target, `${root.path}${path}`);
};

function failureOf(action: () => unknown): { code: string; message: string; errno: unknown } {
  try {
    action();
  } catch (error) {
    if (error instanceof HeadcniError) return { code: error.code, message: error.message, errno: error.details?.errno };
    throw error;
  }
  throw new Error("Expected a HeadcniError");
}

describe("createFiles()", () => {
  test("keeps a root that is a link of /proc as it is: its text does not say where it leads", () => {
    const link = "/proc/self/root";
    expect(createFiles(link).hostPath("/etc")).toBe(`${link}/etc`);
  });

  test.each(["", "/nonexistent/node", "/dev/null"])("refuses %p as a root", (root) => {
    expect(() => createFiles(root)).toThrow(`Cannot use "${root}" as the root of a node: it is not a folder`);
  });
});

describe("createFiles() re-roots", () => {
  test.each([
    ["an absolute link", "/etc/target", "/a/link", "/a/link"],
    ["a relative link", "../etc/target", "/a/link", "/a/link"],
    ["a relative link with more .. than folders", "../../../../../../etc/target", "/a/link", "/a/link"],
    ["a link to a folder on the way", "/etc", "/a/folder", "/a/folder/target"],
    ["a link with . and empty parts", ".//./../etc//./target", "/a/link", "/a/link"],
    [".. in the path itself", "/etc", "/a/x", "/../../a/x/target"],
  ])("%s", (_name, target, at, path) => {
    root.write("/etc/target", "inside");
    link(target, at);
    expect(text(files.read(path))).toBe("inside");
    expect(files.hostPath(path)).toBe(`${root.path}/etc/target`);
  });

  test("links through links, up to what the kernel follows", () => {
    root.write("/end", "inside");
    link("/end", "/link0");
    for (let hop = 1; hop < 40; hop++) link(`link${hop - 1}`, `/link${hop}`);
    expect(text(files.read("/link39"))).toBe("inside");
    link("link39", "/link40");
    expect(failureOf(() => files.read("/link40"))).toMatchObject({ code: "HC_FILE_READ", errno: "ELOOP" });
  });

  test("what a link outside of the root would name is absent", () => {
    outside.write("/secret", "outside");
    link(`${outside.path}/secret`, "/link");
    link(outside.path, "/folder");
    expect(files.readIfPresent("/link")).toBeUndefined();
    expect(files.readIfPresent("/folder/secret")).toBeUndefined();
    expect(files.list("/folder")).toBeUndefined();
    expect(files.stat("/link")).toBeUndefined();
  });

  test("and writes, moves and removes inside, too", () => {
    outside.write("/file", "outside");
    link(outside.path, "/folder");
    expect(failureOf(() => files.writeAtomic("/folder/file", "x")).errno).toBe("ENOENT");
    files.makeDir("/folder/deep");
    expect(root.exists(`${outside.path}/deep`)).toBe(true);
    files.writeAtomic("/folder/file", "x");
    files.rename("/folder/file", "/folder/other");
    files.remove("/folder/other");
    expect(fs.readdirSync(outside.path)).toEqual(["file"]);
    expect(outside.read("/file")).toBe("outside");
  });

  test("no path out of it, whatever the links and paths are", () => {
    const name = fc.constantFrom("a", "b", "c");
    const part = fc.oneof(name, fc.constantFrom("..", ".", ""));
    const path = fc.array(part, { minLength: 1, maxLength: 8 }).map((parts) => `/${parts.join("/")}`);
    const target = fc
      .tuple(fc.boolean(), fc.array(part, { minLength: 1, maxLength: 6 }))
      .map(([isAbsolute, parts]) => `${isAbsolute ? "/" : ""}${parts.join("/")}` || ".");
    fc.assert(
      fc.property(fc.array(fc.tuple(name, name, target), { maxLength: 6 }), path, (links, asked) => {
        using node = tempRoot();
        for (const folder of ["a", "b"]) fs.mkdirSync(`${node.path}/${folder}`);
        for (const [folder, entry, to] of links) {
          try {
            fs.symlinkSync(to, `${node.path}/${folder}/${entry}`);
          } catch {
            // The name is taken, or its folder is not there: one link fewer.
          }
        }
        const at = createFiles(node.path);
        let resolved: string;
        try {
          resolved = at.hostPath(asked);
        } catch (error) {
          expect(error).toBeInstanceOf(HeadcniError);
          return;
        }
        expect(resolved === node.path || resolved.startsWith(`${node.path}/`)).toBe(true);
        // What is there is there without a link left to follow.
        if (fs.existsSync(resolved)) expect(fs.realpathSync(resolved)).toBe(resolved);
      }),
      { numRuns: runs(300) },
    );
  });

  test("a loop of links is an error that says so, for every operation", () => {
    link("/b", "/a");
    link("/a", "/b");
    for (const action of [
      () => files.read("/a"),
      () => files.readIfPresent("/a"),
      () => files.stat("/a"),
      () => files.list("/a"),
      () => files.hostPath("/a/x"),
    ]) {
      expect(failureOf(action)).toMatchObject({ code: "HC_FILE_READ", errno: "ELOOP" });
    }
    expect(files.lstat("/a")?.kind).toBe("symlink");
  });

  test("a root that is itself a link, or has a slash too many", () => {
    root.write("/etc/file", "inside");
    fs.symlinkSync(root.path, `${outside.path}/root`);
    for (const path of [`${outside.path}/root`, `${root.path}/`, `${root.path}//`]) {
      expect(text(createFiles(path).read("/etc/file"))).toBe("inside");
    }
  });

  test("nothing for a root of /: paths are the machine's", () => {
    expect(createFiles().hostPath(`${root.path}/x`)).toBe(`${root.path}/x`);
  });

  test("relative paths are a fault of the caller", () => {
    expect(() => files.read("etc/file")).toThrow(TypeError);
  });
});

describe("Files.read()", () => {
  test("reads an empty file, a large one, one in /proc that says it has no size", () => {
    root.write("/empty", "");
    root.write("/large", new Uint8Array(3 << 20).fill(7));
    expect(files.read("/empty")).toHaveLength(0);
    expect(files.read("/large")).toEqual(new Uint8Array(3 << 20).fill(7));
    expect(text(createFiles().read("/proc/self/status"))).toContain("VmRSS");
  });

  test("takes exactly as much as is allowed, and refuses one byte more", () => {
    root.write("/file", "12345");
    expect(files.read("/file", 5)).toHaveLength(5);
    expect(failureOf(() => files.read("/file", 4))).toMatchObject({
      code: "HC_FILE_TOO_LARGE",
      message: "Cannot read /file: it is larger than 4 bytes",
    });
  });

  test("refuses a file of a terabyte without reading or reserving it", () => {
    root.write("/sparse", "");
    fs.truncateSync(`${root.path}/sparse`, 2 ** 40);
    expect(failureOf(() => files.read("/sparse")).code).toBe("HC_FILE_TOO_LARGE");
    expect(failureOf(() => files.readIfPresent("/sparse", 10)).code).toBe("HC_FILE_TOO_LARGE");
  });

  test("refuses what is no file, and never waits for a FIFO", () => {
    Bun.spawnSync(["mkfifo", `${root.path}/fifo`]);
    root.write("/folder/x", "");
    expect(failureOf(() => files.read("/fifo"))).toMatchObject({
      code: "HC_FILE_NOT_REGULAR",
      message: "Cannot read /fifo: it is not a regular file",
    });
    expect(failureOf(() => files.read("/folder")).message).toBe("Cannot read /folder: it is a folder");
    expect(failureOf(() => createFiles().read("/dev/zero")).code).toBe("HC_FILE_NOT_REGULAR");
  });

  test("names path and reason when it cannot", () => {
    expect(failureOf(() => files.read("/missing"))).toEqual({
      code: "HC_FILE_READ",
      message: "Cannot read /missing: does not exist",
      errno: "ENOENT",
    });
    expect(failureOf(() => files.read(`/${"x".repeat(300)}`)).errno).toBe("ENAMETOOLONG");
  });

  test("leaves no descriptor open, also when it refuses", () => {
    const open = () => fs.readdirSync("/proc/self/fd").length;
    root.write("/file", "12345");
    const before = open();
    for (let round = 0; round < 50; round++) {
      files.read("/file");
      failureOf(() => files.read("/file", 1));
      failureOf(() => files.read("/missing"));
    }
    // Those of earlier tests may close meanwhile.
    expect(open()).toBeLessThanOrEqual(before);
  });
});

test("Files.readIfPresent() is undefined for a missing file and for a file in the place of a folder", () => {
  root.write("/file", "x");
  expect([files.readIfPresent("/missing"), files.readIfPresent("/no/folder"), files.readIfPresent("/file/x")]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(text(files.readIfPresent("/file"))).toBe("x");
});

test("Files.stat() follows links, lstat() does not; both are undefined for nothing", () => {
  root.write("/file", "12345", 0o640);
  link("file", "/link");
  link("nothing", "/dangling");
  expect(files.stat("/link")).toMatchObject({ kind: "file", sizeBytes: 5, mode: 0o640 });
  expect(files.lstat("/link")?.kind).toBe("symlink");
  expect(files.readLink("/link")).toBe("file");
  expect([files.stat("/dangling"), files.lstat("/missing"), files.stat("/file/x")]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(files.lstat("/dangling")?.kind).toBe("symlink");
  expect(files.stat("/")?.kind).toBe("directory");
});

test("Files.list() sorts by code unit and is undefined for a missing folder", () => {
  for (const name of ["b", "a", "B", "10-z", "9-a", ".hidden", "ä"]) root.write(`/folder/${name}`, "");
  expect(files.list("/folder")).toEqual([".hidden", "10-z", "9-a", "B", "a", "b", "ä"]);
  expect(files.list("/missing")).toBeUndefined();
});

describe("Files' changes", () => {
  test("write, move and remove names, not what links at those names lead to", () => {
    root.write("/target", "kept");
    link("target", "/link");
    files.writeAtomic("/link", "new");
    expect([root.read("/target"), root.read("/link"), files.lstat("/link")?.kind]).toEqual(["kept", "new", "file"]);
    link("target", "/other");
    files.rename("/other", "/moved");
    expect([files.lstat("/moved")?.kind, root.exists("/target")]).toEqual(["symlink", true]);
    files.remove("/moved");
    expect(root.read("/target")).toBe("kept");
  });

  test("are fine with nothing to remove", () => {
    files.remove("/missing");
    expect(files.removeEmptyDir("/missing")).toBe(false);
    root.write("/full/x", "");
    expect(files.removeEmptyDir("/full")).toBe(false);
    files.makeDir("/empty");
    expect(files.removeEmptyDir("/empty")).toBe(true);
  });

  test("say why a name cannot be removed", () => {
    root.write("/file", "x");
    const chattr = (change: string) => Bun.spawnSync(["chattr", change, `${root.path}/file`]).success;
    // Not every file system, nor every user, can make a file immutable.
    if (chattr("+i")) {
      const failure = failureOf(() => files.remove("/file"));
      chattr("-i");
      expect(failure).toEqual({
        code: "HC_FILE_WRITE",
        message: "Cannot write /file: operation not permitted",
        errno: "EPERM",
      });
    }
    files.makeDir("/folder");
    expect(failureOf(() => files.remove("/folder"))).toMatchObject({ errno: "EISDIR" });
  });

  test("make folders with those above, and mind none that is there", () => {
    files.makeDir("/a/b/c", 0o700);
    files.makeDir("/a/b/c", 0o700);
    expect(files.stat("/a/b/c")?.mode).toBe(0o700);
    link("/later/folder", "/dangling");
    files.makeDir("/dangling");
    expect(files.stat("/later/folder")?.kind).toBe("directory");
  });

  test.each<[string, (at: Files) => void, string]>([
    [
      "a write into a missing folder",
      (at) => at.writeAtomic("/missing/x", ""),
      "Cannot write /missing/x: does not exist",
    ],
    ["a write in place of a folder", (at) => at.writeAtomic("/folder", ""), "Cannot write /folder: is a directory"],
    [
      "a write below a file",
      (at) => at.writeAtomic("/file/x", ""),
      "Cannot write /file/x: a part of the path is not a directory",
    ],
    ["a folder in place of a file", (at) => at.makeDir("/file"), "Cannot write /file: already exists"],
    ["a link in place of a file", (at) => at.symlink("x", "/file"), "Cannot write /file: already exists"],
    ["a second name in place of a file", (at) => at.link("/file", "/file"), "Cannot write /file: already exists"],
    ["a move of nothing", (at) => at.rename("/missing", "/x"), "Cannot write /x: does not exist"],
  ])("say what is wrong with %s", (_name, action, message) => {
    root.write("/file", "x");
    files.makeDir("/folder");
    expect(failureOf(() => action(files))).toMatchObject({ code: "HC_FILE_WRITE", message });
    expect(fs.readdirSync(root.path).toSorted()).toEqual(["file", "folder"]);
  });
});

describe("createFiles() takes names that are not UTF-8", () => {
  const name = (...tail: readonly number[]): Uint8Array =>
    Uint8Array.from([...new TextEncoder().encode(`${root.path}/d/05-`), ...tail]);
  const raw = (path: Uint8Array) => Buffer.from(path);

  test("lists them in the order of their bytes, and reads, moves, links and removes them", () => {
    root.write("/d/05-é", "text");
    root.write("/d/05-z", "text");
    fs.writeFileSync(raw(name(0xe9)), "latin-1");
    fs.writeFileSync(raw(name(0x80)), "low");
    const list = files.list("/d") ?? [];
    expect(list).toEqual(["05-z", "05-\udc80", "05-é", "05-\udce9"]);
    expect(list.map((each) => text(files.read(`/d/${each}`)))).toEqual(["text", "low", "text", "latin-1"]);
    expect(files.lstat("/d/05-\udce9")).toMatchObject({ kind: "file", sizeBytes: 7 });
    files.rename("/d/05-\udce9", "/d/05-\udcea.aside");
    files.link("/d/05-\udcea.aside", "/d/05-\udceb");
    files.writeAtomic("/d/05-\udceb", "anew");
    files.remove("/d/05-\udc80");
    files.symlink("05-\udceb", "/d/05-link");
    expect(files.readLink("/d/05-link")).toBe("05-\udceb");
    expect(text(files.read("/d/05-link"))).toBe("anew");
    const left = fs.readdirSync(`${root.path}/d`, { encoding: "buffer" }).map((each) => each.toString("latin1"));
    expect(left.toSorted()).toEqual(["05-link", "05-z", "05-Ã©", "05-ê.aside", "05-ë"].toSorted());
  });

  test("follows links through them inside the root", () => {
    fs.mkdirSync(`${root.path}/d`);
    fs.mkdirSync(raw(name(0xff)));
    fs.writeFileSync(Buffer.concat([raw(name(0xff)), Buffer.from("/f")]), "inside");
    fs.symlinkSync(Buffer.from([...Buffer.from("/d/05-"), 0xff]), `${root.path}/way`);
    expect(text(files.read("/way/f"))).toBe("inside");
  });

  test("names them in a failure", () => {
    expect(failureOf(() => files.read("/d/05-\udcff"))).toMatchObject({ errno: "ENOENT" });
  });
});
