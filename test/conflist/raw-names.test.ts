// The compiled program where another CNI's file has a name that is not UTF-8: to libcni a name is bytes, and such a file counts.

import { expect, test } from "bun:test";
import * as fs from "node:fs";
import { decodeFileName, kernelPath } from "../../src/sys/fs/file-name.ts";
import { confDir, type FolderNode, folderNode } from "./folder-node.ts";

const name = "05-\udcff\udce9.conflist";
const shown = "05-\\xff\\xe9.conflist";
const theirs = '{"cniVersion":"0.4.0","name":"theirs","plugins":[{"type":"bridge"}]}';

function namesOf(node: FolderNode): readonly string[] {
  return fs.readdirSync(`${node.path}${confDir}`, { encoding: "buffer" }).map(decodeFileName).toSorted();
}

test("headcni conflist shows, moves aside and restores a file whose name is not UTF-8", () => {
  using node = folderNode();
  const path = kernelPath(`${node.path}${confDir}/${name}`);
  fs.writeFileSync(path, theirs, { mode: 0o640 });
  fs.utimesSync(path, 1_500_000_000, 1_500_000_000);
  const inode = fs.statSync(path).ino;

  expect(node.conflist(["diff"]).stdout).toContain(`${shown} would be moved aside: the runtime prefers it to ours\n`);
  expect(node.conflist(["install", "--dry-run"]).stdout).toContain(`Would move ${shown} aside`);
  const { exitCode, stdout } = node.conflist(["install"]);
  expect([exitCode, stdout]).toMatchObject([
    0,
    expect.stringContaining(`Moved ${shown} aside as ${shown}.headcni-aside`),
  ]);
  expect(namesOf(node)).toEqual([`${name}.headcni-aside`, "10-headcni.conflist"]);

  expect(node.conflist(["restore"])).toMatchObject({ exitCode: 0 });
  expect(namesOf(node)).toEqual([name]);
  expect(fs.readFileSync(path, "utf8")).toBe(theirs);
  expect(fs.statSync(path)).toMatchObject({ ino: inode, mtimeMs: 1_500_000_000_000, mode: 0o100640 });
});

test("headcni conflist validate says that such a file is in front", () => {
  using node = folderNode();
  expect(node.conflist(["install"]).exitCode).toBe(0);
  expect(node.conflist(["validate"]).exitCode).toBe(0);
  fs.writeFileSync(kernelPath(`${node.path}${confDir}/${name}`), theirs);
  const { exitCode, stdout, stderr } = node.conflist(["validate"]);
  expect(exitCode).not.toBe(0);
  expect(stdout + stderr).toContain(`is not in force: the runtime takes ${confDir}/${shown} before it`);
});
