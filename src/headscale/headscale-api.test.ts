import { describe, expect, test } from "bun:test";
import { parsePrefix } from "../cidr/prefix.ts";
import { connectionError, fakeHttp } from "../sys/net/testing.ts";
import { Secret } from "../sys/secret.ts";
import { fakeClock, seededRandom } from "../sys/testing.ts";
import { clientCases, factCases, type HeadscaleInstance } from "./api-cases.fixture.ts";
import { type GenerationFacts, generations } from "./generations.fixture.ts";
import { connectHeadscale } from "./headscale-api.ts";
import { HeadscaleError } from "./rest/headscale-error.ts";
import { createFakeHeadscale, type FakeNode, memoryState } from "./testing.ts";

const node: FakeNode = {
  id: "1",
  name: "node-1",
  tags: ["tag:k8s-node"],
  isOnline: true,
  available: ["10.99.1.0/24", "192.168.1.0/24"],
  approved: [],
};
const random = seededRandom(1);
const url = "http://headscale.example:8080";
const { signal } = new AbortController();

function instanceOf(facts: GenerationFacts): HeadscaleInstance {
  const fake = createFakeHeadscale({
    facts,
    state: memoryState(node),
    keys: () => ["right"],
    policy: () => '{"tagOwners":{}}',
  });
  const http = fakeHttp(fake);
  const clock = fakeClock();
  return {
    facts,
    nodeId: "1",
    raw: async (method, path, { body, key = "right" } = {}) => {
      const headers = key === "none" ? {} : { authorization: `Bearer ${key}` };
      const answer = fake({ method, path, headers, body });
      const text = answer.json === undefined ? String(answer.body ?? "") : JSON.stringify(answer.json);
      return { status: answer.status ?? 200, contentType: answer.headers?.["content-type"] ?? "", text };
    },
    api: (key = "right") => connectHeadscale({ http, clock, random }, { url, key: new Secret(key), caFile: undefined }),
  };
}

describe.each(generations)("Headscale $version", (facts) => {
  for (const [name, run] of factCases) test(`answers ${name}`, () => run(instanceOf(facts)));
  for (const [name, run] of clientCases) test(`the client ${name}`, () => run(instanceOf(facts)));
});

/** A client whose server answers with what `script` says, one after the other; the last goes on. */
async function scripted(...script: readonly Parameters<typeof fakeHttp>[0][]) {
  let at = 0;
  const clock = fakeClock();
  const http = fakeHttp((request) => {
    const step = script[Math.min(at, script.length - 1)];
    at += 1;
    if (step === undefined) throw new Error("No script");
    return step(request);
  }, clock);
  const api = await connectHeadscale({ http, clock, random }, { url, key: new Secret("k-123"), caFile: undefined });
  return { api, http, clock };
}

/** Lets time go on until `work` has ended. */
async function inTime<T>(clock: ReturnType<typeof fakeClock>, work: Promise<T>): Promise<T> {
  let isDone = false;
  const done = (): void => {
    isDone = true;
  };
  void work.then(done, done);
  while (!isDone) await clock.advance(250);
  return work;
}

const unauthorized = () => ({ status: 401, headers: { "content-type": "text/plain" }, body: "Unauthorized" });
const noRoutes = () => ({
  status: 404,
  headers: { "content-type": "application/json" },
  json: { code: 5, message: "Not Found", details: [] },
});
const noNodes = () => ({ headers: { "content-type": "application/json" }, json: { nodes: [] } });

