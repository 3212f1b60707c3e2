// The section `network.podCIDR.claim` of the configuration.

import * as z from "zod/mini";
import { defaultConfig } from "../defaults.ts";
import { readDurationMs } from "../values.ts";
import { key, read, section, text } from "./schema-parts.ts";

const { claim: defaults } = defaultConfig.network.podCIDR;
const time = read(z.union([text, z.int()], { error: "is not a time; write for example 30s" }), readDurationMs);

export const claim = section("How a node whose PodCIDR nothing assigns comes to one on a tailnet.", {
  timeout: key(
    z.prefault(time, `${defaults.timeoutMs / 1000}s`),
    "How long a fresh node that has nothing but a guess waits, at most, for what is configured of API server, tailnet and claim, before it writes the CNI configuration: seconds, or a time with a unit. After it, it works for itself and says so.",
    "1m",
    10,
  ),
  settle: key(
    z.prefault(time, `${defaults.settleMs / 1000}s`),
    "How long a guessed PodCIDR is offered to the tailnet and nothing contradicts before pods may start: longer than the control server takes to tell all nodes of a change.",
    "2s",
    10,
  ),
});
