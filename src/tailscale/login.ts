// Logs tailscaled in as `tailscale.login` says, and only where it is not logged in. It is told everything in one call, so that it never
// speaks to another control server, not even for a moment.

import { type Condition, failureOf } from "../agent/conditions.ts";
import type { RecordMetric } from "../agent/metrics.ts";
import { throwIfStopping } from "../agent/reconciler.ts";
import type { Prefix } from "../cidr/prefix.ts";
import { createBackoff } from "../sys/backoff.ts";
import { HttpError } from "../sys/net/http-error.ts";
import { redactText } from "../sys/redact.ts";
import { fault, ok, type Result } from "../sys/result.ts";
import { readSecret, type Secret } from "../sys/secret.ts";
import type { System } from "../sys/system.ts";
import type { WantedLogin } from "../tailnet/wanted-login.ts";
import { condition } from "./conditions.ts";
import { describeRefusal } from "./local-api/api-refusal.ts";
import type { LocalApi } from "./local-api/local-api.ts";
import type { PrefsEdit, TailscalePrefs } from "./local-api/tailscale-prefs.ts";
import { tailscaleMetrics } from "./metrics.ts";
import { announceRoutes } from "./prefs/announce-routes.ts";
import { tryRecord } from "./prefs/hold-prefs.ts";
import { emptyRecord, planPrefs } from "./prefs/prefs-plan.ts";
import { readPrefsRecord } from "./prefs/prefs-record.ts";

export interface LoginOptions {
  readonly api: LocalApi;
  readonly login: WantedLogin;
  /** As `planPrefs`: what the first network map is asked for with. */
  readonly routes: readonly Prefix[] | undefined;
  /** What tailscaled says is wrong. */
  readonly health: readonly string[];
}

export interface LoginResult {
  readonly conditions: readonly Condition[];
  /** When it is tried again. */
  readonly retryAfterMs?: number | undefined;
}

export interface Login {
  /** For a tailscaled that is not logged in: tries when it is time to. @throws HttpError when tailscaled does not answer */
  attempt(options: LoginOptions, signal: AbortSignal): Promise<LoginResult>;
  /** After a login that has come about. */
  succeeded(): void;
}

export function createLogin(system: System, record: RecordMetric): Login {
  const { clock, log } = system;
  const backoff = createBackoff(system, { firstMs: 20_000, maxMs: 300_000 });
  let tried: { readonly fingerprint: string; readonly nextMs: number } | undefined;

  const isDue = (fingerprint: string): boolean => {
    if (tried?.fingerprint !== fingerprint) backoff.reset();
    return tried?.fingerprint !== fingerprint || clock.monotonicMs() >= tried.nextMs;
  };

  return {
    attempt: async (options, signal) => {
      const { login, health } = options;
      const key = tryReadSecret(system, login.authKeyFile);
      if (key.kind === "fault") return { conditions: [key.why] };
      const fingerprint = fingerprintOf(system, login);
      const isFirst = tried?.fingerprint !== fingerprint;
      if (isDue(fingerprint)) {
        log.info("LoginStarted", `Logging tailscaled in to ${login.server}`, { authKeyFile: login.authKeyFile });
        record(tailscaleMetrics.logins, 1);
        tried = { fingerprint, nextMs: clock.monotonicMs() + backoff.nextMs() };
        const failed = await tryLogIn(system, { ...options, key: key.value }, signal);
        if (failed !== undefined) {
          return { conditions: [failed], retryAfterMs: tried.nextMs - clock.monotonicMs() };
        }
      }
      const retryAfterMs = Math.max(0, (tried?.nextMs ?? 0) - clock.monotonicMs());
      // What tailscaled says before it has tried this key is about an earlier one.
      const said = isFirst ? [] : health;
      return { conditions: [loginCondition(login, said, key.value)], retryAfterMs };
    },
    succeeded: () => {
      if (tried !== undefined) log.info("LoggedIn", "tailscaled is logged in");
      tried = undefined;
      backoff.reset();
    },
  };
}

