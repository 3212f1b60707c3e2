// Headscale's REST API in front of the lab's control server: the fake that the client's own tests have, over the lab's nodes. It listens
// in the network namespaces of the nodes that ask, under the control server's address, over HTTP and, with a CA of its own, HTTPS.

import { generations } from "../../src/headscale/generations.fixture.ts";
import { createFakeHeadscale, type FakeState } from "../../src/headscale/testing.ts";
import { createAuthority } from "../../src/sys/net/certificates.fixture.ts";
import { inNetworkNamespace } from "../../src/sys/process/enter-namespace.ts";
import type { Node } from "../harness/node.ts";
import { policyOf } from "../harness/tailnet/headscale.ts";
import type { LabControl } from "./control.ts";

export interface LabHeadscaleRest extends AsyncDisposable {
  /** `https://…`, by a certificate that `caPem` signed. */
  readonly secureURL: string;
  readonly caPem: string;
  makeKey(): string;
  revokeKey(key: string): void;
  /** Makes it reachable from a node, under the control server's address. */
  listenIn(node: Node): Promise<void>;
}

/** The address is a node's own as well: the lab has no wires but the tailnet's. */
const address = "192.0.2.1";
const ports = { http: 8080, https: 8443 } as const;

export function createLabHeadscaleRest(control: LabControl): LabHeadscaleRest {
  const facts = generations.find(({ version }) => version === "0.29.2");
  if (facts === undefined) throw new Error("No facts of Headscale 0.29.2");
  const keys = new Set<string>();
  const servers: Bun.Server<undefined>[] = [];
  const authority = createAuthority();
  const { certPem: cert, keyPem: key } = authority.issue(address);
  const fake = createFakeHeadscale({
    facts,
    state: stateOf(control),
    keys: () => [...keys],
    policy: () => JSON.stringify(policyOf(...control.approves())),
  });

  const answer = async (request: Request): Promise<Response> => {
    // As a proxy in front of it says.
    if (!control.isUp) return new Response("Bad Gateway", { status: 502 });
    const { pathname, search } = new URL(request.url);
    const text = await request.text();
    const headers = Object.fromEntries(request.headers);
    const body: unknown = text === "" ? undefined : JSON.parse(text);
    const answered = fake({ method: request.method, path: `${pathname}${search}`, headers, body });
    const content = answered.json === undefined ? String(answered.body ?? "") : JSON.stringify(answered.json);
    return new Response(content, { status: answered.status ?? 200, headers: { ...answered.headers } });
  };
  return {
    secureURL: `https://${address}:${ports.https}`,
    caPem: authority.certPem,
    makeKey: () => {
      const made = `hskey-api-lab${keys.size + 1}-${"k".repeat(64)}`;
      keys.add(made);
      return made;
    },
    revokeKey: (revoked) => {
      keys.delete(revoked);
    },
    listenIn: async (node) => {
      await node.must(["ip", "addr", "replace", `${address}/32`, "dev", "lo"]);
      const common = { hostname: address, fetch: answer } as const;
      servers.push(
        ...inNetworkNamespace(`/proc/${node.pid}/ns/net`, () => [
          Bun.serve({ ...common, port: ports.http }),
          Bun.serve({ ...common, port: ports.https, tls: { cert, key } }),
        ]),
      );
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(servers.map((server) => server.stop(true)));
    },
  };
}

function stateOf(control: LabControl): FakeState {
  return {
    nodes: () =>
      control.nodes().map((node) => {
        const { id, name, tags, isOnline, lastSeenMs, advertised, approved } = node;
        return { id: String(id), name, tags, isOnline, lastSeenMs, available: advertised, approved };
      }),
    setApproved: (id, routes) => control.approve(Number(id), routes),
    serving: (id) => control.primaryRoutes(Number(id)),
  };
}
