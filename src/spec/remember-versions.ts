// Asks a plugin for its versions once as long as its file is the same: a daemon that looks every half minute would start each
// plugin every time.

import { ok, type Result } from "../sys/result.ts";
import type { System } from "../sys/system.ts";
import { askVersions } from "./ask-versions.ts";

/** As `askVersions`, of one file. */
export type AskVersions = (system: System, file: string) => Promise<Result<readonly string[]>>;

/** What the file does not show (its loader, a mount without exec) is found out within this time. */
const rememberedMs = 10 * 60_000;

interface Remembered {
  readonly fingerprint: string;
  readonly askedAtMs: number;
  readonly versions: readonly string[];
}

/** Remembers good answers alone: what is wrong is looked at again each time. */
export function rememberVersions(): AskVersions {
  const known = new Map<string, Remembered>();
  return async (system, file) => {
    const fingerprint = fingerprintOf(system, file);
    const askedAtMs = system.clock.monotonicMs();
    const last = known.get(file);
    if (last !== undefined && last.fingerprint === fingerprint && askedAtMs - last.askedAtMs < rememberedMs)
      return ok(last.versions);
    known.delete(file);
    const answer = await askVersions(system, file);
    // Of a file that was replaced meanwhile the answer may be the old one's.
    if (answer.kind === "ok" && fingerprint !== undefined && fingerprint === fingerprintOf(system, file))
      known.set(file, { fingerprint, askedAtMs, versions: answer.value });
    return answer;
  };
}

function fingerprintOf({ files }: System, file: string): string | undefined {
  const info = files.stat(file);
  return info === undefined
    ? undefined
    : `${files.hostPath(file)} ${info.inode} ${info.mtimeNs} ${info.sizeBytes} ${info.mode}`;
}
