// The real programs of Kubernetes, where this machine has them: in the directory that HEADCNI_KUBERNETES_BIN names, else on PATH. They
// are copied into a node, since a node sees nothing of the machine but /usr and the checkout.

import * as fs from "node:fs";
import { join } from "../../../src/sys/fs/path.ts";
import type { Node } from "../node.ts";

export const controlPlanePrograms = ["etcd", "kube-apiserver"] as const;
export const clusterPrograms = [
  ...controlPlanePrograms,
  "kube-controller-manager",
  "kube-scheduler",
  "kubelet",
  "kube-proxy",
  "kubectl",
] as const;

const dir = "/opt/kubernetes/bin";

/** Where each of the programs is on this machine, or a sentence that says which are missing. */
export function findKubernetes<Name extends string>(names: readonly Name[]): ReadonlyMap<Name, string> | string {
  const found = new Map<Name, string>();
  for (const name of names) {
    const path = find(name);
    if (path !== undefined) found.set(name, path);
  }
  const missing = names.filter((name) => !found.has(name));
  if (missing.length === 0) return found;
  return `no ${missing.join(", ")}: put them on PATH, or name their directory in HEADCNI_KUBERNETES_BIN`;
}

function find(name: string): string | undefined {
  const named = process.env.HEADCNI_KUBERNETES_BIN ?? "";
  const there = join(named, name);
  return named !== "" && fs.existsSync(there) ? there : (Bun.which(name) ?? undefined);
}

/** Puts a program into the node, once, and gives its path there. */
export function installProgram(node: Node, programs: ReadonlyMap<string, string>, name: string): string {
  const path = `${dir}/${name}`;
  if (node.exists(path)) return path;
  const from = programs.get(name);
  if (from === undefined) throw new Error(`${name} was not looked for`);
  node.write(path, "");
  fs.copyFileSync(from, node.path(path));
  fs.chmodSync(node.path(path), 0o755);
  return path;
}
