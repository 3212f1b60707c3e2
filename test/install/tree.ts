// The disk of a node as lines that can be compared: what an installation adds, and what a removal leaves.

import type { Node } from "../harness/node.ts";

/** Where an operator and HeadCNI write. */
const roots = ["/etc", "/opt", "/var", "/run", "/usr/local", "/root"];
/** What runtimes and the tests themselves keep there. */
const others = [
  ...["/var/log", "/var/lib/headcni-test", "/run/units"],
  ...["/opt/containerd", "/run/containerd", "/var/lib/containerd"],
  ...["/run/containers", "/run/libpod", "/run/runc", "/run/lock", "/var/lib/containers", "/etc/cni/net.d/cni.lock"],
  ...["/run/k3s", "/var/lib/rancher"],
  "/etc/systemd/system/multi-user.target.wants/rke2-server.service",
  "/run/netns",
];

/** Path to what it is: type, mode, owner, target of a link, digest of a file; of a file in a directory of CNI its time too. */
export type Tree = ReadonlyMap<string, string>;

export interface TreeOptions {
  /** Directories to look at; below `/` all of the node's root file system. @default where an operator and HeadCNI write */
  readonly where?: readonly string[];
  /** What further programs of the node keep. */
  readonly more?: readonly string[];
}

export async function treeOf(node: Node, { where = roots, more = [] }: TreeOptions = {}): Promise<Tree> {
  const skipped = [...others, ...more].flatMap((path) => ["-path", path, "-o"]).slice(0, -1);
  const files = ["(", ...skipped, ")", "-prune", "-o"];
  const there = [...where.filter((root) => node.exists(root)), ...(where.includes("/") ? ["-xdev"] : [])];
  const listed = await node.must(["find", ...there, ...files, "-printf", "%p\\t%y %m %U %l\\n"]);
  const digests = await node.must(["find", ...there, ...files, "-type", "f", "-exec", "sha256sum", "{}", "+"]);
  const times = await node.must(["find", "/etc", "-path", "*/net.d/*", "-printf", "%p\\t%T@\\n"]);
  const tree = new Map(rowsOf(listed));
  for (const [path, more] of [...rowsOf(digests.replace(/^(\S+) {2}(.*)$/gm, "$2\t$1")), ...rowsOf(times)]) {
    const known = tree.get(path);
    if (known !== undefined) tree.set(path, `${known} ${more}`);
  }
  return tree;
}

/** Paths that came, went or are not what they were, sorted. */
export function changedPaths(before: Tree, after: Tree): readonly string[] {
  const paths = [...new Set([...before.keys(), ...after.keys()])];
  return paths.filter((path) => before.get(path) !== after.get(path)).sort();
}

function rowsOf(text: string): [string, string][] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [path = "", rest = ""] = line.split("\t");
      return [path, rest];
    });
}
