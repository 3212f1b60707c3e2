// Waits until `headcni uninstall` has run on every node, by what the API server says of its pods, with the service account of the pod
// that waits.

import { expected, HeadcniError } from "../sys/errors.ts";
import { type JsonObject, tryParseJsonObject } from "../sys/json.ts";
import type { HttpClient } from "../sys/net/http.ts";
import type { System } from "../sys/system.ts";
import { serviceAccountServer } from "./api-server.ts";
import { isFinished, type UninstallProgress, uninstallProgress } from "./uninstall-progress.ts";

export interface AwaitUninstallOptions {
  readonly namespace: string;
  readonly timeoutMs: number;
  /** A DaemonSet that is deleted at the end, however it went. */
  readonly thenDelete?: string | undefined;
}

/** The DaemonSet of the chart's hook, and the label of its pods. */
const daemonSetName = "headcni-uninstall";
const podLabel = "app.kubernetes.io/component=uninstall";
const pollMs = 1000;

/**
 * How far the nodes came: all of them, or as many as did in time.
 * @throws HeadcniError HC_API_SERVER when it refuses, or is not there at the end
 */
export async function awaitUninstall(system: System, options: AwaitUninstallOptions): Promise<UninstallProgress> {
  const server = serviceAccountServer(system);
  if (server.kind === "fault") throw refused(server.why.why, server.why.hint);
  using client = await system.http.connect(server.value.target, server.value.options);
  const endMs = system.clock.monotonicMs() + options.timeoutMs;
  const daemonSets = `/apis/apps/v1/namespaces/${options.namespace}/daemonsets`;
  for (;;) {
    const isLast = system.clock.monotonicMs() >= endMs;
    const progress = await look(client, { ...options, daemonSets, isLast });
    if (progress !== undefined && (isLast || isFinished(progress))) {
      if (options.thenDelete !== undefined) await deleteOne(client, `${daemonSets}/${options.thenDelete}`);
      return progress;
    }
    await system.clock.sleep(pollMs);
  }
}

interface LookOptions extends AwaitUninstallOptions {
  readonly daemonSets: string;
  readonly isLast: boolean;
}

/** Undefined where the API server is out of reach and may come back. */
async function look(
  client: HttpClient,
  { namespace, daemonSets, isLast }: LookOptions,
): Promise<UninstallProgress | undefined> {
  try {
    const daemonSet = await get(client, `${daemonSets}/${daemonSetName}`);
    const selector = encodeURIComponent(podLabel);
    const pods = await get(client, `/api/v1/namespaces/${namespace}/pods?labelSelector=${selector}`);
    return uninstallProgress(daemonSet, Array.isArray(pods.items) ? pods.items : []);
  } catch (error) {
    expected(error);
    if (isLast) throw error;
    return undefined;
  }
}

async function get(client: HttpClient, path: string): Promise<JsonObject> {
  const { status, text } = await client.request({ path, headers: { accept: "application/json" }, timeoutMs: 5000 });
  const json = tryParseJsonObject(text);
  if (status === 200 && json !== undefined) return json;
  throw refused(`GET ${path} was answered with ${status}`, "look at the Role headcni-uninstall");
}

async function deleteOne(client: HttpClient, path: string): Promise<void> {
  const { status } = await client.request({ method: "DELETE", path, timeoutMs: 5000 });
  if (status >= 300 && status !== 404) throw refused(`DELETE ${path} was answered with ${status}`, "delete it by hand");
}

function refused(why: string, hint: string): HeadcniError {
  return new HeadcniError("HC_API_SERVER", `Cannot wait for the nodes: ${why}`, { hint });
}