interface LogInOptions extends LoginOptions {
  readonly key: Secret;
}

/** The condition when tailscaled refuses. @throws HttpError when it does not answer */
async function tryLogIn(
  { files, log }: System,
  options: LogInOptions,
  signal: AbortSignal,
): Promise<Condition | undefined> {
  const { api, login, routes, key } = options;
  const prefs = await api.prefs(signal);
  const plan = planPrefs(prefs, readPrefsRecord(files) ?? emptyRecord, routes);
  const unrecorded = tryRecord(files, api.socket, plan.intended);
  if (unrecorded !== undefined) return unrecorded;
  try {
    await api.start({ authKey: key, prefs: loginPrefs(prefs, login, plan.edit ?? {}) }, signal);
    await api.loginInteractive(signal);
    announceRoutes(log, prefs.advertiseRoutes, plan.edit?.advertiseRoutes);
    return undefined;
  } catch (error) {
    throwIfStopping(signal);
    if (!(error instanceof HttpError) || error.status === undefined) throw error;
    const why = describeRefusal(error);
    return error.status === 403
      ? condition("TailscaleAccessDenied", { why })
      : condition("TailscalePrefsRefused", { prefs: [why] });
  }
}

/** All prefs: those that tailscaled has, with what the login and our plan set. */
function loginPrefs(
  { raw }: TailscalePrefs,
  { server, hostname }: WantedLogin,
  { advertiseRoutes, routeAll, noStatefulFiltering }: PrefsEdit,
) {
  // The keys of the node, which tailscaled keeps by itself.
  const { Config: _, ...rest } = raw;
  return {
    ...rest,
    ControlURL: server,
    WantRunning: true,
    LoggedOut: false,
    ...(hostname === undefined ? {} : { Hostname: hostname }),
    ...(advertiseRoutes === undefined ? {} : { AdvertiseRoutes: advertiseRoutes }),
    ...(routeAll === undefined ? {} : { RouteAll: routeAll }),
    ...(noStatefulFiltering === undefined ? {} : { NoStatefulFiltering: noStatefulFiltering }),
  };
}

function tryReadSecret({ files }: System, path: string): Result<Secret, Condition> {
  try {
    return ok(readSecret(files, path));
  } catch (error) {
    return fault(condition("TailscaleKeyUnusable", failureOf(error)));
  }
}

/** Another one when the key's file or what the configuration says has changed. */
function fingerprintOf({ files }: System, login: WantedLogin): string {
  const { inode, mtimeNs, sizeBytes } = files.stat(login.authKeyFile) ?? {};
  return JSON.stringify([login.server, login.hostname, login.authKeyFile, inode, String(mtimeNs), sizeBytes]);
}

/**
 * What is said of a control server that cannot be spoken with, in the words of Go's network library; and of one, or a proxy before it,
 * that cannot answer now, by its status: neither says anything of the key.
 */
const noConnection =
  /\b(dial|connection refused|no such host|timeout|deadline exceeded|unreachable|no route|EOF|tls|x509|certificate|fetch control key|server misbehaving|http (5\d\d|429))\b/i;

/** What holds of a login that has been asked for and has not come about. */
function loginCondition({ server, authKeyFile }: WantedLogin, health: readonly string[], key: Secret): Condition {
  const said = health.flatMap((sentence) => /last login error was: (.*)$/s.exec(sentence)?.[1] ?? []).at(0);
  if (said === undefined) {
    const why = "it has not answered this node's login yet";
    return condition("TailscaleControlUnreachable", { server, why, isJoined: false });
  }
  const why = redactText(key.redactIn(said)).trim();
  return noConnection.test(said)
    ? condition("TailscaleControlUnreachable", { server, why, isJoined: false })
    : condition("TailscaleLoginRefused", { server, why, file: authKeyFile });
}
