// The section `headscale` of the configuration.

import * as z from "zod/mini";
import { fault, ok, type Result } from "../../sys/result.ts";
import { defaultConfig } from "../defaults.ts";
import { readDurationMs, readFilePath, readServerUrl } from "../values.ts";
import { key, read, section, text } from "./schema-parts.ts";

const textOrSeconds = z.union([text, z.int()], { error: "is not a time; write for example 5s" });
const unitMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** A reboot, an update of the machine: what comes back by itself keeps its approval. */
const shortestReclaimMs = 600_000;

export const headscale = section("Headscale, which approves the routes of nodes, and how that comes about.", {
  approval: key(
    z._default(z.enum(["policy", "controller", "node"]), defaultConfig.headscale.approval),
    "Who approves a node's PodCIDR: the `policy` of Headscale or Tailscale (autoApprovers), which needs no key anywhere; one `headcni controller`; or each `node` itself, with a key of its own.",
    "controller",
  ),
  url: key(
    z.optional(read(text, readServerUrl)),
    "Headscale's `server_url`. Only what approves needs it: the controller, or with `approval: node` each node.",
    "https://headscale.example.com",
  ),
  apiKeyFile: key(
    z.optional(read(text, readFilePath)),
    "File that holds an API key of Headscale on one line, readable for its owner alone (mode 0600). It may do anything Headscale can.",
    "/etc/headcni/headscale-key",
  ),
  caFile: key(
    z.optional(read(text, readFilePath)),
    "PEM file of the CA that Headscale's certificate is from, where the machine does not know it.",
    "/etc/headcni/headscale-ca.pem",
  ),
  pollInterval: key(
    z.prefault(read(textOrSeconds, readPollMs), `${defaultConfig.headscale.pollIntervalMs / 1000}s`),
    "How often the controller lists the nodes where no tailscaled tells it of changes. Each list costs Headscale 65 ms of processor.",
    "10s",
    5,
  ),
  reclaimAfter: key(
    z.prefault(read(text, readReclaimMs), ""),
    "How long a node must have been offline until the controller takes back the approval of its PodCIDR, from 10m on. Empty: it never does, and lists them.",
    "30d",
  ),
});

function readPollMs(value: string | number): Result<number> {
  const ms = readDurationMs(value);
  return ms.kind === "ok" && ms.value < 1000 ? fault("is less than 1s, which costs Headscale more than it brings") : ms;
}

function readReclaimMs(value: string): Result<number | undefined> {
  if (value.trim() === "") return ok(undefined);
  const [, count = "", unit = ""] = /^(\d{1,8})([smhd])$/.exec(value.trim()) ?? [];
  const ms = Number(count) * (unitMs[unit] ?? Number.NaN);
  if (count === "" || Number.isNaN(ms)) return fault("is not a time; write for example 30d or 12h");
  return ms >= shortestReclaimMs ? ok(ms) : fault("is less than 10m, in which a node may just be restarted");
}
