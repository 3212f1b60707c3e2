// The section `network.podCIDR.nodeObject` of the configuration.

import * as z from "zod/mini";
import { defaultConfig } from "../defaults.ts";
import { readFilePath } from "../values.ts";
import { key, read, section, text, yesOrNo } from "./schema-parts.ts";

export const nodeObject = section("This node's Node object in Kubernetes, as the last source before a guess.", {
  enabled: key(
    z._default(yesOrNo, defaultConfig.network.podCIDR.nodeObject.enabled),
    "Whether the API server is asked for `spec.podCIDRs` of this node's Node object. Needs the right to get it and nothing else; what it says is kept on disk.",
    true,
  ),
  kubeconfig: key(
    z.optional(read(text, readFilePath)),
    "Kubeconfig to ask with, on a node where the daemon is no pod. Without it, the service account of the daemon's pod.",
    "/etc/kubernetes/kubelet.conf",
  ),
});
