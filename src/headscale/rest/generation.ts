// Which generation of Headscale's API answers. Its version text does not tell: a build without stamps says `dev`, and before 0.27 none is
// told at all. So two calls are made whose answers differ.

import { HeadscaleError } from "./headscale-error.ts";
import type { Rest } from "./rest-client.ts";

/**
 * `routes`: up to 0.25, where each route is a thing of its own that is enabled. `approve`: 0.26 to 0.29, where a node has a list of
 * approved routes. `problem`: from 0.30 on, which is the same but for its errors, and refuses fields that it does not know.
 */
export type Generation = "routes" | "approve" | "problem";

/** @throws HeadscaleError `key` for a wrong key, `answer` for what is not Headscale */
export async function probeGeneration(rest: Rest, signal: AbortSignal): Promise<Generation> {
  const action = "find out the version";
  // Refused, and for that costs it 1 ms, where a call with a key costs 65 ms.
  const refused = await rest.ask({ path: "/api/v1/node", action, isOpen: true }, signal);
  if (refused.status !== 401) {
    // A proxy whose Headscale is away.
    const error = rest.errorOf(refused, action);
    if (error.failure === "unavailable") throw error;
  }
  if (refused.headers["content-type"]?.startsWith("application/problem+json") === true) return "problem";
  const routes = await rest.ask({ path: "/api/v1/routes", action }, signal);
  if (routes.status === 404 && routes.headers["content-type"]?.startsWith("application/json") === true)
    return "approve";
  if (routes.status === 200 && routes.text.trimStart().startsWith('{"routes"')) return "routes";
  const error = rest.errorOf(routes, action);
  if (error.failure === "key" || error.failure === "unavailable") throw error;
  throw new HeadscaleError({
    url: rest.url,
    action,
    failure: "answer",
    why: `what answers there (${routes.status}) is not Headscale's API`,
  });
}
