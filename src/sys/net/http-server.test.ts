import { describe, expect, test } from "bun:test";
import { tempRoot, testSystem } from "../testing.ts";
import { type HttpServer, tryServeHttp } from "./http-server.ts";

function serve(host: string, port = 0): HttpServer {
  const served = tryServeHttp({
    host,
    port,
    answer: async (request) => {
      if (new URL(request.url).pathname === "/fails") throw new Error("it broke");
      return new Response("hello");
    },
    failed: (error) => new Response(String(error), { status: 500 }),
  });
  if (served.kind === "fault") throw new Error(served.why);
  return served.value;
}

async function ask(server: HttpServer, path: string): Promise<string> {
  using root = tempRoot();
  using client = await testSystem(root).http.connect({ kind: "tcp", origin: `http://${server.address}` });
  return (await client.request({ path })).text;
}

describe("tryServeHttp()", () => {
  test.each([
    ["127.0.0.1", /^127\.0\.0\.1:\d+$/],
    ["::1", /^\[::1\]:\d+$/],
  ])("serves on %s, under an address a client can use, until it is stopped", async (host, address) => {
    const server = serve(host);
    expect(server.address).toMatch(address);
    expect(await ask(server, "/")).toBe("hello");
    await server.stop();
    await expect(ask(server, "/")).rejects.toThrow();
  });

  test("answers a request on which its function failed, and goes on", async () => {
    const server = serve("127.0.0.1");
    expect(await ask(server, "/fails")).toBe("Error: it broke");
    expect(await ask(server, "/")).toBe("hello");
    await server.stop();
  });

  test("says why it cannot listen", async () => {
    const first = serve("127.0.0.1");
    const port = Number(first.address.split(":").at(-1));
    const options = { answer: async () => new Response(), failed: () => new Response() };
    expect(tryServeHttp({ host: "127.0.0.1", port, ...options })).toEqual({
      kind: "fault",
      why: "another program listens there",
    });
    expect(tryServeHttp({ host: "192.0.2.1", port: 0, ...options }).kind).toBe("fault");
    await first.stop();
  });
});
