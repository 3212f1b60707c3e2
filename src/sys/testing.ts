// What tests need in place of the machine: a clock they advance, a directory that plays a node and goes away, a log they
// can read, and a wait with a deadline instead of a sleep.

import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { type Clock, realClock } from "./clock.ts";
import { dirname, join } from "./fs/path.ts";
import type { LineCode, Log, LogFields, LogLevel, LogMethod } from "./log/log.ts";
import { createSystem, type System } from "./system.ts";

export interface FakeClock extends Clock {
  /** Moves time on and wakes sleepers in the order they are due, letting each run before the next. */
  advance(ms: number): Promise<void>;
  /** Sets the wall clock, as `date -s` or NTP would: no sleeper is nearer to its end for it. */
  setNow(ms: number): void;
  /** How many sleepers wait. */
  readonly sleeping: number;
}

/** A clock that stands still until it is advanced. @param startMs what `now()` says first */
export function fakeClock(startMs = Date.UTC(2026, 0, 1)): FakeClock {
  let elapsed = 0;
  let offsetMs = startMs;
  const sleepers = new Set<{ dueMs: number; wake: () => void }>();
  return {
    now: () => offsetMs + elapsed,
    setNow: (ms) => {
      offsetMs = ms - elapsed;
    },
    monotonicMs: () => elapsed,
    get sleeping() {
      return sleepers.size;
    },
    sleep: (ms, signal) => {
      if (signal?.aborted === true) return Promise.resolve();
      const { promise, resolve } = Promise.withResolvers<void>();
      const wake = (): void => {
        sleepers.delete(sleeper);
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      const sleeper = { dueMs: elapsed + ms, wake };
      sleepers.add(sleeper);
      signal?.addEventListener("abort", wake, { once: true });
      return promise;
    },
    advance: async (ms) => {
      const end = elapsed + ms;
      for (;;) {
        const [next] = [...sleepers].filter(({ dueMs }) => dueMs <= end).sort((a, b) => a.dueMs - b.dueMs);
        if (next === undefined) break;
        elapsed = Math.max(elapsed, next.dueMs);
        next.wake();
        await runDue();
      }
      elapsed = end;
      await runDue();
    },
  };
}

/** Lets everything that is already due run: promises, and callbacks of this turn of the event loop. */
async function runDue(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Numbers in [0, 1) in place of `Math.random`, the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface LogEntry {
  readonly level: LogLevel;
  /** Undefined for lines of level debug. */
  readonly code: LineCode | undefined;
  readonly message: string;
  readonly fields: LogFields;
}

/** A log that keeps all entries, of every level. */
export function memoryLog(): Log & { readonly entries: LogEntry[] } {
  const entries: LogEntry[] = [];
  const keep =
    (level: LogLevel): LogMethod =>
    (code, message, fields = {}) =>
      void entries.push({ level, code, message, fields });
  const debug = (message: string, fields: LogFields = {}): void =>
    void entries.push({ level: "debug", code: undefined, message, fields });
  return { entries, debug, info: keep("info"), warn: keep("warn"), error: keep("error") };
}

/** How often a property or a story is tried: `full` times in `make test`, a fifth of that in `make check`. */
export function runs(full: number): number {
  return process.env.HEADCNI_TEST_QUICK === undefined ? full : Math.ceil(full / 5);
}

/** A directory that plays a node's "/"; disposing removes it. Paths given to its methods are the node's. */
export interface TempRoot extends Disposable {
  readonly path: string;
  /** Writes a file and the directories above it. */
  write(path: string, content: string | Uint8Array, mode?: number): void;
  read(path: string): string;
  exists(path: string): boolean;
}

/**
 * Where temporary roots lie: in memory where the machine has a place for that from which programs can be started. On a disk that
 * others use, too, each fsync of a conflist waits for them: history.test.ts took 24 s there and 3 s in memory.
 */
const rootsDir = isMemoryWithPrograms("/dev/shm") ? "/dev/shm" : fs.realpathSync(tmpdir());

function isMemoryWithPrograms(path: string): boolean {
  const mounts = fs.readFileSync("/proc/self/mounts", "utf8").split("\n");
  const options = mounts
    .findLast((line) => line.split(" ")[1] === path && line.split(" ")[2] === "tmpfs")
    ?.split(" ")[3];
  return options !== undefined && !options.split(",").some((option) => option === "noexec" || option === "ro");
}

/** `headcni-test-PIDNAMESPACE.PID.STARTTIME-MARK-RANDOM`: which process of which run made a root, so that one that was killed is known. */
const ownedRoot = /^headcni-test-(\d+)\.(\d+)\.(\d+)-/;
const openRoots = new Map<string, Error>();

/** Makes one: `using root = tempRoot()`. One that is not disposed fails the run: see test/harness/temp-roots.ts. */
export function tempRoot(): TempRoot {
  const owner = `${ownPidNamespace()}.${process.pid}.${startTimeOf("self")}`;
  const path = fs.mkdtempSync(join(rootsDir, `headcni-test-${owner}-${process.env.HEADCNI_TEST_MARK ?? ""}-`));
  openRoots.set(path, new Error(`A test made ${path} and did not remove it`));
  return {
    path,
    write: (name, content, mode) => {
      fs.mkdirSync(join(path, dirname(name)), { recursive: true });
      fs.writeFileSync(join(path, name), content);
      if (mode !== undefined) fs.chmodSync(join(path, name), mode);
    },
    read: (name) => fs.readFileSync(join(path, name), "utf8"),
    exists: (name) => fs.existsSync(join(path, name)),
    [Symbol.dispose]: () => {
      fs.rmSync(path, { recursive: true, force: true });
      openRoots.delete(path);
    },
  };
}

/** Removes what this process made and did not remove. @returns an error each, with the place that made it */
export function removeOpenRoots(): readonly Error[] {
  const left = [...openRoots];
  for (const [path] of left) fs.rmSync(path, { recursive: true, force: true });
  openRoots.clear();
  return left.map(([, error]) => error);
}

/** Names of the roots of processes that were killed. Of another pid namespace it is not known which processes live. */
export function orphanedRoots(): readonly string[] {
  return fs.readdirSync(rootsDir).filter((name) => {
    const [, namespace, pid = "", startTime] = ownedRoot.exec(name) ?? [];
    return namespace === ownPidNamespace() && startTimeOf(pid) !== startTime;
  });
}

export function removeOrphanedRoots(): void {
  for (const name of orphanedRoots()) fs.rmSync(join(rootsDir, name), { recursive: true, force: true });
}

function ownPidNamespace(): string {
  return /\d+/.exec(fs.readlinkSync("/proc/self/ns/pid"))?.[0] ?? "";
}

/** In clock ticks since the machine started; undefined when there is no such process. */
function startTimeOf(pid: string): string | undefined {
  try {
    // The program's name is in parentheses, whatever it contains; the start is the 20th field after it.
    return fs.readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ")[19];
  } catch {
    return undefined;
  }
}

/** The real machine under a test's root, with an empty environment; `parts` replaces what the test owns. */
export function testSystem(root: TempRoot, parts: Partial<System> = {}): System {
  return { ...createSystem({ root: root.path }), env: {}, ...parts };
}

/**
 * Resolves as soon as `condition` holds, looking every few milliseconds.
 * The deadline ends a test that would hang: how soon something must be is measured, or given as `deadlineMs`.
 * @throws Error naming `what` when it does not hold within `deadlineMs`.
 */
export async function waitUntil(
  what: string,
  condition: () => boolean | Promise<boolean>,
  deadlineMs = 20_000,
): Promise<void> {
  const end = realClock.monotonicMs() + deadlineMs;
  while (!(await condition())) {
    if (realClock.monotonicMs() > end) throw new Error(`Not within ${deadlineMs} ms: ${what}`);
    await realClock.sleep(5);
  }
}
