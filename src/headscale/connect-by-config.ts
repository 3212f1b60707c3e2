// Headscale as the configuration names it, with the key from its file.

import type { Config } from "../config/config.ts";
import { ConfigError } from "../sys/errors.ts";
import { readSecret } from "../sys/secret.ts";
import type { System } from "../sys/system.ts";
import { connectHeadscale, type HeadscaleApi } from "./headscale-api.ts";

/**
 * Makes no connection yet.
 * @throws ConfigError when the configuration does not say where Headscale is; HeadcniError HC_SECRET_FILE, HC_FILE_READ for its files
 */
export async function connectByConfig(
  system: Pick<System, "files" | "http" | "clock" | "random">,
  { url, apiKeyFile, caFile }: Config["headscale"],
): Promise<HeadscaleApi> {
  if (url === undefined || apiKeyFile === undefined) {
    const missing = ["url", "apiKeyFile"].filter((key) => (key === "url" ? url : apiKeyFile) === undefined);
    const issues = missing.map((key) => ({ path: `headscale.${key}`, message: "is not set" }));
    throw new ConfigError("HC_CONFIG_INVALID", "Cannot ask Headscale: the configuration does not say how", issues);
  }
  return connectHeadscale(system, { url, key: readSecret(system.files, apiKeyFile), caFile });
}
