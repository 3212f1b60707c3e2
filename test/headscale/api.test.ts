// The client against real Headscales, where this machine has some: the same cases as against the fake one, which is played from them.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { clientCases, factCases, type HeadscaleInstance } from "../../src/headscale/api-cases.fixture.ts";
import { factsOf, type GenerationFacts } from "../../src/headscale/generations.fixture.ts";
import { connectHeadscale } from "../../src/headscale/headscale-api.ts";
import { basename } from "../../src/sys/fs/path.ts";
import { createAuthority } from "../../src/sys/net/certificates.fixture.ts";
import { Secret } from "../../src/sys/secret.ts";
import { createSystem } from "../../src/sys/system.ts";
import { tempRoot } from "../../src/sys/testing.ts";
import { type ApiOnlyHeadscale, startApiOnlyHeadscale } from "../harness/tailnet/api-only-headscale.ts";
import { findHeadscales } from "../harness/tailnet/programs.ts";

const wrongKey = `hskey-api-${"a".repeat(12)}-${"b".repeat(64)}`;
const programs = findHeadscales();

if (programs.length === 0) console.log("    not run, the client against a real Headscale: no headscale");
else
  describe.each(programs.map((program) => [basename(program), program]))("%s", (_name, program) => {
    let headscale: ApiOnlyHeadscale;
    let world: HeadscaleInstance;

    beforeAll(async () => {
      headscale = await startApiOnlyHeadscale(program);
      world = await instanceOf(headscale);
    }, 60_000);
    afterAll(async () => headscale[Symbol.asyncDispose]());

    test("the client asks it by HTTPS, by the file of its own CA and by no other", async () => {
      const authority = createAuthority();
      await using secure = await startApiOnlyHeadscale(program, authority.issue("127.0.0.1"));
      using files = tempRoot();
      files.write("/ca.pem", authority.certPem);
      const { signal } = new AbortController();
      const list = async (caFile: string | undefined) => {
        using api = await connectHeadscale(createSystem({ root: files.path }), {
          url: secure.url,
          key: new Secret(secure.key),
          caFile,
        });
        return api.nodes(signal).catch(String);
      };
      expect(await list("/ca.pem")).toEqual([]);
      expect(await list(undefined)).toContain("from a CA that this machine does not know");
    }, 60_000);
    for (const [name, run] of factCases) test(`answers ${name}`, () => run(world));
    for (const [name, run] of clientCases) test(`the client ${name}`, () => run(world));
  });

async function instanceOf({ url, key, cli }: ApiOnlyHeadscale): Promise<HeadscaleInstance> {
  const system = createSystem();
  const raw: HeadscaleInstance["raw"] = async (method, path, { body, key: which = "right" } = {}) => {
    const bearer = { right: key, wrong: wrongKey, none: undefined }[which];
    const response = await fetch(`${url}${path}`, {
      method,
      headers: bearer === undefined ? {} : { authorization: `Bearer ${bearer}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const contentType = response.headers.get("content-type") ?? "";
    return { status: response.status, contentType, text: await response.text() };
  };
  const facts = await factsBy(raw);
  const random = "abcdefghijklmnopqrstuvwx";
  const registration = facts.version >= "0.29" ? `hskey-authreq-${random}` : random;
  const routes = ["10.99.1.0/24", "192.168.1.0/24"];
  await raw("POST", "/api/v1/debug/node", { body: { user: "k8s", key: registration, name: "n1", routes } });
  await cli("nodes", "register", "--user", "k8s", "--key", registration);
  expect((await raw("GET", "/api/v1/node/1")).status).toBe(200);
  const api: HeadscaleInstance["api"] = (which = "right") =>
    connectHeadscale(system, { url, key: new Secret(which === "right" ? key : wrongKey), caFile: undefined });
  return { facts, nodeId: "1", raw, api };
}

async function factsBy(raw: HeadscaleInstance["raw"]): Promise<GenerationFacts> {
  const [version, routes, refused] = await Promise.all([
    raw("GET", "/version", { key: "none" }),
    raw("GET", "/api/v1/routes"),
    raw("GET", "/api/v1/node", { key: "none" }),
  ]);
  const isJson = routes.contentType.startsWith("application/json");
  const facts = factsOf({
    versionCall: version.status === 200 ? 200 : 404,
    routesCall: routes.status === 200 ? "list" : isJson ? "json 404" : "text 404",
    errors: refused.contentType.startsWith("application/problem+json") ? "problem" : "grpc",
  });
  if (facts === undefined) throw new Error(`Nothing is known of such a Headscale: ${version.text} ${routes.text}`);
  return facts;
}
