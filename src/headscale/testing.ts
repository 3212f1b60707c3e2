// A Headscale of any generation, played from the table of what real ones were seen to answer: a function from request to answer, over a
// state that a test owns. It elects as Headscale does: the lowest id first, and what serves goes on serving.

import { tryParsePrefix } from "../cidr/prefix.ts";
import type { FakeHttpAnswer } from "../sys/net/testing.ts";
import type { GenerationFacts } from "./generations.fixture.ts";

export interface FakeNode {
  readonly id: string;
  readonly name: string;
  readonly tags: readonly string[];
  readonly isOnline: boolean;
  readonly lastSeenMs?: number;
  readonly available: readonly string[];
  readonly approved: readonly string[];
}

/** What a fake Headscale knows: of its own, or the lab's control server's. */
export interface FakeState {
  nodes(): readonly FakeNode[];
  setApproved(id: string, routes: readonly string[]): void;
  /** The routes a node serves. */
  serving(id: string): readonly string[];
}

export interface MemoryState extends FakeState {
  /** Adds a node, or replaces it. */
  put(node: FakeNode): void;
  remove(id: string): void;
}

export function memoryState(...first: readonly FakeNode[]): MemoryState {
  const nodes = new Map(first.map((node) => [node.id, node]));
  const holders = new Map<string, string>();
  const elect = (): void => {
    const candidates = [...nodes.values()]
      .filter(({ isOnline }) => isOnline)
      .sort((a, b) => Number(a.id) - Number(b.id))
      .flatMap(({ id, available, approved }) =>
        approved.filter((route) => available.includes(route)).map((route) => [route, id] as const),
      );
    for (const [route, holder] of holders) {
      if (!candidates.some(([other, id]) => other === route && id === holder)) holders.delete(route);
    }
    for (const [route, id] of candidates) if (!holders.has(route)) holders.set(route, id);
  };
  elect();
  return {
    nodes: () => [...nodes.values()],
    setApproved: (id, approved) => {
      const node = nodes.get(id);
      if (node !== undefined) nodes.set(id, { ...node, approved });
      elect();
    },
    serving: (id) => [...holders].flatMap(([route, holder]) => (holder === id ? [route] : [])),
    put: (node) => {
      nodes.set(node.id, node);
      elect();
    },
    remove: (id) => {
      nodes.delete(id);
      elect();
    },
  };
}

export interface FakeHeadscaleOptions {
  readonly facts: GenerationFacts;
  readonly state: FakeState;
  /** API keys it takes. Asked at each call, so that a test can revoke one. */
  readonly keys: () => readonly string[];
  /** Undefined: it has none. */
  readonly policy?: () => string | undefined;
}

export interface FakeRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Parsed; undefined when nothing was sent. */
  readonly body: unknown;
}

export type FakeHeadscale = (request: FakeRequest) => FakeHttpAnswer;

export function createFakeHeadscale(options: FakeHeadscaleOptions): FakeHeadscale {
  const { facts, keys } = options;
  const problem = facts.errors === "problem";
  const fail = (status: number, message: string): FakeHttpAnswer =>
    problem
      ? {
          status,
          headers: { "content-type": "application/problem+json" },
          json: { title: "Error", status, detail: message, errors: [] },
        }
      : { status, headers: json, json: { code: status === 404 ? 5 : 2, message, details: [] } };
  const plain = (status: number, body: string): FakeHttpAnswer => ({
    status,
    headers: { "content-type": "text/plain; charset=utf-8" },
    body,
  });
  const unauthorized = (status: 401 | 500): FakeHttpAnswer =>
    problem ? fail(401, "Unauthorized") : plain(status, "Unauthorized");
  return (request) => {
    const [path = "", query = ""] = request.path.split("?");
    if (path === "/health") return { headers: json, json: { status: "pass" } };
    if (path === "/version")
      return facts.versionCall === 200 ? { headers: json, json: { version: "dev" } } : plain(404, "404 page not found");
    if (!path.startsWith("/api/v1/")) return plain(404, "404 page not found");
    const { authorization } = request.headers;
    if (authorization === undefined) return unauthorized(401);
    if (!keys().some((key) => authorization === `Bearer ${key}`)) return unauthorized(facts.wrongKey);
    const call = `${request.method} ${path.slice("/api/v1/".length)}`;
    return answerCall({ ...options, call, query: new URLSearchParams(query), body: request.body, fail, plain });
  };
}

const json = { "content-type": "application/json" } as const;

interface CallContext extends FakeHeadscaleOptions {
  /** `GET node/1` */
  readonly call: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
  readonly fail: (status: number, message: string) => FakeHttpAnswer;
  readonly plain: (status: number, body: string) => FakeHttpAnswer;
}

