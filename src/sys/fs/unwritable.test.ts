import { expect, test } from "bun:test";
import * as fs from "node:fs";
import { type TempRoot, tempRoot } from "../testing.ts";
import { whyUnwritable } from "./unwritable.ts";

const rows: readonly (readonly [string, (root: TempRoot) => void, string | undefined])[] = [
  ["a directory", (root) => fs.mkdirSync(`${root.path}/a/b`, { recursive: true }), undefined],
  ["nothing yet", () => undefined, undefined],
  ["a link to a directory", (root) => link(root, `${root.path}/c`, true), undefined],
  ["a file", (root) => root.write("/a/b", ""), "ROOT/a/b is not a folder"],
  ["a file above it", (root) => root.write("/a", ""), "ROOT/a is not a folder"],
  [
    "a link that leads nowhere",
    (root) => link(root, "/no/where", false),
    "ROOT/a/b is a link to /no/where, which does not exist",
  ],
];

function link(root: TempRoot, target: string, isMade: boolean): void {
  fs.mkdirSync(`${root.path}/a`);
  if (isMade) fs.mkdirSync(target);
  fs.symlinkSync(target, `${root.path}/a/b`);
}

test.each(rows)("whyUnwritable() where there is %s", (_, make, why) => {
  using root = tempRoot();
  make(root);
  expect(whyUnwritable(`${root.path}/a/b`)?.why).toBe(why?.replace("ROOT", root.path));
});
