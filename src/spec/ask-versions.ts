// Which versions of the CNI specification a plugin's program supports: it is asked itself (CNI_COMMAND=VERSION), because neither its
// name nor its age tells.

import { tryParseJsonObject } from "../sys/json.ts";
import { fault, ok, type Result } from "../sys/result.ts";
import type { System } from "../sys/system.ts";

const timeoutMs = 5000;
/** What libcni itself sends with VERSION: plugins of old demand the variables although they do not use them. */
const env = {
  CNI_COMMAND: "VERSION",
  CNI_CONTAINERID: "dummy",
  CNI_NETNS: "dummy",
  CNI_IFNAME: "dummy",
  CNI_PATH: "dummy",
};

/**
 * The versions the plugin at `file` (a node path) says it supports, or the end of a sentence that says why it said none.
 * @throws HeadcniError HC_EXEC_FAILED when it cannot be started; `cause` keeps the errno.
 */
export async function askVersions({ exec, files }: System, file: string): Promise<Result<readonly string[]>> {
  const result = await exec.run([files.hostPath(file)], {
    env,
    stdin: `{"cniVersion":"1.1.0"}`,
    timeoutMs,
    killsLeftovers: true,
  });
  if (result.timedOut) return fault(`did not answer VERSION within ${timeoutMs / 1000} s`);
  if (result.outputTooLong) return fault("printed too much when asked for its VERSION");
  if (result.signal !== null) return fault(`was killed by ${result.signal} when asked for its VERSION`);
  const versions = decodeVersions(result.stdout);
  if (versions !== undefined) return ok(versions);
  return fault(`is no CNI plugin: it answered VERSION with exit code ${result.exitCode} and no supportedVersions`);
}

/** The versions in an answer to VERSION; undefined for any other text. */
export function decodeVersions(stdout: string): readonly string[] | undefined {
  const versions = tryParseJsonObject(stdout)?.supportedVersions;
  return Array.isArray(versions) ? versions.filter((version) => typeof version === "string") : undefined;
}
