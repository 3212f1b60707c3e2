// What holds of every Headscale, fake and real: each row of what the generations were seen to answer, and what the client does with them.

import { expect } from "bun:test";
import { parsePrefix } from "../cidr/prefix.ts";
import { isJsonObject, tryParseJsonObject } from "../sys/json.ts";
import type { GenerationFacts } from "./generations.fixture.ts";
import type { HeadscaleApi } from "./headscale-api.ts";
import { HeadscaleError } from "./rest/headscale-error.ts";

export interface RawAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

/** A Headscale with one node, `nodeId`, and one user, k8s, whose policy is a file. */
export interface HeadscaleInstance {
  readonly facts: GenerationFacts;
  readonly nodeId: string;
  /** @param key "right" unless said otherwise */
  raw(
    method: string,
    path: string,
    rest?: { readonly body?: unknown; readonly key?: "right" | "wrong" | "none" },
  ): Promise<RawAnswer>;
  api(key?: "right" | "wrong"): Promise<HeadscaleApi>;
}

type Case = readonly [name: string, run: (instance: HeadscaleInstance) => Promise<void>];

const signal = new AbortController().signal;
const approvePath = ({ nodeId }: HeadscaleInstance): string => `/api/v1/node/${nodeId}/approve_routes`;

async function isRefused(answer: Promise<RawAnswer>, facts: GenerationFacts, status: number): Promise<void> {
  const { status: found, contentType, text } = await answer;
  expect(found).toBe(status);
  expect(contentType).toStartWith(facts.errors === "problem" ? "application/problem+json" : "application/json");
  const json = tryParseJsonObject(text) ?? {};
  expect(typeof (facts.errors === "problem" ? json.detail : json.message)).toBe("string");
}

/** The rows, by the call. */
export const factCases: readonly Case[] = [
  [
    "GET /version",
    async ({ raw, facts }) => expect((await raw("GET", "/version", { key: "none" })).status).toBe(facts.versionCall),
  ],
  ["GET /health", async ({ raw }) => expect((await raw("GET", "/health", { key: "none" })).status).toBe(200)],
  [
    "GET /api/v1/health",
    async ({ raw, facts }) => expect((await raw("GET", "/api/v1/health")).status).toBe(facts.healthCall),
  ],
  [
    "GET /api/v1/routes",
    async ({ raw, facts }) => {
      const { status, contentType } = await raw("GET", "/api/v1/routes");
      const isJson = contentType.startsWith("application/json");
      expect([status, isJson]).toEqual(
        { list: [200, true], "json 404": [404, true], "text 404": [404, false] }[facts.routesCall],
      );
    },
  ],
  [
    "no key",
    async ({ raw, facts }) => {
      const { status, contentType } = await raw("GET", "/api/v1/node", { key: "none" });
      expect([status, contentType.startsWith("application/problem+json")]).toEqual([401, facts.errors === "problem"]);
    },
  ],
  [
    "a wrong key",
    async ({ raw, facts }) => {
      const { status, text } = await raw("GET", "/api/v1/node", { key: "wrong" });
      expect(status).toBe(facts.wrongKey);
      expect(text).toContain("Unauthorized");
    },
  ],
  [
    "a node that is not there",
    async ({ raw, facts }) => isRefused(raw("GET", "/api/v1/node/99"), facts, facts.nodeMissing[0]),
  ],
  [
    "a node without a number",
    async ({ raw, facts }) => isRefused(raw("GET", "/api/v1/node/abc"), facts, facts.nodeIdNoNumber),
  ],
  [
    "a user that is not there",
    async ({ raw, facts }) => isRefused(raw("GET", "/api/v1/node?user=nobody"), facts, facts.userMissing[0]),
  ],
  [
    "approving",
    async (instance) => {
      const { status, text } = await instance.raw("POST", approvePath(instance), {
        body: { routes: ["10.99.1.0/24"] },
      });
      expect(status).toBe(instance.facts.approve === undefined ? 404 : 200);
      if (instance.facts.approve === undefined) return;
      const { node } = tryParseJsonObject(text) ?? {};
      expect(isJsonObject(node) ? node.approvedRoutes : undefined).toEqual(["10.99.1.0/24"]);
    },
  ],
  [
    "approving for a node that is not there",
    async ({ raw, facts }) => {
      if (facts.approve === undefined) return;
      const answer = raw("POST", "/api/v1/node/99/approve_routes", { body: { routes: ["10.99.1.0/24"] } });
      await isRefused(answer, facts, facts.approve.nodeMissing[0]);
    },
  ],
  [
    "approving what is no prefix",
    async (instance) => {
      if (instance.facts.approve === undefined) return;
      const answer = instance.raw("POST", approvePath(instance), { body: { routes: ["banana"] } });
      await isRefused(answer, instance.facts, instance.facts.approve.noPrefix);
    },
  ],
  [
    "approving what is no list",
    async (instance) => {
      if (instance.facts.approve === undefined) return;
      const { status } = await instance.raw("POST", approvePath(instance), { body: { routes: "x" } });
      expect(status).toBe(instance.facts.approve.noList);
    },
  ],
  [
    "approving with a field of no meaning",
    async (instance) => {
      if (instance.facts.approve === undefined) return;
      const { status } = await instance.raw("POST", approvePath(instance), {
        body: { routes: ["10.99.1.0/24"], more: 1 },
      });
      expect(status).toBe(instance.facts.approve.unknownField);
    },
  ],
  [
    "approving without a body, which may clear all",
    async (instance) => {
      if (instance.facts.approve === undefined) return;
      const { status } = await instance.raw("POST", approvePath(instance), { body: {} });
      expect(status).toBe(instance.facts.approve.emptyBody);
    },
  ],
  [
    "a pre-auth key's user",
    async ({ raw, facts }) => {
      const expiration = new Date(Date.now() + 60_000).toISOString();
      const key = async (user: string) =>
        (await raw("POST", "/api/v1/preauthkey", { body: { user, expiration, aclTags: [] } })).status;
      expect(await key(facts.keyUser === "name" ? "k8s" : "1")).toBe(200);
      expect(await key(facts.keyUser === "name" ? "1" : "k8s")).toBe(facts.keyUser === "name" ? 500 : 400);
    },
  ],
  [
    "writing a policy that is a file",
    async ({ raw, facts }) =>
      isRefused(raw("PUT", "/api/v1/policy", { body: { policy: "{}" } }), facts, facts.policyReadOnly[0]),
  ],
];

