// A GET with a deadline, against a server of the test's own.

import { expect, test } from "bun:test";
import { fetchText } from "./http-client.ts";

test("fetchText() gives the body whatever the status, follows nothing, and gives up in time", async () => {
  await using server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async ({ url }) => {
      const { pathname } = new URL(url);
      if (pathname === "/moved") return new Response("moved", { status: 302, headers: { location: "/" } });
      if (pathname === "/slow") await new Promise(() => undefined);
      return new Response("not ready", { status: 503 });
    },
  });
  const at = `http://127.0.0.1:${server.port}`;
  expect(await fetchText(`${at}/`, { timeoutMs: 5000 })).toBe("not ready");
  expect(await fetchText(`${at}/moved`, { timeoutMs: 5000 })).toBe("moved");
  await expect(fetchText(`${at}/slow`, { timeoutMs: 50 })).rejects.toThrow();
});

test("fetchText() rejects when nothing listens", async () => {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
  const url = `http://127.0.0.1:${server.port}/`;
  await server.stop(true);
  await expect(fetchText(url, { timeoutMs: 5000 })).rejects.toThrow();
});
