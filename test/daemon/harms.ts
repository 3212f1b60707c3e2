// What others do to the conflist and its folder, and how it looks once the daemon has put it right.

import * as fs from "node:fs";
import { conflistPath } from "../harness/headcni.ts";
import type { Node } from "../harness/node.ts";

const confDir = "/etc/cni/net.d";

/** Each harms the node from outside the daemon; the folder is a real one of the node. */
export const conflistHarms: readonly (readonly [what: string, harm: (node: Node) => unknown])[] = [
  ["removes the conflist", (node) => fs.rmSync(node.path(conflistPath))],
  ["changes a byte of it", (node) => node.write(conflistPath, node.read(conflistPath).replace("1280", "1281"))],
  ["truncates it", (node) => node.write(conflistPath, "")],
  ["makes it readable for all", (node) => fs.chmodSync(node.path(conflistPath), 0o644)],
  [
    "renames another file over it",
    (node) => {
      node.write(`${confDir}/.x`, "{}");
      fs.renameSync(node.path(`${confDir}/.x`), node.path(conflistPath));
    },
  ],
  [
    "puts a link in its place",
    (node) => {
      fs.rmSync(node.path(conflistPath));
      fs.symlinkSync("/etc/passwd", node.path(conflistPath));
    },
  ],
  ["removes the folder", (node) => fs.rmSync(node.path(confDir), { recursive: true })],
  [
    "replaces the folder",
    (node) => {
      fs.renameSync(node.path(confDir), node.path("/etc/cni/old"));
      fs.mkdirSync(node.path(confDir));
    },
  ],
  ["removes the folder above it", (node) => fs.rmSync(node.path("/etc/cni"), { recursive: true })],
  ["mounts an empty folder over it", (node) => node.must(["mount", "-t", "tmpfs", "none", confDir])],
];

/** Whether the conflist is a file with this text that root alone may read. */
export function isConflist(node: Node, text: string): boolean {
  const info = fs.lstatSync(node.path(conflistPath), { throwIfNoEntry: false });
  return info?.isFile() === true && (info.mode & 0o777) === 0o600 && node.read(conflistPath) === text;
}
