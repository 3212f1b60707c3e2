// Every check of `headcni doctor`, by group, in the order they are shown. docs/reference/doctor.md is generated from this table.

import type { Check, Group } from "../check.ts";
import { configurationChecks } from "./check-configuration.ts";
import { conflistChecks } from "./check-conflist.ts";
import { daemonChecks } from "./check-daemon.ts";
import { firewallChecks } from "./check-firewall.ts";
import { headscaleChecks } from "./check-headscale.ts";
import { kernelChecks } from "./check-kernel.ts";
import { kubernetesChecks } from "./check-kubernetes.ts";
import { leaseChecks } from "./check-leases.ts";
import { meshChecks } from "./check-mesh.ts";
import { pluginChecks } from "./check-plugins.ts";
import { podCIDRChecks } from "./check-pod-cidr.ts";
import { runtimeChecks } from "./check-runtime.ts";
import { tailscaledChecks } from "./check-tailscaled.ts";

export const allChecks: Readonly<Record<Group, readonly Check[]>> = {
  configuration: configurationChecks,
  podcidr: podCIDRChecks,
  conflist: conflistChecks,
  runtime: runtimeChecks,
  plugins: pluginChecks,
  leases: leaseChecks,
  kernel: kernelChecks,
  firewall: firewallChecks,
  tailscaled: tailscaledChecks,
  headscale: headscaleChecks,
  mesh: meshChecks,
  kubernetes: kubernetesChecks,
  daemon: daemonChecks,
};
