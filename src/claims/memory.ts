// The file that remembers claims across restarts: which PodCIDRs were won here, and what other nodes had when they were last seen.

import { firstOfEachFamily, type PodCIDRs } from "../cidr/pod-cidrs.ts";
import { type Prefix, tryParsePrefix } from "../cidr/prefix.ts";
import { stateDir } from "../node-state/names.ts";
import { expected } from "../sys/errors.ts";
import { join } from "../sys/fs/path.ts";
import { isJsonObject, type JsonValue, printJson, tryParseJsonObject } from "../sys/json.ts";
import type { System } from "../sys/system.ts";
import type { RememberedPeer } from "./taken.ts";

export const claimsFile = join(stateDir, "claims.json");

export interface ClaimsMemory {
  /** Proven, and contradicted by nothing since. */
  readonly won: PodCIDRs | undefined;
  readonly peers: readonly RememberedPeer[];
}

export const emptyMemory: ClaimsMemory = { won: undefined, peers: [] };

/** When a node was last seen is written this often, for that changes all the time. */
const seenEveryMs = 3600_000;

/** What is on disk; nothing when there is no file, or none that can be read. */
export function readClaimsMemory({ files, log }: Pick<System, "files" | "log">): ClaimsMemory {
  try {
    const bytes = files.readIfPresent(claimsFile);
    const json = bytes === undefined ? undefined : tryParseJsonObject(new TextDecoder().decode(bytes));
    if (json === undefined) return emptyMemory;
    const peers = Array.isArray(json.peers) ? json.peers.flatMap(decodePeer) : [];
    return { won: firstOfEachFamily(decodePrefixes(json.won)), peers };
  } catch (error) {
    expected(error);
    log.warn("ClaimsMemoryUnreadable", error.message);
    return emptyMemory;
  }
}

/** Writes the file unless it says the same. @throws HeadcniError HC_FILE_WRITE */
export function writeClaimsMemory({ files }: Pick<System, "files">, last: ClaimsMemory, next: ClaimsMemory): void {
  if (isSame(last, next)) return;
  const peers = next.peers.map(({ id, name, routes, hasWithdrawn, lastSeenMs }) => {
    return {
      id,
      name,
      routes: routes.map(String),
      withdrawn: hasWithdrawn,
      lastSeen: new Date(lastSeenMs).toISOString(),
    };
  });
  files.makeDir(stateDir);
  files.writeAtomic(claimsFile, printJson({ version: 1, won: next.won?.toJSON() ?? [], peers }), { mode: 0o600 });
}

function isSame(a: ClaimsMemory, b: ClaimsMemory): boolean {
  if (String(a.won) !== String(b.won) || a.peers.length !== b.peers.length) return false;
  const known = new Map(a.peers.map((peer) => [peer.id, peer]));
  return b.peers.every(({ id, name, routes, hasWithdrawn, lastSeenMs }) => {
    const other = known.get(id);
    if (other === undefined || lastSeenMs - other.lastSeenMs >= seenEveryMs) return false;
    return other.name === name && other.hasWithdrawn === hasWithdrawn && other.routes.join() === routes.join();
  });
}

function decodePeer(json: JsonValue): RememberedPeer[] {
  if (!isJsonObject(json)) return [];
  const { id, name, withdrawn, lastSeen } = json;
  const routes = decodePrefixes(json.routes);
  const lastSeenMs = Date.parse(String(lastSeen));
  if (typeof id !== "string" || routes.length === 0 || Number.isNaN(lastSeenMs)) return [];
  return [{ id, name: typeof name === "string" ? name : id, routes, hasWithdrawn: withdrawn === true, lastSeenMs }];
}

function decodePrefixes(json: JsonValue | undefined): readonly Prefix[] {
  return Array.isArray(json) ? json.flatMap((text) => tryParsePrefix(String(text)) ?? []) : [];
}
