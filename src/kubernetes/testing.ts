// An API server in place of Kubernetes': TLS with a CA of its own, bearer tokens, client certificates, and Nodes. It knows nothing else.

import type { JsonObject, JsonValue } from "../sys/json.ts";
import { createAuthority, type Identity } from "../sys/net/certificates.fixture.ts";
import type { TempRoot } from "../sys/testing.ts";

export const accountDir = "/var/run/secrets/kubernetes.io/serviceaccount";

export interface FakeApiServer extends AsyncDisposable {
  readonly origin: string;
  readonly host: string;
  readonly port: string;
  readonly caPem: string;
  /** Tokens it takes. */
  readonly tokens: Set<string>;
  /** `spec` of each Node by name. */
  readonly nodes: Map<string, JsonObject>;
  /** Answers in place of the usual ones: a status and a body; `silent`: none ever. */
  answer: { readonly status: number; readonly body: JsonValue } | "silent" | undefined;
  /** `METHOD path` of each request. */
  readonly requests: string[];
  /** A client certificate that it takes. */
  issue(name: string): Identity;
  /** Puts the files of a pod's service account there. @returns the environment of a container */
  mount(root: TempRoot, token: string): Readonly<Record<string, string>>;
}

export interface FakeApiServerOptions {
  /** Whether it takes client certificates only. @default false */
  readonly wantsCertificate?: boolean;
}

export function fakeApiServer({ wantsCertificate = false }: FakeApiServerOptions = {}): FakeApiServer {
  const authority = createAuthority("kubernetes");
  const { certPem, keyPem } = authority.issue("127.0.0.1");
  const tokens = new Set<string>();
  const nodes = new Map<string, JsonObject>();
  const requests: string[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    tls: {
      cert: certPem,
      key: keyPem,
      ...(wantsCertificate && { ca: authority.certPem, requestCert: true, rejectUnauthorized: true }),
    },
    fetch: async (request) => {
      const { pathname } = new URL(request.url);
      requests.push(`${request.method} ${pathname}`);
      if (fake.answer === "silent") return new Promise<Response>(() => undefined);
      if (fake.answer !== undefined) return Response.json(fake.answer.body, { status: fake.answer.status });
      const token = request.headers.get("authorization")?.replace(/^Bearer /, "") ?? "";
      if (!wantsCertificate && !tokens.has(token)) return refusal(401, "Unauthorized");
      const name = /^\/api\/v1\/nodes\/([^/]+)$/.exec(pathname)?.[1] ?? "";
      const spec = nodes.get(name);
      if (spec === undefined) return refusal(404, `nodes "${name}" not found`);
      return Response.json({ kind: "Node", apiVersion: "v1", metadata: { name }, spec });
    },
  });
  const host = "127.0.0.1";
  const port = String(server.port);
  const fake: FakeApiServer = {
    origin: `https://${host}:${port}`,
    host,
    port,
    caPem: authority.certPem,
    tokens,
    nodes,
    answer: undefined,
    requests,
    issue: (name) => authority.issue(name),
    mount: (root, token) => {
      root.write(`${accountDir}/token`, token, 0o644);
      root.write(`${accountDir}/ca.crt`, authority.certPem);
      return { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port };
    },
    [Symbol.asyncDispose]: () => server.stop(true),
  };
  return fake;
}

function refusal(code: number, message: string): Response {
  return Response.json({ kind: "Status", apiVersion: "v1", status: "Failure", message, code }, { status: code });
}
