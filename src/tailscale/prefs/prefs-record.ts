// The file that remembers what HeadCNI has changed in tailscaled's prefs, across restarts, crashes and another PodCIDR.

import { stateDir } from "../../node-state/names.ts";
import type { Files } from "../../sys/fs/files.ts";
import { join } from "../../sys/fs/path.ts";
import { isJsonObject, type JsonObject, printJson, tryParseJsonObject } from "../../sys/json.ts";
import type { PrefsRecord } from "./prefs-plan.ts";

export const prefsRecordFile = join(stateDir, "tailscale.json");

/** A record with the tailscaled it is about. */
export interface StoredRecord extends PrefsRecord {
  /** Path of its socket. */
  readonly socket: string;
}

/** The record on disk; undefined when there is none, or none that can be read: then nothing is known to be ours. */
export function readPrefsRecord(files: Files): StoredRecord | undefined {
  const bytes = files.readIfPresent(prefsRecordFile);
  const json = bytes === undefined ? undefined : tryParseJsonObject(new TextDecoder().decode(bytes));
  return json === undefined ? undefined : decodeRecord(json);
}

/**
 * Writes the record, unless it is there as it is; an empty one is no file.
 * @param socket of the tailscaled it is about
 * @throws HeadcniError HC_FILE_WRITE
 */
export function writePrefsRecord(files: Files, socket: string, { advertised, before }: PrefsRecord): void {
  const known = readPrefsRecord(files);
  const isEmpty = advertised.length === 0 && Object.keys(before).length === 0;
  if (isEmpty) {
    if (known !== undefined) files.remove(prefsRecordFile);
    return;
  }
  const text = printJson({ version: 1, socket, advertised, before: { ...before } });
  if (known !== undefined && printJson({ version: 1, ...known }) === text) return;
  files.makeDir(stateDir);
  files.writeAtomic(prefsRecordFile, text, { mode: 0o600 });
}

function decodeRecord({ socket, advertised, before }: JsonObject): StoredRecord | undefined {
  if (typeof socket !== "string") return undefined;
  const { routeAll, noStatefulFiltering } = isJsonObject(before) ? before : {};
  return {
    socket,
    advertised: Array.isArray(advertised) ? advertised.filter((route) => typeof route === "string") : [],
    before: {
      ...(typeof routeAll === "boolean" ? { routeAll } : {}),
      ...(typeof noStatefulFiltering === "boolean" ? { noStatefulFiltering } : {}),
    },
  };
}
