// Headscale as the rest of the code sees it, whatever its generation: its nodes with their routes, approvals that can be added and taken
// back, keys to join with, its policy.

import type { Prefix } from "../cidr/prefix.ts";
import { fault, ok, type Result } from "../sys/result.ts";
import { Secret } from "../sys/secret.ts";
import type { System } from "../sys/system.ts";
import type { HeadscaleNode } from "./headscale-node.ts";
import type { Calls } from "./rest/calls.ts";
import { type Generation, probeGeneration } from "./rest/generation.ts";
import { HeadscaleError } from "./rest/headscale-error.ts";
import { connectRest, type HeadscaleServer } from "./rest/rest-client.ts";
import { withRetries } from "./rest/retry.ts";

export interface PreAuthKeyOptions {
  /** Name of the user that the key belongs to. */
  readonly user: string;
  readonly tags: readonly string[];
  /** Without an expiration Headscale makes a key that has expired already. */
  readonly validForMs: number;
  readonly isReusable: boolean;
}

/** Every method throws HeadscaleError, and HttpError when its signal aborts. Disposing closes the connections. */
export interface HeadscaleApi extends Disposable {
  readonly url: string;
  generation(signal: AbortSignal): Promise<Generation>;
  /** Resolves when it answers; needs no key. */
  health(signal: AbortSignal): Promise<void>;
  nodes(signal: AbortSignal): Promise<readonly HeadscaleNode[]>;
  /**
   * Approves these routes of a node beside those it has. @returns those that were not approved before
   * @throws HeadscaleError `refused` when Headscale does not show them as approved afterwards
   */
  approve(id: string, routes: readonly Prefix[], signal: AbortSignal): Promise<readonly Prefix[]>;
  /** Takes back exactly these approvals of a node. @returns whether anything had to be changed */
  withdraw(id: string, routes: readonly Prefix[], signal: AbortSignal): Promise<boolean>;
  createPreAuthKey(options: PreAuthKeyOptions, signal: AbortSignal): Promise<Secret>;
  /** The text of its policy, or why it shows none. */
  policy(signal: AbortSignal): Promise<Result<string>>;
}

/** Makes no connection yet. @throws HeadcniError HC_FILE_READ when the CA's file cannot be read */
export async function connectHeadscale(
  system: Pick<System, "http" | "clock" | "random">,
  server: HeadscaleServer,
): Promise<HeadscaleApi> {
  const rest = await connectRest(system, server);
  const [{ createCalls }, { approveRoutes, withdrawRoutes }] = await Promise.all([
    import("./rest/calls.ts"),
    import("./approval/change-approvals.ts"),
  ]);
  const calls = createCalls(rest);
  let known: Generation | undefined;

  /** From the start after each failure, also with the probe: a restart may have brought another version. */
  const retrying = async <T>(work: (generation: Generation) => Promise<T>, signal: AbortSignal): Promise<T> => {
    const once = async (): Promise<T> => {
      try {
        known ??= await probeGeneration(rest, signal);
        return await work(known);
      } catch (error) {
        known = undefined;
        throw error;
      }
    };
    return withRetries(system, once, signal);
  };

  return {
    url: rest.url,
    generation: (signal) => retrying(async (generation) => generation, signal),
    health: (signal) => withRetries(system, () => askHealth(calls, signal), signal),
    nodes: (signal) => retrying((generation) => calls.nodes(generation, signal), signal),
    approve: (id, routes, signal) =>
      retrying((generation) => approveRoutes(calls, { generation, id, routes }, signal), signal),
    withdraw: (id, routes, signal) =>
      retrying((generation) => withdrawRoutes(calls, { generation, id, routes }, signal), signal),
    createPreAuthKey: async (options, signal) => {
      const user = await retrying((generation) => userOf(calls, generation, { user: options.user, signal }), signal);
      // Not repeated: one whose answer was lost is a key more.
      return createKey(calls, { ...options, user, nowMs: system.clock.now() }, signal);
    },
    policy: (signal) => readPolicy(() => retrying(() => askPolicy(calls, signal), signal)),
    [Symbol.dispose]: () => rest[Symbol.dispose](),
  };
}

async function askHealth({ rest }: Calls, signal: AbortSignal): Promise<void> {
  const action = "ask for the health";
  const answer = await rest.ask({ path: "/health", action, isOpen: true }, signal);
  if (answer.status !== 200) throw rest.errorOf(answer, action);
}

/** What a key is made for: up to 0.25 a user's name, then the number. @throws HeadscaleError when there is no such user */
async function userOf(
  calls: Calls,
  generation: Generation,
  { user, signal }: { readonly user: string; readonly signal: AbortSignal },
): Promise<string> {
  if (generation === "routes") return user;
  const { decode } = await import("./rest/headscale-schema.ts");
  const users = await calls.ask({ path: "/api/v1/user", action: "list the users" }, decode.users, signal);
  const found = users.find(({ name }) => name === user);
  if (found !== undefined) return found.id;
  const why = "it has no such user";
  throw new HeadscaleError({ url: calls.rest.url, action: `make a key for user ${user}`, failure: "absent", why });
}

async function createKey(
  calls: Calls,
  { user, tags, validForMs, isReusable, nowMs }: PreAuthKeyOptions & { readonly nowMs: number },
  signal: AbortSignal,
): Promise<Secret> {
  const { decode } = await import("./rest/headscale-schema.ts");
  const expiration = new Date(nowMs + validForMs).toISOString();
  const body = { user, reusable: isReusable, ephemeral: false, expiration, aclTags: tags };
  const request = { method: "POST", path: "/api/v1/preauthkey", action: "make a pre-auth key", body } as const;
  return new Secret(await calls.ask(request, decode.preAuthKey, signal));
}

async function askPolicy(calls: Calls, signal: AbortSignal): Promise<string> {
  const { decode } = await import("./rest/headscale-schema.ts");
  return calls.ask({ path: "/api/v1/policy", action: "read the policy" }, decode.policy, signal);
}

/** Without a policy it answers 500, or that there is none. */
async function readPolicy(ask: () => Promise<string>): Promise<Result<string>> {
  try {
    return ok(await ask());
  } catch (error) {
    const hasNone = error instanceof HeadscaleError && (error.failure === "refused" || error.failure === "absent");
    if (!hasNone) throw error;
    return fault(error.why);
  }
}
