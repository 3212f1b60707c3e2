// Changes of the kernel's network state as they happen: `ip monitor`, kept running. It only tells that something changed; what holds
// is read anew. A machine without it is looked at now and then, as every agent does anyway.

import { createBackoff } from "../sys/backoff.ts";
import { expected } from "../sys/errors.ts";
import type { FollowEnd } from "../sys/process/follow.ts";
import type { System } from "../sys/system.ts";

type Machine = Pick<System, "clock" | "follow" | "log" | "random">;

export interface MonitorOptions {
  /** What is listened to. IPv4 routes that go with their device are told of by `link` alone. */
  readonly objects: readonly ("address" | "link" | "route" | "rule")[];
  /** Called after a burst of changes, and when changes may have been missed. */
  readonly onChange: () => void;
}

/** How long a burst is gathered. Where changes never stop, calls get rarer, down to the second number. */
const pace = { firstMs: 150, maxMs: 5000 };
const restart = { firstMs: 1000, maxMs: 300_000 };
/** A monitor that ran this long works: its end is no reason to wait for long. */
const provenMs = 60_000;

/** Listens until `signal` aborts. Never throws for a machine without `ip`: it says so once, and tries again later. */
export async function monitorKernel(
  system: Machine,
  { objects, onChange }: MonitorOptions,
  signal: AbortSignal,
): Promise<void> {
  const { clock, log } = system;
  const report = createPacer(clock, onChange, signal);
  const backoff = createBackoff(system, restart);
  let hasWarned = false;
  const onLine = (line: string, from: "stdout" | "stderr"): void => {
    // On standard error: the kernel could not keep all events for it ("netlink receive error No buffer space available").
    if (from === "stderr" ? /receive error/i.test(line) : !isLinkLocal(line)) report();
  };
  while (!signal.aborted) {
    const startedMs = clock.monotonicMs();
    const end = await follow(system, ["ip", "-o", "monitor", ...objects], onLine, signal);
    if (signal.aborted) return;
    if (clock.monotonicMs() - startedMs >= provenMs) backoff.reset();
    if (!hasWarned && backoff.failures > 0) {
      hasWarned = true;
      log.warn(`Cannot listen to changes of addresses and routes: ${end.why}`, {
        hint: "they are noticed later, by polling",
      });
    }
    await backoff.wait(signal);
    if (end.hasRun) report();
  }
}

type Ended = { readonly hasRun: boolean; readonly why: string };

async function follow(
  system: Machine,
  argv: readonly string[],
  onLine: (line: string, from: "stdout" | "stderr") => void,
  signal: AbortSignal,
): Promise<Ended> {
  let said = "";
  try {
    const keep = (line: string, from: "stdout" | "stderr"): void => {
      if (from === "stderr") said = line;
      onLine(line, from);
    };
    const end = await system.follow(argv, { onLine: keep }, signal);
    return { hasRun: true, why: `${argv.join(" ")} ${describeEnd(end)}${said === "" ? "" : `: ${said}`}` };
  } catch (error) {
    expected(error);
    return { hasRun: false, why: error.message };
  }
}

function describeEnd(end: FollowEnd): string {
  if (end.kind === "exited") return `ended with ${end.exitCode}`;
  return end.kind === "killed" ? `was ended by ${end.signal}` : "printed a line without end";
}

/** What each pod's veth brings and takes: an IPv6 address of the link, its route and the multicast route of the device. */
function isLinkLocal(line: string): boolean {
  return /^(?:Deleted )?(?:\d+: \S+\s+inet6 |(?:[a-z]+ )?)(?:fe80:|ff00:)/.test(line);
}

/** Gathers reports: the first is passed on soon, those of a state that never rests more and more rarely. */
function createPacer(clock: System["clock"], onChange: () => void, signal: AbortSignal): () => void {
  let gapMs = pace.firstMs;
  let lastMs = Number.NEGATIVE_INFINITY;
  let isPending = false;
  const passOn = async (): Promise<void> => {
    const isResting = clock.monotonicMs() - lastMs > 2 * gapMs;
    gapMs = isResting ? pace.firstMs : Math.min(2 * gapMs, pace.maxMs);
    await clock.sleep(gapMs, signal);
    isPending = false;
    lastMs = clock.monotonicMs();
    if (!signal.aborted) onChange();
  };
  return () => {
    if (isPending || signal.aborted) return;
    isPending = true;
    void passOn();
  };
}
