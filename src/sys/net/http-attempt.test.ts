// Times by the clock, and what errors hold, without a network: the real client over a function.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { describeError } from "../errors.ts";
import { Secret } from "../secret.ts";
import { fakeClock, waitUntil } from "../testing.ts";
import type { HttpTarget } from "./http.ts";
import { HttpError } from "./http-error.ts";
import { connectionError, fakeHttp } from "./testing.ts";

const target: HttpTarget = { kind: "tcp", origin: "https://api.example:6443" };
const forever = (): Promise<never> => new Promise(() => undefined);

async function* say(...pieces: readonly (string | Promise<string>)[]): AsyncGenerator<string> {
  for (const piece of pieces) yield await piece;
}

/** How the request ends. */
const outcome = (request: Promise<unknown>): Promise<string> => request.then(String, describeError);

describe("by its clock, a request", () => {
  test.each([
    ["without an answer ends after 10 s", "/none", 10_000, "it did not answer within 10 s"],
    ["with a slow body ends after 30 s", "/slow", 30_000, "its answer was not complete within 30 s"],
    ["with a slow error keeps its status", "/error", 10_000, "it answered 503: busy"],
  ])("%s", async (_name, path, lastsMs, why) => {
    const clock = fakeClock();
    const http = fakeHttp((request) => {
      if (request.path === "/none") return forever();
      return { status: request.path === "/error" ? 503 : 200, body: say("busy", forever()) };
    }, clock);
    using client = await http.connect(target);
    let ended: string | undefined;
    const request = outcome(client.text({ path })).then((text) => {
      ended = text;
    });
    await clock.advance(0);
    await clock.advance(lastsMs - 1);
    expect(ended).toBeUndefined();
    await clock.advance(1);
    await request;
    expect([ended, clock.sleeping]).toEqual([`Cannot GET ${path} of https://api.example:6443: ${why}`, 0]);
  });

  test("leaves no timer behind when it ends well", async () => {
    const clock = fakeClock();
    using client = await fakeHttp(() => ({ json: { a: 1 } }), clock).connect(target);
    expect(await client.json({ path: "/" })).toEqual({ a: 1 });
    await clock.advance(0);
    expect(clock.sleeping).toBe(0);
  });

  test("of a stream lives through hours of silence, unless it has a time for that", async () => {
    const clock = fakeClock();
    const late = Promise.withResolvers<string>();
    const http = fakeHttp(
      ({ path }) => ({ body: path === "/watch" ? say("a\n", late.promise) : say("a\n", forever()) }),
      clock,
    );
    using client = await http.connect(target);
    const got: string[] = [];
    const gather = async (path: string, idleTimeoutMs?: number): Promise<string> => {
      for await (const line of client.lines({ path, idleTimeoutMs })) got.push(line);
      return "ended";
    };
    const patient = outcome(gather("/watch"));
    const guarded = outcome(gather("/other", 60_000));
    await waitUntil("both have begun", () => got.length === 2);
    await clock.advance(60_000);
    expect(await guarded).toEndWith("it was silent for 60 s");
    await clock.advance(24 * 3_600_000);
    late.resolve("b\n");
    expect([await patient, got]).toEqual(["ended", ["a", "a", "b"]]);
  });

  test("of a stream does not count the time its reader takes as silence", async () => {
    const clock = fakeClock();
    using client = await fakeHttp(() => ({ body: say("a\n", "b\n") }), clock).connect(target);
    const got: string[] = [];
    for await (const line of client.lines({ path: "/watch", idleTimeoutMs: 1000 })) {
      got.push(line);
      await clock.advance(5000);
    }
    expect(got).toEqual(["a", "b"]);
  });
});

describe("an HttpError", () => {
  test.each([
    ["ENOTFOUND", "its name is not known"],
    ["EHOSTUNREACH", "there is no way to this host"],
    ["ECONNREFUSED", "nothing listens there"],
    ["SELF_SIGNED_CERT_IN_CHAIN", "its certificate is from a CA that this machine does not know"],
    ["CERT_NOT_YET_VALID", "its certificate is not valid yet"],
    ["HPE_INVALID_CONSTANT", "what answers there does not speak HTTP"],
    ["E_WHATEVER", "connect E_WHATEVER"],
  ])("says of %s that %s", async (code, why) => {
    using client = await fakeHttp(() => {
      throw connectionError(code);
    }).connect(target);
    expect(await outcome(client.text({ path: "/" }))).toBe(`Cannot GET / of https://api.example:6443: ${why}`);
  });

  test("never holds what was sent, though the server repeats it", async () => {
    const key = fc.stringMatching(/^[\x21-\x7e]{8,40}$/);
    await fc.assert(
      fc.asyncProperty(key, key, async (bearer, inBody) => {
        const http = fakeHttp(({ headers, body }) => {
          const cause = Object.assign(new Error("broken"), { code: "EPIPE", request: { headers, body } });
          if (headers["x-break"] === "yes") throw cause;
          return {
            status: 401,
            body: `${headers.authorization} and ${(body as { AuthKey: string }).AuthKey} are wrong`,
          };
        });
        using client = await http.connect(target, { bearer: new Secret(bearer) });
        for (const headers of [{}, { "x-break": "yes" }]) {
          const body = { AuthKey: new Secret(inBody) };
          const request = client.json({ method: "POST", path: `/start?key=${bearer}`, headers, body });
          const error = await request.catch((thrown: unknown) => thrown);
          expect(error).toBeInstanceOf(HttpError);
          for (const text of [Bun.inspect(error), JSON.stringify(error), describeError(error)]) {
            expect(text).not.toContain(bearer);
            expect(text).not.toContain(inBody);
          }
        }
        expect(http.requests[0]).toMatchObject({
          headers: { authorization: `Bearer ${bearer}` },
          body: { AuthKey: inBody },
        });
      }),
    );
  });

  test("lets a fault of the caller through as it is", async () => {
    using client = await fakeHttp(() => {
      throw new TypeError("the path has a space");
    }).connect(target);
    await expect(client.text({ path: "/a b" })).rejects.toThrow(TypeError);
  });
});
