// Runs the daemon's agents side by side. The first that ends, well or badly, stops the rest: a daemon with a dead agent is worse
// than one that is restarted.

import type { System } from "../sys/system.ts";
import type { Agent } from "./agent.ts";

export interface SuperviseOptions {
  readonly signal: AbortSignal;
  /** How long the agents may take to stop. */
  readonly stopMs: number;
}

type Machine = Pick<System, "clock" | "log">;

/**
 * Runs all agents until one ends or `signal` aborts, then stops the others, waiting for them at most `stopMs`.
 * @throws what the first agent that failed threw
 */
export async function superviseAll(
  machine: Machine,
  agents: readonly Pick<Agent, "name" | "run">[],
  options: SuperviseOptions,
): Promise<void> {
  const running = startAll(
    agents.map(({ name, run }) => ({ name, begin: run })),
    options.signal,
  );
  await Promise.race([aborted(options.signal), ...running.map(({ end }) => end)]);
  if (!options.signal.aborted) {
    const first = running.find(({ hasEnded }) => hasEnded());
    machine.log.error("PartEnded", `A part of the daemon ended by itself, stopping: ${first?.name}`, {
      error: first?.failure(),
    });
  }
  await stopAll(machine, running, options.stopMs);
}

/**
 * Lets all agents make their one step side by side; stops them when one fails or `signal` aborts.
 * @throws what the first agent that failed threw
 */
export async function onceAll(
  machine: Machine,
  agents: readonly Pick<Agent, "name" | "once">[],
  options: SuperviseOptions,
): Promise<void> {
  const running = startAll(
    agents.map(({ name, once }) => ({ name, begin: once })),
    options.signal,
  );
  const failed = Promise.withResolvers<void>();
  const ends = running.map(async ({ end, failure }) => {
    await end;
    if (failure() !== undefined) failed.resolve();
  });
  await Promise.race([aborted(options.signal), failed.promise, Promise.all(ends)]);
  await stopAll(machine, running, options.stopMs);
}

interface Startable {
  readonly name: string;
  begin(signal: AbortSignal, earlier: Promise<unknown>): Promise<void>;
}

/** Starts all in order. All are aborted at once with `signal`: what they have started may be killed together with the daemon. */
function startAll(agents: readonly Startable[], signal: AbortSignal): readonly Running[] {
  const running: Running[] = [];
  for (const { name, begin } of agents) {
    const earlier = Promise.all(running.map(({ end }) => end));
    running.push(start(name, (stopping) => begin(stopping, earlier)));
  }
  const abortAll = (): void => {
    for (const agent of running) agent.abort();
  };
  signal.addEventListener("abort", abortAll, { once: true });
  if (signal.aborted) abortAll();
  return running;
}

async function stopAll({ clock, log }: Machine, running: readonly Running[], stopMs: number): Promise<void> {
  for (const agent of running) agent.abort();
  const timer = new AbortController();
  await Promise.race([Promise.all(running.map(({ end }) => end)), clock.sleep(stopMs, timer.signal)]);
  timer.abort();
  for (const { name, hasEnded } of running) {
    if (!hasEnded()) log.warn("PartNotStopped", `Part of the daemon did not stop in ${stopMs} ms: ${name}`);
  }
  for (const { failure } of running) if (failure() !== undefined) throw failure();
}

function aborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  signal.addEventListener("abort", () => resolve(), { once: true });
  if (signal.aborted) resolve();
  return promise;
}

interface Running {
  readonly name: string;
  /** Resolves when the agent ends, also when it failed. */
  readonly end: Promise<void>;
  abort(): void;
  hasEnded(): boolean;
  failure(): unknown;
}

function start(name: string, run: (signal: AbortSignal) => Promise<void>): Running {
  const controller = new AbortController();
  let hasEnded = false;
  let failure: unknown;
  const end = (async () => {
    try {
      await run(controller.signal);
    } catch (error) {
      failure = error ?? new Error(`${name} failed`);
    } finally {
      hasEnded = true;
    }
  })();
  return { name, end, abort: () => controller.abort(), hasEnded: () => hasEnded, failure: () => failure };
}
