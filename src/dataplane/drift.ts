// Hears of changes to what the dataplane holds: `ip monitor` for rules and addresses, `nft monitor` for tables and chains, of which
// iptables-nft's are some. iptables-legacy tells of nothing.

import type { Watchable } from "../agent/latest.ts";
import { monitorKernel, monitorProgram } from "../kernel/monitor.ts";
import type { System } from "../sys/system.ts";

export interface DriftOptions {
  /** Whether there is anything to hold. Nothing runs while there is not. */
  readonly isHolding: Watchable<boolean>;
  /** Called when something may have changed; never more than a few times a second. */
  readonly onChange: () => void;
  /** Told when changes of nftables begin to be heard, and when they no longer are. */
  readonly onListening: (isHeard: boolean) => void;
}

/**
 * A kube-proxy that writes all its rules anew with each change prints thousands of lines, and decoding them costs more than a look now
 * and then. One that writes what has changed prints a few.
 */
const allowance = { lines: 2000, linesPerSecond: 10, restMs: 300_000 } as const;

/** Our table, iptables' FORWARD, where tailscaled masquerades, what names the bridge, and tables and chains that come or go: another firewall's. */
const ours =
  /\b(?:inet headcni\b|ip6? filter FORWARD\b|ip6? nat ts-postrouting\b|headcni0\b)|^(?:add|delete) (?:table |chain (?:ip6?|inet) \S+ \S+ \{ type filter hook forward)/;

/** @param line what `nft monitor` printed */
export function isOfDataplane(line: string, from: "stdout" | "stderr"): boolean {
  return from === "stderr" ? /lost/i.test(line) : ours.test(line);
}

/** Listens, while there is something to hold, until `signal` aborts. */
export async function watchDrift(
  system: System,
  { isHolding, onChange, onListening }: DriftOptions,
  signal: AbortSignal,
): Promise<void> {
  // What is undone again and again is slowed down where it is put right.
  const maxGapMs = 300;
  const nft = {
    argv: ["nft", "monitor"],
    subject: "firewall rules",
    heeds: isOfDataplane,
    onChange,
    onListening,
    maxGapMs,
    allowance,
  };
  while (!signal.aborted) {
    await isHolding.changed(false, signal);
    const end = new AbortController();
    const until = AbortSignal.any([signal, end.signal]);
    const listening = [
      monitorKernel(system, { objects: ["address", "route", "rule"], onChange, maxGapMs }, until),
      monitorProgram(system, nft, until),
    ];
    await isHolding.changed(true, signal);
    end.abort();
    await Promise.all(listening);
  }
}
