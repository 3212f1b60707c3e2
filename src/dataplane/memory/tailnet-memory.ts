// What is remembered of the tailnet over a reboot, which leaves nothing in the kernel: the cluster's CIDRs and the peers' PodCIDRs as
// last seen. With them pods' traffic is kept off the default route from the daemon's first step on, and not only once tailscaled has
// its network map again. A node that never used a tailnet has no such file.

import { type Condition, failureOf } from "../../agent/conditions.ts";
import { type Prefix, tryParsePrefix } from "../../cidr/prefix.ts";
import { stateDir } from "../../node-state/names.ts";
import { expected } from "../../sys/errors.ts";
import type { Files } from "../../sys/fs/files.ts";
import { join } from "../../sys/fs/path.ts";
import { type JsonValue, printJson, tryParseJsonObject } from "../../sys/json.ts";
import { condition } from "../conditions.ts";

const memoryFile = join(stateDir, "tailnet.json");

export interface RememberedTailnet {
  /** At most one of a family. */
  readonly clusterCIDRs: readonly Prefix[];
  /** The other nodes' PodCIDRs. */
  readonly peers: readonly Prefix[];
}

export interface TailnetMemory {
  /** Undefined where no tailnet was used, or what is there cannot be read. */
  recall(): RememberedTailnet | undefined;
  /** Writes it down, where it says something else. @returns what is wrong when that fails */
  keep(seen: RememberedTailnet): readonly Condition[];
  /** @throws HeadcniError HC_FILE_WRITE */
  forget(): void;
}

export function createTailnetMemory(files: Files): TailnetMemory {
  /** What the file has, as far as this process read or wrote it. */
  let written: string | undefined;
  const read = (): string | undefined => {
    const bytes = files.readIfPresent(memoryFile);
    return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
  };
  return {
    recall: () => {
      try {
        written = read();
      } catch (error) {
        // As if it were not there: the next one is written over it.
        expected(error);
      }
      const json = written === undefined ? undefined : tryParseJsonObject(written);
      if (json === undefined) return undefined;
      return { clusterCIDRs: toPrefixes(json.clusterCIDRs), peers: toPrefixes(json.peers) };
    },
    keep: ({ clusterCIDRs, peers }) => {
      const text = printJson({ version: 1, clusterCIDRs: clusterCIDRs.map(String), peers: peers.map(String) });
      try {
        written ??= read();
        if (text === written) return [];
        files.makeDir(stateDir);
        files.writeAtomic(memoryFile, text, { mode: 0o600 });
        written = text;
        return [];
      } catch (error) {
        return [condition("TailnetNotRemembered", failureOf(error))];
      }
    },
    forget: () => {
      written = undefined;
      files.remove(memoryFile);
    },
  };
}

/** Of each family the one that is said now, else the remembered one: what said it may be gone with the reboot. */
export function withRemembered(said: readonly Prefix[], remembered: readonly Prefix[]): readonly Prefix[] {
  const missing = remembered.filter((known) => !said.some(({ family }) => family === known.family));
  return [...said, ...missing];
}

function toPrefixes(value: JsonValue | undefined): readonly Prefix[] {
  return Array.isArray(value) ? value.flatMap((each) => tryParsePrefix(String(each)) ?? []) : [];
}
