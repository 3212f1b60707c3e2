// Facts on this very process, and the signals it is sent.

import * as fs from "node:fs";

export interface ProcessUsage {
  /** Processor time used since the start, user and system. */
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  /** The part of it that is not file pages: what the process really costs. */
  readonly anonymousBytes: number;
  readonly openFiles: number;
}

export const processId: number = process.pid;

/** Reads /proc/self of the machine itself, whatever root plays the node. */
export function processUsage(): ProcessUsage {
  const { user, system } = process.cpuUsage();
  const status = fs.readFileSync("/proc/self/status", "utf8");
  const bytes = (key: string): number =>
    Number(new RegExp(`^${key}:\\s+(\\d+) kB$`, "m").exec(status)?.[1] ?? 0) * 1024;
  return {
    cpuSeconds: (user + system) / 1e6,
    residentBytes: bytes("VmRSS"),
    anonymousBytes: bytes("RssAnon"),
    // The descriptor that lists the directory is one of them.
    openFiles: fs.readdirSync("/proc/self/fd").length - 1,
  };
}

/** Whether a process of this number lives in this process's pid namespace. */
export function isProcess(pid: string): boolean {
  return /^\d+$/.test(pid) && fs.existsSync(`/proc/${pid}`);
}

export type WatchedSignal = "SIGTERM" | "SIGINT" | "SIGHUP";

/** Calls `onSignal` for each of these signals until `until` aborts; the process then ends by them again. */
export function onSignals(
  names: readonly WatchedSignal[],
  onSignal: (name: WatchedSignal) => void,
  until: AbortSignal,
): void {
  for (const name of names) {
    const listener = (): void => onSignal(name);
    process.on(name, listener);
    until.addEventListener("abort", () => process.off(name, listener), { once: true });
  }
}
