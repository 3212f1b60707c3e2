// Which directories concern the node: what the runtime reads, what the PodCIDR chain and the node's name are read from, leases and
// plugins.

import type { WatchTarget } from "../agent/watches.ts";
import type { Config } from "../config/config.ts";
import { leaseDir } from "../ipam/lease.ts";
import { sourceFiles } from "../podcidr/sources.ts";
import { commandDirs, commandFiles, type NodePrograms, usualPrograms } from "../programs/node-programs.ts";
import { basename, dirname } from "../sys/fs/path.ts";

export interface WatchTargetsOptions {
  readonly nodeName: string;
  /** Files that may say it. @default none */
  readonly nodeNameFiles?: readonly string[];
  /** What the node's programs were told. @default nothing */
  readonly programs?: NodePrograms;
}

export function watchTargets(
  { cni: { confDir, binDir } }: Config,
  { nodeName, nodeNameFiles = [], programs = usualPrograms }: WatchTargetsOptions,
): readonly WatchTarget[] {
  const whole = (dir: string, withinMs: number): WatchTarget => ({ dir, names: undefined, withinMs, isOutside: false });
  const sources = sourceFiles(nodeName, confDir, programs).filter(({ kind }) => kind !== "command");
  const paths = sources.flatMap(({ path, kind }) => (kind === "file" ? path : []));
  const names = new Map<string, Set<string>>();
  for (const path of [...paths, ...commandFiles(programs), ...nodeNameFiles]) {
    names.set(dirname(path), (names.get(dirname(path)) ?? new Set()).add(basename(path)));
  }
  const dirs = sources.flatMap(({ path, kind }) => (kind === "file" || path === confDir ? [] : path));
  const wholeDirs = new Set([...dirs, ...commandDirs(programs)]);
  for (const dir of [confDir, ...wholeDirs]) names.delete(dir);
  return [
    whole(confDir, 50),
    whole(binDir, 500),
    whole(leaseDir, 1000),
    ...[...wholeDirs].map((dir) => whole(dir, 250)),
    ...[...names].map(([dir, wanted]): WatchTarget => ({ ...whole(dir, 250), names: wanted })),
  ];
}
