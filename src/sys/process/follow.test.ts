// Real programs that stay: their lines as they come, how they end, and that nothing of them is left.

import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { HeadcniError } from "../errors.ts";
import { waitUntil } from "../testing.ts";
import { type FollowOptions, followProgram } from "./follow.ts";

const never = new AbortController().signal;

async function follow(script: string, options: Partial<FollowOptions> = {}) {
  const lines: string[] = [];
  const onLine: FollowOptions["onLine"] = (line, from) => void lines.push(`${from} ${line}`);
  const end = await followProgram(["sh", "-c", script], { onLine, ...options }, never);
  return { end, lines };
}

describe("followProgram()", () => {
  test("gives lines of both streams, and how the program ended", async () => {
    const { end, lines } = await follow("echo one; echo two >&2; printf three; exit 4");
    expect(end).toEqual({ kind: "exited", exitCode: 4 });
    expect(lines.toSorted()).toEqual(["stderr two", "stdout one", "stdout three"]);
  });

  test("says which signal ended it", async () => {
    expect((await follow("kill -TERM $$")).end).toEqual({ kind: "killed", signal: "SIGTERM" });
  });

  test("gives a line before the program ends, and kills it and its children when it is aborted", async () => {
    const stop = new AbortController();
    const pids: string[] = [];
    const onLine = (line: string): void => void pids.push(line);
    const ended = followProgram(["sh", "-c", "sleep 1000 & echo $!; echo $$; wait"], { onLine }, stop.signal);
    await waitUntil("two lines", () => pids.length === 2);
    stop.abort();
    expect(await ended).toEqual({ kind: "killed", signal: "SIGKILL" });
    await waitUntil("both are gone", () => pids.every((pid) => !fs.existsSync(`/proc/${pid}`) || isZombie(pid)));
  });

  test("kills a program whose line does not end", async () => {
    const { end } = await follow("while :; do printf xxxxxxxxxxxxxxxx; done", { maxLineBytes: 1000 });
    expect(end).toEqual({ kind: "line-too-long" });
  });

  test("throws what a listener throws", async () => {
    const onLine = (): void => {
      throw new RangeError("a fault of the listener");
    };
    await expect(follow("echo one; sleep 1000", { onLine })).rejects.toThrow(RangeError);
  });

  test("refuses what is no program", async () => {
    const started = followProgram(["/no/such/program"], { onLine: () => undefined }, never);
    await expect(started).rejects.toBeInstanceOf(HeadcniError);
  });
});

/** A child of this namespace's first process is gone only once that has asked for it. */
function isZombie(pid: string): boolean {
  return /^State:\sZ/m.test(fs.readFileSync(`/proc/${pid}/status`, "utf8"));
}
