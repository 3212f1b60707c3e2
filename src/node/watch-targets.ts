// Which directories concern the node: what the runtime reads, what the PodCIDR chain and the node's name are read from, leases and
// plugins.

import type { WatchTarget } from "../agent/watches.ts";
import type { Config } from "../config/config.ts";
import { leaseDir } from "../ipam/lease.ts";
import { type KubeletFiles, sourceFiles } from "../podcidr/sources.ts";
import { basename, dirname } from "../sys/fs/path.ts";

export interface WatchTargetsOptions {
  readonly nodeName: string;
  /** Files that may say it. @default none */
  readonly nodeNameFiles?: readonly string[];
  /** Where the kubelet reads its configuration. @default the usual places */
  readonly kubelets?: KubeletFiles;
}

export function watchTargets(
  { cni: { confDir, binDir } }: Config,
  { nodeName, nodeNameFiles = [], kubelets }: WatchTargetsOptions,
): readonly WatchTarget[] {
  const whole = (dir: string, withinMs: number): WatchTarget => ({ dir, names: undefined, withinMs, isOutside: false });
  const names = new Map<string, Set<string>>();
  const dirs: string[] = [];
  const listen = (path: string): void =>
    void names.set(dirname(path), (names.get(dirname(path)) ?? new Set()).add(basename(path)));
  for (const { path, kind } of sourceFiles(nodeName, confDir, kubelets)) {
    if (kind === "file") listen(path);
    else if (path !== confDir) dirs.push(path);
  }
  for (const path of nodeNameFiles) listen(path);
  for (const dir of [confDir, ...dirs]) names.delete(dir);
  return [
    whole(confDir, 50),
    whole(binDir, 500),
    whole(leaseDir, 1000),
    ...dirs.map((dir) => whole(dir, 250)),
    ...[...names].map(([dir, wanted]): WatchTarget => ({ ...whole(dir, 250), names: wanted })),
  ];
}
