import { describe, expect, test } from "bun:test";
import type { Agent } from "../agent/agent.ts";
import { createConditionStore } from "../agent/condition-store.ts";
import { createLatest } from "../agent/latest.ts";
import { createMetricRecorder } from "../agent/metrics.ts";
import type { LoadedConfig } from "../config/config.ts";
import { defaultConfig } from "../config/defaults.ts";
import { condition } from "../node/conditions.ts";
import { realClock } from "../sys/clock.ts";
import { memoryLog, waitUntil } from "../sys/testing.ts";
import { createStatusPage, createStatusServerAgent } from "./agent.ts";
import { declaredMetrics, samplesOf } from "./metrics.ts";
import { createMetricsRegistry } from "./registry.ts";
import { answer, type StatusSource } from "./server.ts";
import { statusAddressFile } from "./status.ts";
import { decodeStatus } from "./status-schema.ts";
import { type FakeNode, fakeNode } from "./testing.ts";

/** What a daemon on this node would answer from, after one step of each agent. */
async function sourceOf(node: FakeNode): Promise<StatusSource> {
  const daemon = node.start();
  await daemon.reconcile();
  return sourceFrom(daemon);
}

function sourceFrom(daemon: ReturnType<FakeNode["start"]>): StatusSource {
  const registry = createMetricsRegistry(declaredMetrics(daemon.list));
  daemon.metrics.open(registry.record);
  const page = createStatusPage({ clock: realClock }, daemon.facts);
  return { facts: daemon.facts, metrics: (facts) => registry.scrape(samplesOf(facts)), page };
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
    ["GET", "/", 200],
    ["HEAD", "/", 200],
    ["HEAD", "/events", 200],
    ["GET", "/index.html", 404],
    ["GET", "/status/", 404],
    ["GET", "/metrics/../etc/passwd", 404],
    ["POST", "/status", 405],
    ["DELETE", "/metrics", 405],
    ["POST", "/events", 405],
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
    const source = await sourceOf(node);
    const stuck = () => "the reconcile loop of node has been busy for 61 s";
    const hang = (agent: Agent): Agent => (agent.name === "node" ? { ...agent, stuck } : agent);
    const facts = () => ({ ...source.facts(), agents: source.facts().agents.map(hang) });
    const response = await answer(get("/healthz"), { ...source, facts }, listen);
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({
      healthy: false,
      reason: "the reconcile loop of node has been busy for 61 s",
    });
  });

  test.each(["/", "/events"])("%s gives a page of another origin nothing", async (path) => {
    using node = fakeNode();
    const source = await sourceOf(node);
    const tab = new AbortController();
    const request = new Request(`http://127.0.0.1:9465${path}`, {
      headers: { origin: "https://x" },
      signal: tab.signal,
    });
    const { status, headers } = await answer(request, source, listen);
    tab.abort();
    expect(status).toBe(200);
    expect(headers.get("access-control-allow-origin")).toBeNull();
    expect(headers.get("cross-origin-resource-policy")).toBe("same-origin");
    const rebound = new Request(`http://127.0.0.1:9465${path}`, { headers: { host: "evil.example.com:9465" } });
    expect((await answer(rebound, source, listen)).status).toBe(403);
  });

  test("/ is the page, and /events follows it", async () => {
    using node = fakeNode();
    const source = await sourceOf(node);
    const page = await answer(get("/"), source, listen);
    expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(await page.text()).toContain("<h1>node-1</h1>");
    const tab = new AbortController();
    const events = await answer(new Request("http://127.0.0.1/events", { signal: tab.signal }), source, listen);
    expect(events.headers.get("content-type")).toBe("text/event-stream");
    const { value } = (await events.body?.getReader().read()) ?? {};
    expect(new TextDecoder().decode(value)).toStartWith("event: version\n");
    tab.abort();
  });

  test("/events says so when as many pages are open as may be", async () => {
    using node = fakeNode();
    const source = await sourceOf(node);
    const full = { ...source, page: { ...source.page, events: async () => undefined } };
    const response = await answer(get("/events"), full, listen);
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("10");
  });

  test("/status has the documented shape", async () => {
    using node = fakeNode();
    const source = await sourceOf(node);
    const status = JSON.parse(await (await answer(get("/status"), source, listen)).text());
    expect(decodeStatus(status)).toEqual(status);
    expect(Object.keys(status)).toEqual([
      ...["version", "commit", "pid", "startedAt", "uptimeSeconds", "ready", "notReady", "nodeName"],
      ...["agents", "conditions"],
    ]);
    expect(Object.keys(status.agents)).toEqual(source.facts().agents.map(({ name }) => name));
    expect(status).toMatchObject({
      pid: 42,
      startedAt: "2026-01-01T00:00:00.000Z",
      ready: true,
      nodeName: "node-1",
      agents: {
        config: { lastReconcile: { count: 1, reasons: ["start"] }, status: { file: null } },
        node: {
          lastReconcile: { count: 1, reasons: ["start"] },
          status: {
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
          },
        },
        dataplane: { status: { masquerade: "bridge" }, summary: { masquerade: "bridge" } },
        leases: { lastReconcile: null, status: { lastSweep: null } },
        server: { status: { listen: null } },
      },
      conditions: [{ code: "PodCIDRNotAuthoritative", severity: "warning", since: "2026-01-01T00:00:00.000Z" }],
    });
  });

  test("/metrics has every counter before anything is counted", async () => {
    using node = fakeNode();
    const kinds = declaredMetrics(node.start().list).filter(({ type }) => type === "counter");
    const { text } = await createMetricsRegistry(kinds).scrape([]);
    for (const { name, labelNames = [], series = [{}] } of kinds) {
      for (const labels of series) {
        expect(Object.keys(labels), name).toEqual([...labelNames]);
        const shown = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
        expect(text).toContain(`\n${name}${shown.length === 0 ? "" : `{${shown.join(",")}}`} 0\n`);
      }
    }
    expect(text).toContain('headcni_conflist_writes_total{reason="absent"} 0\n');
  });

  test("/metrics names what alerts are made of", async () => {
    using node = fakeNode();
    const text = await (await answer(get("/metrics"), await sourceOf(node), listen)).text();
    for (const line of [
      /^headcni_build_info\{version=".+",commit=".+"\} 1$/m,
      /^headcni_podcidr_info\{source="default",cidr="10\.244\.0\.0\/24"\} 1$/m,
      /^headcni_conflist_writes_total\{reason="absent"\} 1$/m,
      /^headcni_condition\{code="PodCIDRNotAuthoritative",severity="warning",affects_pods="false"\} 1$/m,
      /^headcni_condition\{code="ConflistNotWritten",severity="error",affects_pods="true"\} 0$/m,
      /^headcni_reconcile_duration_seconds_count 1$/m,
      /^headcni_ready 1$/m,
      /^headcni_pods 0$/m,
      /^headcni_host_local_leases 0$/m,
      /^process_cpu_seconds_total \d/m,
    ]) {
      expect(text).toMatch(line);
    }
  });

  test("/status is null where a daemon without a finished step knows nothing, and it is not ready", async () => {
    using node = fakeNode();
    const source = sourceFrom(node.start());
    expect(await (await answer(get("/status"), source, listen)).json()).toMatchObject({
      ready: false,
      nodeName: null,
      agents: { node: { lastReconcile: null, status: {}, summary: { podCIDR: "-", conflist: "-" } } },
    });
    expect((await answer(get("/readyz"), source, listen)).status).toBe(503);
  });
});

