// Changes of the kernel's network state as they happen: `ip monitor`, or another program that prints a line for each, kept running.
// It only tells that something changed; what holds is read anew. A machine without it is looked at now and then, as every agent does
// anyway.

import { createBackoff } from "../sys/backoff.ts";
import { expected } from "../sys/errors.ts";
import type { FollowEnd } from "../sys/process/follow.ts";
import type { System } from "../sys/system.ts";

type Machine = Pick<System, "clock" | "follow" | "log" | "random">;

export interface MonitorOptions {
  /** What is listened to. IPv4 routes that go with their device are told of by `link` alone. */
  readonly objects: readonly (keyof typeof objectWords)[];
  /** Called after a burst of changes, and when changes may have been missed. */
  readonly onChange: () => void;
  /** How much rarer calls get where changes never stop, milliseconds. @default 5000 */
  readonly maxGapMs?: number;
}

export interface MonitorProgramOptions {
  readonly argv: readonly string[];
  /** What it tells of, in words: `addresses and routes`. */
  readonly subject: string;
  /** Whether a line means a change that matters. */
  readonly heeds: (line: string, from: "stdout" | "stderr") => boolean;
  /** Called after a burst of changes, and when changes may have been missed. */
  readonly onChange: () => void;
  /** As in `MonitorOptions`. */
  readonly maxGapMs?: number;
  /** Told when the program has been started, and when it has ended. */
  readonly onListening?: (isListening: boolean) => void;
  /**
   * How many lines that do not matter the program may print: so many at once, so many a second after that. One that prints more costs
   * more than it tells, and is started again after `restMs`. @default no limit
   */
  readonly allowance?: { readonly lines: number; readonly linesPerSecond: number; readonly restMs: number };
}

/** How long a burst is gathered. */
const gatherMs = 150;
const defaultMaxGapMs = 5000;
const restart = { firstMs: 1000, maxMs: 300_000 };
/** A monitor that ran this long works: its end is no reason to wait for long. */
const provenMs = 60_000;

/** Listens until `signal` aborts. Never throws for a machine without `ip`: it says so once, and tries again later. */
export function monitorKernel(
  system: Machine,
  { objects, ...options }: MonitorOptions,
  signal: AbortSignal,
): Promise<void> {
  const argv = ["ip", "-o", "monitor", ...objects];
  // On standard error: the kernel could not keep all events for it ("netlink receive error No buffer space available").
  const heeds = (line: string, from: "stdout" | "stderr"): boolean =>
    from === "stderr" ? /receive error/i.test(line) : !isLinkLocal(line);
  const subject = objects.map((object) => objectWords[object]).join(" and ");
  return monitorProgram(system, { argv, subject, heeds, ...options }, signal);
}

const objectWords = { address: "addresses", link: "links", route: "routes", rule: "rules" } as const;

/** Keeps a program running that tells of changes until `signal` aborts. Never throws for a machine that lacks it. */
export async function monitorProgram(
  system: Machine,
  options: MonitorProgramOptions,
  signal: AbortSignal,
): Promise<void> {
  const { clock, log } = system;
  const { subject, allowance } = options;
  const report = createPacer(clock, options, signal);
  const backoff = createBackoff(system, restart);
  let hasWarned = false;
  while (!signal.aborted) {
    const startedMs = clock.monotonicMs();
    options.onListening?.(true);
    const end = await follow(system, { ...options, report }, signal);
    options.onListening?.(false);
    if (signal.aborted) return;
    if (end.isTooBusy) {
      log.debug(`Too much changes beside ${subject} to listen to it: looking at it now and then instead`);
      report();
      await clock.sleep(allowance?.restMs ?? restart.maxMs, signal);
      report();
      continue;
    }
    if (clock.monotonicMs() - startedMs >= provenMs) backoff.reset();
    if (!hasWarned && backoff.failures > 0) {
      hasWarned = true;
      log.warn("ChangesUnheard", `Cannot listen to changes of ${subject}: ${end.why}`, {
        hint: "they are noticed later, by polling",
      });
    }
    await backoff.wait(signal);
    if (end.hasRun) report();
  }
}

type Ended = { readonly hasRun: boolean; readonly isTooBusy: boolean; readonly why: string };

async function follow(
  system: Machine,
  { argv, heeds, report, allowance }: MonitorProgramOptions & { readonly report: () => void },
  signal: AbortSignal,
): Promise<Ended> {
  const tooBusy = new AbortController();
  const isWithin = createAllowance(system.clock, allowance);
  let said = "";
  const onLine = (line: string, from: "stdout" | "stderr"): void => {
    if (from === "stderr") said = line;
    if (heeds(line, from)) report();
    else if (!isWithin()) tooBusy.abort();
  };
  try {
    const end = await system.follow(argv, { onLine }, AbortSignal.any([signal, tooBusy.signal]));
    const why = `${argv.join(" ")} ${describeEnd(end)}${said === "" ? "" : `: ${said}`}`;
    return { hasRun: true, isTooBusy: tooBusy.signal.aborted, why };
  } catch (error) {
    expected(error);
    return { hasRun: false, isTooBusy: false, why: error.message };
  }
}

/** Takes one line from what is left. @returns whether something was left */
function createAllowance(clock: System["clock"], allowance: MonitorProgramOptions["allowance"]): () => boolean {
  if (allowance === undefined) return () => true;
  const { lines, linesPerSecond } = allowance;
  let left = lines;
  let lastMs = clock.monotonicMs();
  return () => {
    const nowMs = clock.monotonicMs();
    left = Math.min(lines, left + ((nowMs - lastMs) / 1000) * linesPerSecond) - 1;
    lastMs = nowMs;
    return left >= 0;
  };
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
function createPacer(
  clock: System["clock"],
  { onChange, maxGapMs = defaultMaxGapMs }: Pick<MonitorOptions, "onChange" | "maxGapMs">,
  signal: AbortSignal,
): () => void {
  let gapMs = gatherMs;
  let lastMs = Number.NEGATIVE_INFINITY;
  let isPending = false;
  const passOn = async (): Promise<void> => {
    const isResting = clock.monotonicMs() - lastMs > 2 * gapMs;
    gapMs = isResting ? gatherMs : Math.min(2 * gapMs, maxGapMs);
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