function answerCall(context: CallContext): FakeHttpAnswer {
  const { facts, call, fail, plain, policy } = context;
  const done = (value: Record<string, unknown>): FakeHttpAnswer => ({
    headers: json,
    json: JSON.parse(JSON.stringify(value)),
  });
  const notFound = (): FakeHttpAnswer =>
    facts.errors === "problem" ? plain(404, "404 page not found") : fail(404, "Not Found");
  const [, kind = "", id = "", verb = ""] = /^[A-Z]+ (\w+)(?:\/([^/]+))?(?:\/(\w+))?$/.exec(call) ?? [];
  const nodes = context.state.nodes();
  if (call === "GET health" && facts.healthCall === 200) return done({ databaseConnectivity: true });
  if (call === "GET node") {
    const user = context.query.get("user");
    if (user !== null && user !== "k8s") return fail(...facts.userMissing);
    return done({ nodes: nodes.map((node) => nodeJson(context, node, context.state.serving(node.id))) });
  }
  if (call.startsWith("GET node/")) {
    if (!/^\d+$/.test(id)) return fail(facts.nodeIdNoNumber, "type mismatch, parameter: node_id");
    const node = nodes.find((one) => one.id === id);
    return node === undefined ? fail(...facts.nodeMissing) : done({ node: nodeJson(context, node, []) });
  }
  if (verb === "approve_routes")
    return facts.approve === undefined ? notFound() : answerApprove(context, facts.approve, id);
  if (kind === "routes") return facts.routesCall === "list" ? answerRoutes(context, id, verb) : notFound();
  if (call === "GET user") return done({ users: [{ id: "1", name: "k8s" }] });
  if (call === "POST preauthkey") return answerKey(context);
  if (call === "GET policy") {
    const text = policy?.();
    return text === undefined ? fail(500, "open : no such file or directory") : done({ policy: text, updatedAt: null });
  }
  if (call === "PUT policy") return fail(...facts.policyReadOnly);
  return notFound();
}

function nodeJson({ facts }: CallContext, node: FakeNode, serving: readonly string[]): Record<string, unknown> {
  const { id, name, tags, isOnline, lastSeenMs, available, approved } = node;
  const seen = lastSeenMs === undefined ? "0001-01-01T00:00:00Z" : new Date(lastSeenMs).toISOString();
  const routes =
    facts.generation === "routes"
      ? {}
      : { approvedRoutes: approved, availableRoutes: available, subnetRoutes: serving };
  const tagged = facts.tagFields === "tags" ? { tags } : { forcedTags: tags, validTags: [], invalidTags: [] };
  return {
    id,
    name,
    givenName: name,
    ipAddresses: [`100.64.0.${id}`],
    online: isOnline,
    lastSeen: seen,
    ...tagged,
    ...routes,
  };
}

function answerApprove(
  context: CallContext,
  rules: NonNullable<GenerationFacts["approve"]>,
  id: string,
): FakeHttpAnswer {
  const { fail, body, state } = context;
  const given = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
  const { routes, ...rest } = given;
  if (Object.keys(rest).length > 0 && rules.unknownField === 422)
    return fail(422, "validation failed: unexpected property");
  if (routes === undefined && rules.emptyBody === 400) return fail(400, "request body is required");
  if (routes !== undefined && !Array.isArray(routes)) return fail(rules.noList, "validation failed: expected array");
  const list = (routes ?? []).map(String);
  const wrong = list.find((route) => tryParsePrefix(route) === undefined);
  if (wrong !== undefined) return fail(rules.noPrefix, `parsing route: netip.ParsePrefix("${wrong}"): no '/'`);
  if (!state.nodes().some((node) => node.id === id)) return fail(...rules.nodeMissing);
  state.setApproved(id, list);
  const node = state.nodes().find((one) => one.id === id);
  if (node === undefined) return fail(...rules.nodeMissing);
  return { headers: json, json: JSON.parse(JSON.stringify({ node: nodeJson(context, node, state.serving(id)) })) };
}

/** Up to 0.25: routes have numbers, in the order of nodes and what they advertise. */
function answerRoutes({ state, fail, call }: CallContext, id: string, verb: string): FakeHttpAnswer {
  const routes = state.nodes().flatMap((node) =>
    [...new Set([...node.available, ...node.approved])].map((prefix, at) => ({
      node,
      prefix,
      id: String(Number(node.id) * 100 + at),
    })),
  );
  if (call === "GET routes") {
    const list = routes.map(({ node, prefix, id: number }) => ({
      id: number,
      node: { id: node.id, name: node.name },
      prefix,
      advertised: node.available.includes(prefix),
      enabled: node.approved.includes(prefix),
      isPrimary: state.serving(node.id).includes(prefix),
    }));
    return { headers: json, json: { routes: list } };
  }
  const route = routes.find((one) => one.id === id);
  if (route === undefined) return fail(500, "record not found");
  const { node, prefix } = route;
  const rest = node.approved.filter((other) => other !== prefix);
  state.setApproved(node.id, verb === "enable" ? [...rest, prefix] : rest);
  return { headers: json, json: {} };
}

function answerKey({ facts, body, fail }: CallContext): FakeHttpAnswer {
  const { user, expiration } = (body ?? {}) as Record<string, unknown>;
  const wanted = facts.keyUser === "name" ? "k8s" : "1";
  if (user !== wanted) return facts.keyUser === "name" ? fail(500, "user not found") : fail(400, "type mismatch");
  const key = facts.version < "0.28" ? "a".repeat(48) : `hskey-auth-${"a".repeat(77)}`;
  const expires = typeof expiration === "string" ? expiration : "0001-01-01T00:00:00Z";
  return { headers: json, json: { preAuthKey: { id: "1", key, expiration: expires } } };
}
