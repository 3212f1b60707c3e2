// What the controller takes, and asks of Headscale, by the size of the cluster: the real program against a Headscale that is played on
// loopback, with a tailscaled beside it that tells of nodes (played, too) and without one.

import { generations } from "../src/headscale/generations.fixture.ts";
import { createFakeHeadscale, type FakeNode, type MemoryState, memoryState } from "../src/headscale/testing.ts";
import { type TempRoot, tempRoot, waitUntil } from "../src/sys/testing.ts";
import { type FakeTailscaled, fakeSocket, fakeTailscaled, readyStatus } from "../src/tailscale/testing.ts";
import { headcni } from "../test/harness/headcni.ts";
import { mebibytes, type Table } from "./report.ts";
import { median } from "./sample.ts";
import { memory, treeCpuMs } from "./usage.ts";

export interface ControllerBenchOptions {
  readonly counts: readonly number[];
  readonly restMs: number;
  /** Nodes that come, one after the other. */
  readonly joins: number;
}

const key = "bench-key";
const hears = { beside: "beside a tailscaled", alone: "alone" } as const;

export async function benchController(options: ControllerBenchOptions): Promise<Table> {
  const rows: string[][] = [];
  for (const count of options.counts) {
    for (const where of ["beside", "alone"] as const) rows.push(await measure(count, where, options));
  }
  return {
    title: "The controller",
    text: `Beside a played Headscale 0.29, alone (it lists the nodes every 5 s) and beside a tailscaled that tells of nodes (every 30 s): calls a
minute and percent of one core over ${options.restMs / 1000} s in which nothing happens, then ${options.joins} nodes that come, seconds from a route that is
offered to its approval and calls for each. A real Headscale takes 65 ms of a processor for each call.`,
    columns: [
      "nodes",
      "controller",
      "calls a minute",
      "processor, %",
      "RSS MiB",
      "approved after, s (min / median / max)",
      "calls each",
    ],
    rows,
  };
}

async function measure(count: number, where: keyof typeof hears, options: ControllerBenchOptions): Promise<string[]> {
  const { restMs, joins } = options;
  using root = tempRoot();
  const state = memoryState(...Array.from({ length: count }, (_, at) => nodeOf(at + 1, "approved")));
  await using tailscaled = where === "beside" ? await fakeTailscaled(root) : undefined;
  if (tailscaled !== undefined) tell(tailscaled, state);
  using headscale = serveHeadscale(state);
  writeFiles(root, headscale.url);
  const controller = Bun.spawn([headcni, "controller", "--root", root.path, "--listen", "127.0.0.1:0"], {
    stdout: "ignore",
    stderr: "ignore",
  });
  try {
    await waitUntil("the controller has listed the nodes", () => headscale.calls() > 0, 30_000);
    // What it heard of first has it list once more.
    await Bun.sleep(restMs / 4);
    const [callsBefore, cpuBefore] = [headscale.calls(), treeCpuMs(controller.pid)];
    await Bun.sleep(restMs);
    const callsAtRest = headscale.calls() - callsBefore;
    const percent = ((treeCpuMs(controller.pid) - cpuBefore) / restMs) * 100;
    const resident = memory(controller.pid, "Rss");
    const seconds: number[] = [];
    const joinedAt = headscale.calls();
    for (let at = 0; at < joins; at++) seconds.push(await joinOne(state, { id: count + at + 1, tailscaled }));
    const each = (headscale.calls() - joinedAt) / joins;
    const three = [Math.min(...seconds), median(seconds), Math.max(...seconds)].map((value) => value.toFixed(2));
    return [
      String(count),
      hears[where],
      ((callsAtRest * 60_000) / restMs).toFixed(1),
      percent.toFixed(2),
      mebibytes(resident),
      three.join(" / "),
      each.toFixed(1),
    ];
  } finally {
    controller.kill();
    await controller.exited;
  }
}

/** Seconds until the route is approved that a new node offers. */
async function joinOne(
  state: MemoryState,
  { id, tailscaled }: { readonly id: number; readonly tailscaled: FakeTailscaled | undefined },
): Promise<number> {
  // Nodes come when they like, and not just after a list.
  await Bun.sleep(Math.random() * 5000);
  const startedMs = performance.now();
  state.put(nodeOf(id, "offered"));
  if (tailscaled !== undefined) {
    tell(tailscaled, state);
    tailscaled.notify({ PeersChanged: [] });
  }
  const isApproved = (): boolean => state.nodes().find((node) => node.id === String(id))?.approved.length === 1;
  await waitUntil("the controller approves a node", isApproved, 60_000);
  return (performance.now() - startedMs) / 1000;
}

function nodeOf(id: number, is: "approved" | "offered"): FakeNode {
  const route = `10.${244 + (id >> 8)}.${id & 255}.0/24`;
  return {
    id: String(id),
    name: `node-${id}`,
    tags: ["tag:k8s-node"],
    isOnline: true,
    available: [route],
    approved: is === "approved" ? [route] : [],
  };
}

function tell(tailscaled: FakeTailscaled, state: MemoryState): void {
  tailscaled.status = readyStatus();
  tailscaled.peersRoutes = Object.fromEntries(state.nodes().map(({ id, available }) => [id, available]));
}

/** Over real sockets; it counts what it is asked. */
function serveHeadscale(state: MemoryState) {
  const facts = generations.find(({ version }) => version === "0.29.2");
  if (facts === undefined) throw new Error("No facts of Headscale 0.29.2");
  const play = createFakeHeadscale({ facts, state, keys: () => [key] });
  let calls = 0;
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async (request) => {
      calls += 1;
      const { pathname, search } = new URL(request.url);
      const text = await request.text();
      const {
        status = 200,
        headers,
        json,
        body,
      } = play({
        method: request.method,
        path: `${pathname}${search}`,
        headers: Object.fromEntries(request.headers),
        body: text === "" ? undefined : JSON.parse(text),
      });
      return new Response(json === undefined ? String(body ?? "") : JSON.stringify(json), {
        status,
        headers: { ...headers },
      });
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    calls: () => calls,
    [Symbol.dispose]: () => void server.stop(true),
  };
}

function writeFiles(root: TempRoot, url: string): void {
  const config = {
    network: { podCIDR: { base: "10.244.0.0/14" } },
    tailscale: { nodeTags: "tag:k8s-node", socket: fakeSocket },
    headscale: { approval: "controller", url, apiKeyFile: "/etc/headcni/api.key" },
  };
  root.write("/etc/headcni/config.yaml", JSON.stringify(config));
  root.write("/etc/headcni/api.key", key, 0o600);
}
