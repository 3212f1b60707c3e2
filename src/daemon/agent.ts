// The agent that serves status and metrics where the configuration says. Its libraries are loaded when it begins to run: the node has
// its conflist by then.

import { type Agent, agentStatus, plainAgent } from "../agent/agent.ts";
import type { ConditionStore } from "../agent/condition-store.ts";
import { createLatest, type Latest, type Watchable } from "../agent/latest.ts";
import type { MetricRecorder } from "../agent/metrics.ts";
import type { LoadedConfig } from "../config/config.ts";
import { readListen } from "../config/values.ts";
import { describeError, expected } from "../sys/errors.ts";
import type { HttpServer } from "../sys/net/http-server.ts";
import type { Result } from "../sys/result.ts";
import type { System } from "../sys/system.ts";
import { condition, serverConditions } from "./conditions.ts";
import { declaredMetrics, samplesOf } from "./metrics.ts";
import type { LivePages } from "./page/live.ts";
import type { StatusPage, StatusSource } from "./server.ts";
import { type DaemonFacts, statusAddressFile, statusDocument } from "./status.ts";

export interface StatusServerOptions {
  readonly conditions: ConditionStore;
  readonly config: Watchable<LoadedConfig | undefined>;
  readonly metrics: MetricRecorder;
  readonly facts: () => DaemonFacts;
  /** Serves there instead of `monitoring.listen`. */
  readonly listen?: string | undefined;
  /** Whether this is the daemon of a node, which `headcni status` asks. @default true */
  readonly isNode?: boolean;
}

const name = "server";
const retryMs = 2000;

/**
 * Serves on the wanted address, moves when that changes, and tries again when it is taken: that is a condition, never the end
 * of the daemon.
 */
export function createStatusServerAgent(system: System, options: StatusServerOptions): Agent {
  const { conditions, config, metrics, facts, isNode = true } = options;
  const servedOn = createLatest<string | undefined>(undefined);
  return {
    // It has no first step: a node needs no server to be made ready.
    ...plainAgent,
    name,
    conditions: serverConditions,
    wake: () => {
      if (servedOn.value !== undefined && isNode) noteAddress(system, servedOn.value);
    },
    run: async (signal) => {
      if (isNode) forgetEarlier(system);
      const open = await loadServer(system, metrics, facts);
      while (!signal.aborted) {
        const address = listenAddress(config.value, options.listen);
        if (address !== undefined) await serve(system, { ...options, address, open, servedOn }, signal);
        else {
          conditions.set(name, []);
          await moved(options, address, signal);
        }
      }
    },
    status: () => agentStatus({ document: { listen: servedOn.value ?? null } }),
  };
}

interface ServeOptions extends StatusServerOptions {
  readonly address: string;
  readonly open: Listen;
  /** Where it serves, for the agent's status. */
  readonly servedOn: Latest<string | undefined>;
}

/** Serves on one address until the configuration asks for another. One that is taken is tried once more after a while. */
async function serve(system: System, options: ServeOptions, signal: AbortSignal): Promise<void> {
  const { address, open, servedOn, conditions, isNode = true } = options;
  const served = open(address);
  if (served.kind === "fault") {
    conditions.set(name, [condition("StatusServerNotListening", { listen: address, why: served.why })]);
    await system.clock.sleep(retryMs, signal);
    return;
  }
  conditions.set(name, []);
  const server = served.value;
  system.log.info("StatusServed", `Status and metrics are served on http://${server.address}`, { listen: address });
  servedOn.set(server.address);
  if (isNode) noteAddress(system, server.address);
  await moved(options, address, signal);
  servedOn.set(undefined);
  if (isNode) forgetAddress(system, server.address);
  await server.stop();
}

/** Resolves when the configuration asks for another address than this one. */
async function moved(
  { config, listen }: Pick<StatusServerOptions, "config" | "listen">,
  address: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted && listenAddress(config.value, listen) === address) await config.changed(config.value, signal);
}

/** `host:port`, IPv6 in brackets; undefined: nothing is served. */
function listenAddress(loaded: LoadedConfig | undefined, listen: string | undefined): string | undefined {
  const monitoring = loaded?.config.monitoring;
  return monitoring?.enabled === true ? (listen ?? monitoring.listen) : undefined;
}

type Listen = (address: string) => Result<HttpServer>;

async function loadServer(system: System, metrics: MetricRecorder, facts: () => DaemonFacts): Promise<Listen> {
  const [{ createMetricsRegistry }, { answer, json }, { tryServeHttp }] = await Promise.all([
    import("./registry.ts"),
    import("./server.ts"),
    import("../sys/net/http-server.ts"),
  ]);
  const registry = createMetricsRegistry(declaredMetrics(facts().agents));
  metrics.open(registry.record);
  const page = createStatusPage(system, facts);
  const source: StatusSource = { facts, metrics: (known) => registry.scrape(samplesOf(known)), page };
  return (address) => {
    const read = readListen(address);
    if (read.kind === "fault") return read;
    const { host, port } = read.value;
    return tryServeHttp({
      host,
      port,
      answer: (request) => answer(request, source, host),
      failed: (error) => json(500, { error: describeError(error) }),
    });
  };
}

/** Loaded for the first browser that asks: most nodes never see one. */
export function createStatusPage({ clock }: Pick<System, "clock">, facts: () => DaemonFacts): StatusPage {
  const status = () => statusDocument(facts());
  let live: Promise<LivePages> | undefined;
  return {
    render: async (known) => {
      const { pageHeaders, renderPage } = await import("./page/page.ts");
      return { headers: pageHeaders, text: renderPage(statusDocument(known)) };
    },
    events: async (signal) => {
      live ??= import("./page/live.ts").then(({ createLivePages }) => createLivePages({ clock, status }));
      return (await live).open(signal);
    },
  };
}

/** Tells `headcni status` where to ask, whatever the configuration says by then: with port 0 nothing else knows. */
function noteAddress({ files, log }: System, address: string): void {
  try {
    if (!isNoted(files, address)) files.writeAtomic(statusAddressFile, `${address}\n`, { mode: 0o644 });
  } catch (error) {
    expected(error);
    log.warn("StatusAddressNotNoted", error.message, { hint: "headcni status asks where the configuration says" });
  }
}

/** What another daemon has noted meanwhile stays. */
function forgetAddress({ files, log }: System, address: string): void {
  try {
    if (isNoted(files, address)) files.remove(statusAddressFile);
  } catch (error) {
    expected(error);
    log.warn("StatusAddressNotNoted", error.message, {
      hint: `headcni status asks on ${address} for nothing until the file is removed`,
    });
  }
}

/** A daemon that was killed leaves its note: where this one serves nothing, `headcni status` would ask there and say that none runs. */
function forgetEarlier({ files, log }: System): void {
  try {
    files.remove(statusAddressFile);
  } catch (error) {
    expected(error);
    log.warn("StatusAddressNotNoted", error.message, {
      hint: `headcni status asks where ${statusAddressFile} says until the file is removed`,
    });
  }
}

function isNoted(files: System["files"], address: string): boolean {
  const bytes = files.readIfPresent(statusAddressFile, 1024);
  return new TextDecoder().decode(bytes).trim() === address;
}
