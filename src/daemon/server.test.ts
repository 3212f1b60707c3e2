import { describe, expect, test } from "bun:test";
import { createSetting } from "../agent/latest.ts";
import { realClock } from "../sys/clock.ts";
import { memoryLog, waitUntil } from "../sys/testing.ts";
import { createConditionStore } from "./condition-store.ts";
import { condition } from "./conditions.ts";
import { createHistory } from "./history.ts";
import { createMetrics } from "./metrics.ts";
import { answer, type StatusSource, statusServer } from "./server.ts";
import { type FakeNode, fakeNode } from "./testing.ts";

/** What a daemon on this node would answer from, after one pass. */
async function sourceOf(node: FakeNode): Promise<StatusSource> {
  const report = await node.start().run(["start"]);
  const history = createHistory(node.system, node.conditions, { pid: 42, startedAtMs: node.clock.now() });
  const metrics = createMetrics();
  history.record(report);
  metrics.record(report);
  return { facts: history.facts, stuck: () => undefined, metrics: () => metrics.scrape(history.facts()) };
}

const get = (path: string, method = "GET") => new Request(`http://127.0.0.1:9465${path}`, { method });
const listen = "127.0.0.1";

describe("answer()", () => {
  test.each([
    ["GET", "/healthz", 200],
    ["GET", "/readyz", 200],
    ["GET", "/status", 200],
    ["GET", "/metrics", 200],
    ["HEAD", "/status", 200],
    ["GET", "/status?x=1", 200],
    ["GET", "/", 404],
    ["GET", "/status/", 404],
    ["GET", "/metrics/../etc/passwd", 404],
    ["POST", "/status", 405],
    ["DELETE", "/metrics", 405],
    ["OPTIONS", "/", 405],
  ])("%s %s gives %i", async (method, path, status) => {
    using node = fakeNode();
    const response = await answer(get(path, method), await sourceOf(node), listen);
    expect(response.status).toBe(status);
    expect(response.headers.get("cache-control")).toBe("no-store");
  });

  test.each([
    [listen, "127.0.0.1:9465", 200],
    [listen, "localhost:9465", 200],
    [listen, "LocalHost", 200],
    ["::1", "[::1]:9465", 200],
    ["::1", "192.0.2.7", 200],
    [listen, null, 200],
    [listen, "evil.example.com", 403],
    [listen, "evil.example.com:9465", 403],
    [listen, "127.0.0.1.evil.example.com", 403],
    [listen, "localhost.evil.example.com", 403],
    [listen, "", 200],
    ["localhost", "node-1:9465", 403],
    ["0.0.0.0", "node-1.example.com:9465", 200],
    ["::", "node-1", 200],
    ["192.0.2.7", "node-1", 200],
    [listen, "[bad", 400],
    [listen, "[bad]", 400],
    [listen, "::1", 400],
    ["0.0.0.0", "[bad", 400],
    ["0.0.0.0", "a b", 400],
    ["0.0.0.0", "127.0.0.1:x", 400],
  ])("on %s, asked as %p, gives %i", async (host, header, status) => {
    using node = fakeNode();
    const request = new Request("http://127.0.0.1:9465/healthz", header === null ? {} : { headers: { host: header } });
    const response = await answer(request, await sourceOf(node), host);
    expect(response.status).toBe(status);
    if (status !== 200) expect(await response.json()).toEqual({ error: expect.stringContaining(header ?? "") });
  });

  test("/readyz says what keeps the node from being ready", async () => {
    using node = fakeNode();
    const source = await sourceOf(node);
    node.conditions.set("node", [condition("ConflistNotWritten", { path: "/x", why: "it is read-only" })]);
    const response = await answer(get("/readyz"), source, listen);
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({
      ready: false,
      reasons: [
        "ConflistNotWritten: /x is not in place: it is read-only. Make the folder writable; it is tried again by itself",
      ],
    });
  });

  test("/readyz is not put off by a warning", async () => {
    using node = fakeNode();
    const source = await sourceOf(node);
    expect(node.codes()).toEqual(["PodCIDRNotAuthoritative"]);
    expect((await answer(get("/readyz"), source, listen)).status).toBe(200);
  });

  test("/healthz says when the loop hangs", async () => {
    using node = fakeNode();
    const source = { ...(await sourceOf(node)), stuck: () => "the reconcile loop has been busy for 61 s" };
    const response = await answer(get("/healthz"), source, listen);
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({ healthy: false, reason: "the reconcile loop has been busy for 61 s" });
  });

  test("/status has the documented shape", async () => {
    using node = fakeNode();
    const status = JSON.parse(await (await answer(get("/status"), await sourceOf(node), listen)).text());
    expect(Object.keys(status)).toEqual([
      ...["version", "commit", "pid", "startedAt", "uptimeSeconds", "ready", "notReady", "nodeName", "inForce"],
      ...["podCIDR", "conflist", "pods", "bridge", "masquerade", "config", "lastPass", "conditions"],
    ]);
    expect(status).toMatchObject({
      pid: 42,
      startedAt: "2026-01-01T00:00:00.000Z",
      ready: true,
      nodeName: "node-1",
      inForce: { podCIDRs: ["10.244.0.0/24"], source: "default", file: null, line: null },
      podCIDR: { source: "default", authoritative: false },
      conflist: {
        path: "/etc/cni/net.d/10-headcni.conflist",
        inForce: true,
        writes: 1,
        lastWrite: { reason: "absent" },
      },
      pods: { count: 0, bridgePorts: 0, leases: 0 },
      bridge: { name: "headcni0", state: "absent" },
      masquerade: "bridge",
      conditions: [{ code: "PodCIDRNotAuthoritative", severity: "warning", since: "2026-01-01T00:00:00.000Z" }],
    });
  });

  test("/metrics names what alerts are made of", async () => {
    using node = fakeNode();
    const text = await (await answer(get("/metrics"), await sourceOf(node), listen)).text();
    for (const line of [
      /^headcni_build_info\{version=".+",commit=".+"\} 1$/m,
      /^headcni_podcidr_info\{source="default",cidr="10\.244\.0\.0\/24"\} 1$/m,
      /^headcni_conflist_writes_total\{reason="absent"\} 1$/m,
      /^headcni_condition\{code="PodCIDRNotAuthoritative"\} 1$/m,
      /^headcni_condition\{code="ConflistNotWritten"\} 0$/m,
      /^headcni_reconcile_duration_seconds_count 1$/m,
      /^headcni_ready 1$/m,
      /^headcni_pods 0$/m,
      /^headcni_host_local_leases 0$/m,
      /^process_cpu_seconds_total \d/m,
    ]) {
      expect(text).toMatch(line);
    }
  });

  test("/status is null where a daemon without a finished pass knows nothing, and it is not ready", async () => {
    using node = fakeNode();
    const history = createHistory(node.system, node.conditions, { pid: 42, startedAtMs: node.clock.now() });
    const source = {
      facts: history.facts,
      stuck: () => undefined,
      metrics: async () => ({ contentType: "", text: "" }),
    };
    expect(await (await answer(get("/status"), source, listen)).json()).toMatchObject({
      ready: false,
      podCIDR: null,
      conflist: null,
    });
    expect((await answer(get("/readyz"), source, listen)).status).toBe(503);
  });
});