const failureOf = async (work: Promise<unknown>): Promise<unknown> => {
  try {
    await work;
    return undefined;
  } catch (error) {
    return error instanceof HeadscaleError ? error.failure : error;
  }
};

/** What the client makes of any of them. */
export const clientCases: readonly Case[] = [
  [
    "finds the generation out",
    async ({ api, facts }) => expect(await (await api()).generation(signal)).toBe(facts.generation),
  ],
  [
    "says that a key is wrong",
    async ({ api }) => expect(await failureOf((await api("wrong")).nodes(signal))).toBe("key"),
  ],
  [
    "is healthy without a key",
    async ({ api }) => expect(await failureOf((await api("wrong")).health(signal))).toBeUndefined(),
  ],
  [
    "says that a node is not there",
    async ({ api }) => {
      const failure = await failureOf((await api()).approve("99", [parsePrefix("10.99.1.0/24")], signal));
      expect(failure).toBe("absent");
    },
  ],
  [
    "adds to what is approved, and takes only that back",
    async ({ api, nodeId }) => {
      const headscale = await api();
      const approved = async () => (await headscale.nodes(signal)).find(({ id }) => id === nodeId)?.approved.toSorted();
      const [lan, block] = [parsePrefix("192.168.1.0/24"), parsePrefix("10.99.1.0/24")];
      await headscale.withdraw(nodeId, [lan, block], signal);
      expect(await headscale.approve(nodeId, [lan], signal)).toEqual([lan]);
      expect(await headscale.approve(nodeId, [block, lan], signal)).toEqual([block]);
      expect(await headscale.approve(nodeId, [block], signal)).toEqual([]);
      expect(await approved()).toEqual(["10.99.1.0/24", "192.168.1.0/24"]);
      expect(await headscale.withdraw(nodeId, [block], signal)).toBe(true);
      expect(await headscale.withdraw(nodeId, [block], signal)).toBe(false);
      expect(await approved()).toEqual(["192.168.1.0/24"]);
    },
  ],
  [
    "makes keys that expire, for a user by name",
    async ({ api }) => {
      const headscale = await api();
      const wanted = { tags: ["tag:k8s-node"], validForMs: 3_600_000, isReusable: true };
      const key = await headscale.createPreAuthKey({ ...wanted, user: "k8s" }, signal);
      expect(key.reveal().length).toBeGreaterThanOrEqual(48);
      expect(["absent", "refused"]).toContain(
        (await failureOf(headscale.createPreAuthKey({ ...wanted, user: "nobody" }, signal))) as string,
      );
    },
  ],
  [
    "reads the policy",
    async ({ api }) => {
      const policy = await (await api()).policy(signal);
      expect(policy.kind === "ok" ? policy.value : policy.why).toContain("tagOwners");
    },
  ],
];
