// Serves a fake Headscale in a node, over TLS with a certificate of its own. The directory it is given has `world.json` and gets
// `approved.json`, anew with each approval.

import * as fs from "node:fs";
import { generations } from "../../../src/headscale/generations.fixture.ts";
import { createFakeHeadscale, type FakeNode, memoryState } from "../../../src/headscale/testing.ts";

export interface FakeHeadscaleWorld {
  readonly port: number;
  readonly certPem: string;
  readonly keyPem: string;
  readonly apiKey: string;
  readonly nodes: readonly FakeNode[];
}

const dir = process.argv[2] ?? ".";
const world: FakeHeadscaleWorld = JSON.parse(fs.readFileSync(`${dir}/world.json`, "utf8"));
const facts = generations[2];
if (facts === undefined) throw new Error("There are no such generations");
const state = memoryState(...world.nodes);
const answer = createFakeHeadscale({ facts, state, keys: () => [world.apiKey] });

Bun.serve({
  port: world.port,
  tls: { cert: world.certPem, key: world.keyPem },
  fetch: async (request) => {
    const { pathname, search } = new URL(request.url);
    const text = await request.text();
    const headers = Object.fromEntries(request.headers);
    const body: unknown = text === "" ? undefined : JSON.parse(text);
    const answered = answer({ method: request.method, path: `${pathname}${search}`, headers, body });
    const approved = Object.fromEntries(state.nodes().map((node) => [node.name, node.approved]));
    fs.writeFileSync(`${dir}/approved.json`, JSON.stringify(approved));
    const { status = 200, headers: sent = {}, json, body: plain } = answered;
    return new Response(json === undefined ? String(plain ?? "") : JSON.stringify(json), { status, headers: sent });
  },
});
