// Questions to iproute2's `ip`, answered in JSON. Asked of `ip`, not of /sys or /proc: what these show is of the namespace they were
// mounted in, not of the one the daemon runs in.

import { describeError, expected } from "../sys/errors.ts";
import { isJsonObject, type JsonObject } from "../sys/json.ts";
import { fault, ok, type Result } from "../sys/result.ts";
import type { System } from "../sys/system.ts";

/** A kernel with 50,000 routes or 20,000 devices. */
const maxOutputBytes = 8 << 20;

/**
 * What `ip -j ARGS` prints (iproute2 4.13 or later). Never throws for a machine that lacks or refuses it: the fault says why.
 * @param args what follows `ip -j`
 * @param stdin for `-batch -`, the questions a line each
 */
export async function askIp({ exec }: Pick<System, "exec">, args: string, stdin?: string): Promise<Result<string>> {
  try {
    const argv = ["ip", "-j", ...args.split(" ")];
    const { exitCode, stdout, stderr, timedOut, outputTooLong } = await exec.run(argv, {
      timeoutMs: 5000,
      maxOutputBytes,
      stdin,
    });
    if (outputTooLong) return fault(`ip -j ${args} printed more than ${maxOutputBytes >> 20} MiB`);
    if (timedOut) return fault(`ip -j ${args} did not answer in 5 s`);
    if (exitCode !== 0) return fault(`ip -j ${args} failed: ${stderr.trim().split("\n", 1)[0] || "no message"}`);
    return ok(stdout);
  } catch (error) {
    expected(error);
    return fault(describeError(error));
  }
}

/** The objects in the list that `ip -j ARGS` printed. */
export function parseList(text: string, args: string): Result<readonly JsonObject[]> {
  try {
    const json: unknown = JSON.parse(text);
    return ok(Array.isArray(json) ? json.filter(isJsonObject) : []);
  } catch {
    return fault(`ip -j ${args} did not print JSON: this ip is too old, or not iproute2's`);
  }
}