describe("the client", () => {
  test("waits for a Headscale that is being started, with growing pauses", async () => {
    const refused = () => {
      throw connectionError("ECONNREFUSED");
    };
    const { api, http, clock } = await scripted(
      refused,
      refused,
      () => ({ status: 502, body: "Bad Gateway" }),
      unauthorized,
      noRoutes,
      noNodes,
    );
    expect(await inTime(clock, api.nodes(signal))).toEqual([]);
    expect(http.requests).toHaveLength(6);
    expect(clock.monotonicMs()).toBeGreaterThan(1500);
  });

  test("gives up after 20 s, and says where it asked and what to look at", async () => {
    const { api, clock } = await scripted(() => {
      throw connectionError("ECONNREFUSED");
    });
    const failed = await inTime(
      clock,
      api.nodes(signal).catch((error: unknown) => error),
    );
    expect(failed).toBeInstanceOf(HeadscaleError);
    expect(String(failed)).toContain(`of Headscale at ${url}: nothing listens there`);
    expect((failed as HeadscaleError).hint).toContain("server_url");
    expect(clock.monotonicMs()).toBeLessThan(21_000);
  });

  test.each(["SELF_SIGNED_CERT_IN_CHAIN", "CERT_HAS_EXPIRED", "ERR_TLS_CERT_ALTNAME_INVALID", "ERR_SSL_WRONG_VERSION"])(
    "does not ask again a server that it cannot trust: %s",
    async (code) => {
      const { api, http } = await scripted(() => {
        throw connectionError(code);
      });
      expect(await api.nodes(signal).catch((error: HeadscaleError) => error.failure)).toBe("answer");
      expect(http.requests).toHaveLength(1);
    },
  );

  test("repeats nothing that cannot succeed", async () => {
    const denied = () => ({
      status: 500,
      headers: { "content-type": "application/json" },
      json: { code: 2, message: "parsing route", details: [] },
    });
    const { api, http } = await scripted(unauthorized, noRoutes, denied);
    expect(await api.nodes(signal).catch((error: HeadscaleError) => error.failure)).toBe("refused");
    expect(http.requests).toHaveLength(3);
  });

  test.each([
    ["a page of a proxy", () => ({ status: 200, headers: { "content-type": "text/html" }, body: "<html>" })],
    ["a redirect", () => ({ status: 302, headers: {}, body: "" })],
    ["another server's 404", () => ({ status: 404, headers: { "content-type": "text/html" }, body: "nope" })],
  ])("says of %s that this is not Headscale's API", async (_name, answer) => {
    const { api } = await scripted(answer);
    expect(await api.nodes(signal).catch((error: HeadscaleError) => error.failure)).toBe("answer");
  });

  test("does nothing by an answer that lacks the approvals", async () => {
    const nodeWithout = () => ({
      headers: { "content-type": "application/json" },
      json: { node: { id: "1", availableRoutes: ["10.99.1.0/24"] } },
    });
    const { api, http } = await scripted(unauthorized, noRoutes, nodeWithout);
    const approving = api.approve("1", [parsePrefix("10.99.1.0/24")], signal);
    expect(await approving.catch((error: HeadscaleError) => error.failure)).toBe("answer");
    expect(http.requests.filter(({ method }) => method !== "GET")).toEqual([]);
  });

  test("takes a list that Go left null for an empty one, and keeps what it cannot read", async () => {
    const state = memoryState({ ...node, approved: ["10.1.1.5/24", "not-a-route"] });
    const facts = generations[2];
    if (facts === undefined) throw new Error("No facts");
    const fake = createFakeHeadscale({ facts, state, keys: () => ["k"] });
    const http = fakeHttp(fake);
    const api = await connectHeadscale(
      { http, clock: fakeClock(), random },
      { url, key: new Secret("k"), caFile: undefined },
    );
    const sent = () => http.requests.flatMap(({ method, body }) => (method === "POST" ? [body] : []));
    await api.approve("1", [parsePrefix("10.99.1.0/24")], signal).catch(() => undefined);
    expect(sent()).toEqual([{ routes: ["10.1.1.5/24", "not-a-route", "10.99.1.0/24"] }]);
    const nullNode = () => ({
      headers: { "content-type": "application/json" },
      json: { nodes: [{ id: 7, approvedRoutes: null, availableRoutes: null, subnetRoutes: null }] },
    });
    const { api: other } = await scripted(unauthorized, noRoutes, nullNode);
    expect((await other.nodes(signal))[0]).toMatchObject({ id: "7", approved: [], tags: [] });
  });

  test("reads the node anew when the answer to an approval did not come", async () => {
    const state = memoryState(node);
    const facts = generations[1];
    if (facts === undefined) throw new Error("No facts");
    const fake = createFakeHeadscale({ facts, state, keys: () => ["k"] });
    let isFirst = true;
    const clock = fakeClock();
    const http = fakeHttp((request) => {
      if (request.method !== "POST" || !isFirst) return fake(request);
      isFirst = false;
      // Headscale went down, and an operator approved another route before it was asked again.
      state.setApproved("1", ["192.168.1.0/24"]);
      throw connectionError("ECONNRESET");
    }, clock);
    const api = await connectHeadscale({ http, clock, random }, { url, key: new Secret("k"), caFile: undefined });
    await inTime(clock, api.approve("1", [parsePrefix("10.99.1.0/24")], signal));
    expect(state.nodes()[0]?.approved).toEqual(["192.168.1.0/24", "10.99.1.0/24"]);
  });

  test("shows its key in no error", async () => {
    const { api } = await scripted(unauthorized, () => ({ status: 400, body: "bad header: Bearer k-123" }));
    const failed = await api.nodes(signal).catch((error: unknown) => error);
    expect(JSON.stringify([String(failed), failed])).not.toContain("k-123");
  });
});
