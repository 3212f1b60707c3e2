// Which folders the daemon listens to, and how soon it looks when one of them changes.

import type { Wakeups } from "../agent/trigger.ts";
import { leaseFolder } from "../ipam/lease.ts";
import { sourceFiles } from "../podcidr/sources.ts";
import { createFiles } from "../sys/fs/files.ts";
import { basename, dirname } from "../sys/fs/path.ts";
import { createWatchFolder } from "../sys/fs/watch.ts";
import type { System } from "../sys/system.ts";
import type { PassReport } from "./report.ts";

export interface WatchTarget {
  /** A path of the node, or of this machine when `isOutside`. */
  readonly folder: string;
  /** Names in it that matter; undefined: all. */
  readonly names: ReadonlySet<string> | undefined;
  /** How long changes are gathered: an editor writes in several steps, a runtime starts many pods at once. */
  readonly withinMs: number;
  /** Whether the folder is one of this machine's, not of the root that plays the node. */
  readonly isOutside: boolean;
}

/**
 * The folders of a configuration: what the runtime reads, what the chain reads, our own configuration, leases and plugins.
 * @param root host path of the folder that plays the node's "/"
 */
export function watchTargets(
  { config, answer }: Pick<PassReport, "config" | "answer">,
  root: string,
): readonly WatchTarget[] {
  const { confDir, binDir } = config.config.cni;
  const whole = (folder: string, withinMs: number): WatchTarget => ({
    folder,
    names: undefined,
    withinMs,
    isOutside: false,
  });
  const names = new Map<string, Set<string>>();
  const folders: string[] = [];
  for (const { path, kind } of sourceFiles(answer.nodeName, confDir)) {
    if (kind === "file") names.set(dirname(path), (names.get(dirname(path)) ?? new Set()).add(basename(path)));
    else if (path !== confDir) folders.push(path);
  }
  names.delete(confDir);
  // Watching a folder means watching all above it: those of the root's own machine are none of the node's.
  const under = root === "/" ? "/" : `${root}/`;
  const inside = config.hostFile.startsWith(under) ? dirname(config.hostFile.slice(under.length - 1)) : undefined;
  return [
    whole(confDir, 50),
    whole(binDir, 500),
    whole(leaseFolder, 1000),
    // A mounted ConfigMap changes by a link beside the file, so every name counts.
    { ...whole(inside ?? dirname(config.hostFile), 250), isOutside: inside === undefined },
    ...folders.map((folder) => whole(folder, 250)),
    ...[...names].map(([folder, wanted]): WatchTarget => ({ ...whole(folder, 250), names: wanted })),
  ];
}

export interface Watches {
  /** Listens to exactly these folders from now on; those that stay are not interrupted. */
  update(targets: readonly WatchTarget[]): void;
  close(): void;
}

export function createWatches(system: System, wakeups: Wakeups): Watches {
  const watchOutside = createWatchFolder(createFiles("/"), system.log);
  const open = new Map<string, AbortController>();
  const keyOf = ({ folder, isOutside, names }: WatchTarget): string =>
    `${isOutside} ${folder} ${[...(names ?? [])].join()}`;
  const start = ({ folder, names, withinMs, isOutside }: WatchTarget): AbortController => {
    const controller = new AbortController();
    const onChange = (name: string | undefined): void => {
      if (name === undefined || names === undefined || names.has(name)) wakeups.wake(folder, withinMs);
    };
    (isOutside ? watchOutside : system.watch)(folder, onChange, controller.signal);
    return controller;
  };
  return {
    update: (targets) => {
      const wanted = new Map(targets.map((target) => [keyOf(target), target]));
      for (const [key, controller] of open) {
        if (wanted.has(key)) continue;
        controller.abort();
        open.delete(key);
      }
      for (const [key, target] of wanted) if (!open.has(key)) open.set(key, start(target));
    },
    close: () => {
      for (const controller of open.values()) controller.abort();
      open.clear();
    },
  };
}
