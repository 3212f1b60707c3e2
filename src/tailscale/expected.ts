// Whether a node is one that uses tailscaled, also while that does not answer.

import type { Config } from "../config/config.ts";
import type { Files } from "../sys/fs/files.ts";
import { wantedLogin } from "../tailnet/wanted-login.ts";
import { readPrefsRecord } from "./prefs/prefs-record.ts";

/** A node whose configuration does not speak of tailscaled, and that never used one, needs none. */
export function isTailscaledExpected(files: Files, settings: Config["tailscale"]): boolean {
  return settings.enabled ?? (wantedLogin(settings) !== undefined || readPrefsRecord(files) !== undefined);
}

/** Whether a tailscaled decides what this node can offer: one is expected, or there is one. */
export function isOnTailnet(files: Files, settings: Config["tailscale"]): boolean {
  if (settings.enabled === false) return false;
  return isTailscaledExpected(files, settings) || files.stat(settings.socket) !== undefined;
}
