// Takes back, for a node that HeadCNI leaves, what it set in tailscaled. One that is gone together with its state has nothing of ours any
// more; one that only does not answer keeps it.

import { type CleanedUp, type CleanUpOptions, notRemoved, removed } from "../../agent/cleaned-up.ts";
import { expected } from "../../sys/errors.ts";
import { HttpError } from "../../sys/net/http-error.ts";
import type { System } from "../../sys/system.ts";
import { finishLeftToggle, readLeftToggle, toggleFile } from "../heal/healer.ts";
import { prefNames, restorePrefs } from "./hold-prefs.ts";
import { prefsRecordFile, readPrefsRecord } from "./prefs-record.ts";

/** Where the packages' service keeps prefs, as long as its socket is in one of these places: another one's state is not known. */
const stateFile = "/var/lib/tailscale/tailscaled.state";
const usualSockets: readonly string[] = ["/run/tailscale/tailscaled.sock", "/var/run/tailscale/tailscaled.sock"];

/** @throws HeadcniError what tailscaled answers instead, HC_FILE_WRITE */
export async function takeBackPrefs(system: System, options: CleanUpOptions): Promise<readonly CleanedUp[]> {
  const { signal } = new AbortController();
  const { isDryRun } = options;
  try {
    if (!isDryRun) await finishLeftToggle(system, signal);
    const names = await restorePrefs(system, { signal, isDryRun });
    return names.length === 0 ? [] : [removed(`what was changed in tailscaled's prefs: ${names.join(", ")}`, options)];
  } catch (error) {
    expected(error);
    // One that is late is there.
    if (!(error instanceof HttpError) || error.failure !== "unreachable") throw error;
    return [withoutAnswer(system, error, options)];
  }
}

function withoutAnswer({ files }: System, error: HttpError, options: CleanUpOptions): CleanedUp {
  const { endpoint, message } = error;
  const record = readPrefsRecord(files);
  const toggle = readLeftToggle({ files });
  const { advertised = [], before = {} } = record ?? {};
  const changed = [...Object.keys(toggle?.edit ?? {}), ...Object.keys(before)] as (keyof typeof prefNames)[];
  const routes = advertised.length === 0 ? [] : [`${prefNames.advertiseRoutes} (${advertised.join(", ")})`];
  const names = [...new Set([...routes, ...changed.map((name) => prefNames[name])])].join(", ");
  const known = [...(toggle === undefined ? [] : [toggleFile]), ...(record === undefined ? [] : [prefsRecordFile])];
  const isGone =
    [toggle, record].every((left) => left === undefined || usualSockets.includes(left.socket)) &&
    files.stat(stateFile) === undefined;
  if (!isGone) {
    const why = message.slice(message.lastIndexOf(": ") + 2);
    return notRemoved(
      `${names} in tailscaled's prefs: nothing answers at ${endpoint} (${why}). Start tailscaled and run this again; where it never ` +
        `comes back, remove ${known.join(" and ")} and run this again`,
    );
  }
  if (!options.isDryRun) for (const file of known) files.remove(file);
  return removed(
    `${known.join(" and ")}: tailscaled is gone, and so is its state (${stateFile}), so ${names} need not be taken back`,
    options,
  );
}
