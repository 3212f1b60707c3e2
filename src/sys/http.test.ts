import { describe, expect, test } from "bun:test";
import { fetchText } from "./http.ts";

const serve = (answer: () => Response | Promise<Response>) => {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: answer });
  return { url: server.url.href, [Symbol.asyncDispose]: () => server.stop(true) };
};

describe("fetchText()", () => {
  test("gives the body, also of an error", async () => {
    await using server = serve(() => new Response("grün", { status: 503 }));
    expect(await fetchText(server.url, { timeoutMs: 1000 })).toBe("grün");
  });

  test("does not ask a proxy", async () => {
    await using server = serve(() => new Response("ok"));
    const client = `import { fetchText } from "./http.ts"; console.log(await fetchText("${server.url}", { timeoutMs: 1000 }))`;
    const env = { HTTP_PROXY: "http://127.0.0.1:1", http_proxy: "http://127.0.0.1:1" };
    const child = Bun.spawn([process.execPath, "-e", client], { cwd: import.meta.dir, env, stdout: "pipe" });
    expect(await child.stdout.text()).toBe("ok\n");
  });

  test("fails when nothing listens", async () => {
    let url: string;
    {
      await using server = serve(() => new Response("ok"));
      url = server.url;
    }
    await expect(fetchText(url, { timeoutMs: 1000 })).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  test("gives up on an answer that does not come", async () => {
    await using server = serve(() => new Promise(() => undefined));
    await expect(fetchText(server.url, { timeoutMs: 50 })).rejects.toThrow();
  });

  test("gives up on an answer without end", async () => {
    const chunk = new Uint8Array(1 << 20);
    const endless = () => new ReadableStream({ pull: (controller) => controller.enqueue(chunk) });
    await using server = serve(() => new Response(endless()));
    await expect(fetchText(server.url, { timeoutMs: 5000 })).rejects.toThrow("larger than");
  });
});
