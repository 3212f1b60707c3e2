// The directories an agent listens to, and how soon it looks when one of them changes.

import { createFiles } from "../sys/fs/files.ts";
import { createWatchDir } from "../sys/fs/watch.ts";
import type { System } from "../sys/system.ts";
import type { Trigger } from "./trigger.ts";

export interface WatchTarget {
  /** A path of the node, or of this machine when `isOutside`. */
  readonly dir: string;
  /** Names in it that matter; undefined: all. */
  readonly names: ReadonlySet<string> | undefined;
  /** How long changes are gathered: an editor writes in several steps, a runtime starts many pods at once. */
  readonly withinMs: number;
  /** Whether the directory is one of this machine's, not of the root that plays the node. */
  readonly isOutside: boolean;
}

export interface Watches {
  /** Listens to exactly these directories from now on; those that stay are not interrupted. */
  update(targets: readonly WatchTarget[]): void;
  close(): void;
}

export function createWatches(system: System, trigger: Trigger): Watches {
  const watchOutside = createWatchDir(createFiles("/"), system.log);
  const open = new Map<string, AbortController>();
  const keyOf = ({ dir, isOutside, names }: WatchTarget): string => `${isOutside} ${dir} ${[...(names ?? [])].join()}`;
  const start = ({ dir, names, withinMs, isOutside }: WatchTarget): AbortController => {
    const controller = new AbortController();
    const onChange = (name: string | undefined): void => {
      if (name === undefined || names === undefined || names.has(name)) trigger.wake(dir, withinMs);
    };
    (isOutside ? watchOutside : system.watch)(dir, onChange, controller.signal);
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
