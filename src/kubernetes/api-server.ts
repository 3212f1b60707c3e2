// Which API server is asked, and as what: by the service account of the daemon's pod, or by the kubeconfig that the configuration
// names, and by nothing else that lies on a node.

import { expected } from "../sys/errors.ts";
import { createFiles, type Files } from "../sys/fs/files.ts";
import type { HttpClientOptions, HttpTarget } from "../sys/net/http.ts";
import { fault, ok, type Result } from "../sys/result.ts";
import { Secret } from "../sys/secret.ts";
import type { System } from "../sys/system.ts";

export interface ApiServer {
  readonly target: Extract<HttpTarget, { kind: "tcp" }>;
  readonly options: HttpClientOptions;
  /** What it is shown: `the token in /var/run/…`. */
  readonly shown: string;
}

/** Why there is none to ask: a sentence, and its remedy. */
export interface NoApiServer {
  readonly why: string;
  readonly hint: string;
}

const accountDir = "/var/run/secrets/kubernetes.io/serviceaccount";

/**
 * The API server of the cluster whose pod the daemon is. Token and CA are read anew each time: the kubelet renews both. Under `--root`,
 * which is where a pod has the node's files, they lie outside of it.
 */
export function serviceAccountServer({ files, env }: System): Result<ApiServer, NoApiServer> {
  const { KUBERNETES_SERVICE_HOST: host = "", KUBERNETES_SERVICE_PORT: port = "443" } = env;
  if (host === "") {
    return fault({
      why: "KUBERNETES_SERVICE_HOST is not set, so the daemon is no pod with a service account",
      hint: "name a kubeconfig in network.podCIDR.nodeObject.kubeconfig",
    });
  }
  const token = `${accountDir}/token`;
  const caFile = `${accountDir}/ca.crt`;
  try {
    const places = files.root === "/" ? [files] : [files, createFiles("/")];
    const bearer = firstText(places, token)?.trim();
    const ca = firstText(places, caFile);
    if (bearer === undefined || bearer === "" || ca === undefined) {
      return fault({
        why: `${bearer ? caFile : token} does not exist, so the pod has no service account's token`,
        hint: "set automountServiceAccountToken: true and a serviceAccountName in the pod",
      });
    }
    const origin = `https://${host.includes(":") ? `[${host}]` : host}:${port}`;
    return ok({
      target: { kind: "tcp", origin, caFile, ca },
      options: { bearer: new Secret(bearer) },
      shown: `the token in ${token}`,
    });
  } catch (error) {
    expected(error);
    return fault({ why: error.message, hint: error.hint ?? "look at the pod's service account" });
  }
}

const maxBytes = 1 << 20;

function firstText(places: readonly Files[], path: string): string | undefined {
  for (const files of places) {
    const bytes = files.readIfPresent(path, maxBytes);
    if (bytes !== undefined) return new TextDecoder().decode(bytes);
  }
  return undefined;
}
