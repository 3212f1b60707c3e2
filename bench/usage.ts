// What a process takes: time on processors, alone or with what it starts, and memory.

import { readdirSync, readFileSync } from "node:fs";

/** Time on a processor so far, all threads: to the nanosecond, where /proc/PID/stat counts in hundredths of a second. */
export function cpuMs(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const spent = threads.map((id) => Number(readFileSync(`/proc/${pid}/task/${id}/schedstat`, "utf8").split(" ")[0]));
  return spent.reduce((sum, each) => sum + each, 0) / 1e6;
}

/**
 * Likewise with what it has started, what still runs and what it has waited for, and with threads that have ended; to hundredths of a
 * second.
 */
export function treeCpuMs(pid: number): number {
  const stats = readdirSync("/proc").flatMap((id) => (/^\d+$/.test(id) ? (statOf(id) ?? []) : []));
  const own = stats.filter(({ id, parent }) => id === pid || parent === pid);
  return own.reduce((sum, { ticks }) => sum + ticks, 0) * 10;
}

/** @param field of smaps_rollup, such as `Anonymous`; gives bytes */
export function memory(pid: number, field: string): number {
  const line = new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"));
  return Number(line?.[1]) * 1024;
}

/** Undefined for one that has ended meanwhile: it is counted with what its parent has waited for. */
function statOf(id: string): { readonly id: number; readonly parent: number; readonly ticks: number } | undefined {
  try {
    const fields = readFileSync(`/proc/${id}/stat`, "utf8")
      .replace(/^.*\) /, "")
      .split(" ");
    // User and system time, and that of children that were waited for.
    const ticks = fields.slice(11, 15).reduce((sum, each) => sum + Number(each), 0);
    return { id: Number(id), parent: Number(fields[1]), ticks };
  } catch {
    return undefined;
  }
}
