import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import type { System } from "../sys/system.ts";
import { fakeClock, type TempRoot, tempRoot, testSystem } from "../sys/testing.ts";
import { keepRead } from "./kept-read.ts";

/** A node whose files are old enough for their times to tell. */
function node(root: TempRoot): { readonly system: System; readonly ask: (inputs?: readonly unknown[]) => number } {
  const system = testSystem(root, { clock: fakeClock(Date.now() + 60_000) });
  let count = 0;
  const read = ({ files }: System): number => {
    files.readIfPresent("/a");
    files.list("/dir");
    files.stat("/gone");
    files.stat("/no/dir");
    files.stat("/link/to");
    count += 1;
    return count;
  };
  return { system, ask: (inputs = []) => keepRead(system, { key: "x", inputs, read }) };
}

describe("keepRead()", () => {
  test.each<[string, (root: TempRoot) => void]>([
    ["a file is written", (root) => root.write("/a", "longer")],
    ["a file is written with as many bytes", (root) => root.write("/a", "2")],
    ["a file goes", (root) => fs.rmSync(`${root.path}/a`)],
    ["a file takes its place", (root) => fs.renameSync(`${root.path}/other`, `${root.path}/a`)],
    ["a name comes into a directory", (root) => root.write("/dir/new", "")],
    ["one comes where nothing was", (root) => root.write("/gone", "")],
    ["one comes where no directory was", (root) => root.write("/no/dir", "")],
    ["what a link leads to comes", (root) => root.write("/led/to", "")],
  ])("reads again when %s", (_, change) => {
    using root = tempRoot();
    for (const path of ["/a", "/other"]) root.write(path, "1");
    root.write("/dir/old", "");
    fs.symlinkSync("led", `${root.path}/link`);
    const { ask } = node(root);
    expect([ask(), ask()]).toEqual([1, 1]);
    change(root);
    expect([ask(), ask()]).toEqual([2, 2]);
  });

  test("reads again with another input", () => {
    using root = tempRoot();
    const { ask } = node(root);
    const [one, two] = [{}, {}];
    expect([ask([one]), ask([one]), ask([two])]).toEqual([1, 1, 2]);
  });

  test("keeps nothing of a file that has changed just now", () => {
    using root = tempRoot();
    root.write("/a", "1");
    let count = 0;
    const read = ({ files }: System): number => {
      files.readIfPresent("/a");
      count += 1;
      return count;
    };
    const system = testSystem(root, { clock: fakeClock(Date.now()) });
    expect([1, 2].map(() => keepRead(system, { key: "x", read }))).toEqual([1, 2]);
  });

  test("counts what an answer within it has looked at, also when that one was kept", () => {
    using root = tempRoot();
    root.write("/a", "1");
    const { system, ask } = node(root);
    let outer = 0;
    const askOuter = (): number =>
      keepRead(system, {
        key: "outer",
        read: (inner) => {
          outer += 1;
          return keepRead(inner, { key: "x", read: () => ask() }) * 100 + outer;
        },
      });
    ask();
    expect([askOuter(), askOuter()]).toEqual([101, 101]);
    root.write("/a", "22");
    expect(askOuter()).toBe(202);
  });
});
