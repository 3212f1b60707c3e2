// What is wrong with a tailscaled that answers, as conditions.

import type { Condition } from "../agent/conditions.ts";
import { redactText } from "../sys/redact.ts";
import type { Tailnet } from "../tailnet/tailnet.ts";
import { condition } from "./conditions.ts";
import type { TailscalePrefs } from "./local-api/tailscale-prefs.ts";
import type { TailscaleStatus } from "./local-api/tailscale-status.ts";
import { compareVersions, oldestVersion, plainVersion } from "./local-api/tailscale-version.ts";

/** How tailscaled says that nothing comes from the control server. What that server itself reports comes over a connection that is there. */
const noSession = /\b(connect to|network map from) the (\S+ )?coordination server/i;

/** What keeps a tailscaled that is logged in from being ready. */
export function stateConditions(tailnet: Tailnet, { health }: TailscaleStatus, server: string): readonly Condition[] {
  // A node whose session was cut is called online for two more minutes; its health says earlier that nothing comes.
  const isCut = health.some((sentence) => noSession.test(sentence));
  const said = redactText(health.join("; "));
  switch (tailnet.kind) {
    case "stopped":
      return [condition("TailscaleStopped", {})];
    case "starting":
      return [condition("TailscaleControlUnreachable", { server, why: redactText(tailnet.why), isJoined: false })];
    case "offline": {
      const why = said === "" ? "it does not count this node as online" : said;
      return [condition("TailscaleControlUnreachable", { server, why, isJoined: true })];
    }
    default:
      return isCut ? [condition("TailscaleControlUnreachable", { server, why: said, isJoined: true })] : [];
  }
}

/** What an operator has set that keeps traffic of pods out; HeadCNI does not change it. */
export function prefsConditions({ shieldsUp }: TailscalePrefs): readonly Condition[] {
  return shieldsUp ? [condition("TailscaleShieldsUp", {})] : [];
}

/** What is wrong in every state. @param sockets of all that program this network namespace */
export function programConditions(
  { version, hasTun }: TailscaleStatus,
  sockets: readonly string[],
): readonly Condition[] {
  const isOld = (compareVersions(version, oldestVersion) ?? 0) < 0;
  return [
    ...(isOld ? [condition("TailscaleTooOld", { version: plainVersion(version) })] : []),
    ...(hasTun === false ? [condition("TailscaleWithoutTun", {})] : []),
    ...(sockets.length > 1 ? [condition("TailscaledsCompete", { sockets })] : []),
  ];
}