function listeningOn(listen: string | undefined): LoadedConfig {
  const monitoring = { enabled: listen !== undefined, listen: listen ?? "127.0.0.1:0" };
  const config = { ...defaultConfig, monitoring };
  return { config, file: undefined, hostFile: "/etc/headcni/config.yaml", origins: new Map(), warnings: [] };
}

describe("createStatusServerAgent()", () => {
  test("serves, moves with the configuration, goes on when the address is taken, and stops", async () => {
    using node = fakeNode();
    const { facts } = await sourceOf(node);
    const log = memoryLog();
    const impatient = { ...realClock, sleep: (_ms: number, signal?: AbortSignal) => realClock.sleep(10, signal) };
    const system = { ...node.system, log, clock: impatient };
    const conditions = createConditionStore(system);
    const config = createLatest<LoadedConfig | undefined>(undefined);
    const setListen = (listen: string | undefined): void => config.set(listeningOn(listen));
    setListen("127.0.0.1:0");
    const stop = new AbortController();
    const metrics = createMetricRecorder();
    const agent = createStatusServerAgent(system, { conditions, config, metrics, facts });
    const running = agent.run(stop.signal, Promise.resolve());
    const health = async (origin: string): Promise<string> => {
      using client = await system.http.connect({ kind: "tcp", origin });
      return await client.text({ path: "/healthz", timeoutMs: 1000 });
    };
    const origins = () => log.entries.flatMap(({ message }) => /served on (http:\S+)$/.exec(message)?.[1] ?? []);
    await waitUntil("it serves", () => origins().length === 1);
    expect(conditions.list()).toEqual([]);
    const [first = ""] = origins();
    expect(await health(first)).toContain('"healthy": true');

    using taken = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response("other") });
    setListen(`127.0.0.1:${taken.port}`);
    await waitUntil("it says the address is taken", () => conditions.list().length === 1);
    expect(conditions.list()[0]?.text).toStartWith(
      `Nothing answers on 127.0.0.1:${taken.port}: another program listens there.`,
    );
    await expect(health(first)).rejects.toThrow();

    await taken.stop(true);
    await waitUntil("it serves again", () => origins().length === 2);
    expect(conditions.list()).toEqual([]);
    // Another value of the configuration with the same address interrupts nothing.
    setListen(`127.0.0.1:${taken.port}`);
    setListen(undefined);
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

  test.each([
    ["is turned off", () => undefined],
    ["finds its address taken", () => Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() })],
  ])("takes away what a daemon that was killed has noted, where it %s", async (_, other) => {
    using node = fakeNode();
    const { facts } = await sourceOf(node);
    const taken = other();
    node.root.write(statusAddressFile, "127.0.0.1:9\n");
    const conditions = createConditionStore(node.system);
    const listenOn = taken === undefined ? undefined : `127.0.0.1:${taken.port}`;
    const config = createLatest<LoadedConfig | undefined>(listeningOn(listenOn));
    const stop = new AbortController();
    const metrics = createMetricRecorder();
    const agent = createStatusServerAgent(node.system, { conditions, config, metrics, facts });
    const running = agent.run(stop.signal, Promise.resolve());
    await waitUntil("the note is gone", () => !node.root.exists(statusAddressFile));
    stop.abort();
    await running;
    await taken?.stop(true);
  });
});