describe("statusServer()", () => {
  test("serves, moves with its setting, goes on when the address is taken, and stops", async () => {
    using node = fakeNode();
    const source = await sourceOf(node);
    const log = memoryLog();
    const impatient = { ...realClock, sleep: (_ms: number, signal?: AbortSignal) => realClock.sleep(10, signal) };
    const system = { ...node.system, log, clock: impatient };
    const conditions = createConditionStore(system);
    const listen = createSetting<string | undefined>("127.0.0.1:0");
    const stop = new AbortController();
    const woken: string[] = [];
    const wakeups = { wake: (reason: string) => void woken.push(reason) };
    const running = statusServer(system, { conditions, wakeups, source, listen }).run(stop.signal);
    const health = async (origin: string): Promise<string> => {
      using client = system.http.connect({ kind: "tcp", origin });
      return await client.text({ path: "/healthz", timeoutMs: 1000 });
    };
    const origins = () => log.entries.flatMap(({ message }) => /served on (http:\S+)$/.exec(message)?.[1] ?? []);
    await waitUntil("it serves", () => origins().length === 1);
    expect(woken).toEqual([]);
    const [first = ""] = origins();
    expect(await health(first)).toContain('"healthy": true');

    using taken = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("other") });
    listen.set(`127.0.0.1:${taken.port}`);
    await waitUntil("it says the address is taken", () => conditions.list().length === 1);
    expect(conditions.list()[0]?.text).toStartWith(
      `Nothing answers on 127.0.0.1:${taken.port}: another program listens there.`,
    );
    await expect(health(first)).rejects.toThrow();
    expect(woken).toEqual(["status server"]);

    await taken.stop(true);
    await waitUntil("it serves again", () => origins().length === 2);
    expect(conditions.list()).toEqual([]);
    expect(woken).toEqual(["status server", "status server"]);
    listen.set(undefined);
    const [, second = ""] = origins();
    await waitUntil("it is turned off", async () => {
      return health(second).then(
        () => false,
        () => true,
      );
    });
    stop.abort();
    await running;
  });
});
