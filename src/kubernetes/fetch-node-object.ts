// One GET of this node's Node object, and what its answer means: every refusal in one sentence that names who was asked and as what.

import { readPodCIDRs } from "../node-state/kept-node-object.ts";
import { expected } from "../sys/errors.ts";
import { isJsonObject, type JsonValue, tryParseJsonObject } from "../sys/json.ts";
import { printable } from "../sys/log/printable.ts";
import { HttpError } from "../sys/net/http-error.ts";
import type { System } from "../sys/system.ts";
import { type ApiServer, serviceAccountServer } from "./api-server.ts";
import type { NodeObjectLookup } from "./node-lookup.ts";

export interface FetchNodeObjectOptions {
  readonly nodeName: string;
  /** Undefined: with the service account of the daemon's pod. */
  readonly kubeconfig: string | undefined;
  readonly timeoutMs: number;
}

/** A Node lists up to 50 images; etcd takes no object larger than 1.5 MiB. */
const maxBytes = 4 << 20;

/** Never throws but for a fault of HeadCNI, or when `signal` aborts. */
export async function fetchNodeObject(
  system: System,
  { nodeName, kubeconfig, timeoutMs }: FetchNodeObjectOptions,
  signal: AbortSignal,
): Promise<NodeObjectLookup> {
  const server = await apiServer(system, kubeconfig);
  if (server.kind === "fault") return { kind: "failed", ...server.why, isRefused: true };
  const { target, options } = server.value;
  try {
    using client = await system.http.connect(target, options);
    const path = `/api/v1/nodes/${encodeURIComponent(nodeName)}`;
    const headers = { accept: "application/json" };
    const { status, text } = await client.request({ path, headers, signal, timeoutMs, maxBytes });
    const fetchedAtMs = system.clock.now();
    return status === 200
      ? assigned(text, { nodeName, server: target.origin, fetchedAtMs })
      : refused(server.value, { nodeName, status, said: messageOf(options.bearer?.redactIn(text) ?? text) });
  } catch (error) {
    expected(error);
    const isRefused = error instanceof HttpError && error.failure === "answer";
    return { kind: "failed", why: error.message, hint: error.hint, isRefused };
  }
}

async function apiServer(system: System, kubeconfig: string | undefined) {
  if (kubeconfig === undefined) return serviceAccountServer(system);
  // The parser of YAML comes with it.
  return (await import("./kubeconfig-server.ts")).kubeconfigServer(system.files, kubeconfig);
}

interface Answered {
  readonly nodeName: string;
  readonly server: string;
  readonly fetchedAtMs: number;
}

function assigned(text: string, { nodeName, server, fetchedAtMs }: Answered): NodeObjectLookup {
  const json = tryParseJsonObject(text);
  const spec = json?.kind === "Node" && isJsonObject(json.spec) ? json.spec : undefined;
  if (spec === undefined) {
    const why = `${server} answered with something else than a Node object`;
    return { kind: "failed", why, hint: "look whether it is the cluster's API server", isRefused: true };
  }
  const said = isUnset(spec.podCIDRs) ? (isUnset(spec.podCIDR) ? undefined : [spec.podCIDR]) : spec.podCIDRs;
  if (said === undefined) return { kind: "unassigned", why: `Node ${nodeName} has no spec.podCIDRs`, server };
  const podCIDRs = readPodCIDRs(said);
  if (podCIDRs !== undefined) return { kind: "assigned", podCIDRs, server, fetchedAtMs };
  const why = `spec.podCIDRs of Node ${nodeName} are no PodCIDRs of a node`;
  return { kind: "failed", why, hint: "look at it: kubectl get node NAME -o yaml", isRefused: true };
}

function isUnset(value: JsonValue | undefined): boolean {
  return value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0);
}

interface Refusal {
  readonly nodeName: string;
  readonly status: number;
  /** The server's own words. */
  readonly said: string;
}

function refused({ target, shown }: ApiServer, { nodeName, status, said }: Refusal): NodeObjectLookup {
  const server = target.origin;
  const failed = (why: string, hint: string, isRefused = true): NodeObjectLookup => {
    return { kind: "failed", why, hint, isRefused };
  };
  switch (status) {
    case 401:
      return failed(
        `${server} does not take ${shown} (401)`,
        "look whether it is of this cluster, has not expired, and its service account is still there",
      );
    case 403:
      return failed(
        `${server} does not let the daemon read Node ${nodeName} (403${said === "" ? "" : `: ${said}`})`,
        "give its account the right to get nodes (a ClusterRole with nodes: get, and its binding)",
      );
    case 404:
      return { kind: "unassigned", why: `${server} has no Node ${nodeName}`, server };
    default:
      return failed(
        `${server} answered ${status}${said === "" ? "" : `: ${said}`}`,
        "look at the API server; it is asked again by itself",
        false,
      );
  }
}

/** The sentence of a Kubernetes Status, one line of bounded length. */
function messageOf(text: string): string {
  const message = tryParseJsonObject(text)?.message;
  return typeof message === "string" ? printable(message.replaceAll(/\s+/g, " ")).slice(0, 300) : "";
}
