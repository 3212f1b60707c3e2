// Whether a policy has what a cluster needs: tags that keys may carry, routes that are approved by themselves, packets of pods that may pass.
// It reads what Headscale and Tailscale read, as far as that goes for a cluster; what it does not know counts as not there.

import type { ParseError } from "jsonc-parser";
import { type Prefix, tryParsePrefix } from "../../cidr/prefix.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../sys/json.ts";
import { fault, ok, type Result } from "../../sys/result.ts";
import { autoApproversLine, type PolicyCluster, tagsOf } from "../../tailnet/policy-lines.ts";

/** Something that is missing. */
export interface PolicyFinding {
  /** Key of the policy. */
  readonly path: "tagOwners" | "autoApprovers" | "acls";
  readonly what: string;
  /** What to write. */
  readonly remedy: string;
}

/** Fault: it is no policy. */
export function checkPolicy(text: string, cluster: PolicyCluster): Result<readonly PolicyFinding[]> {
  const policy = parsePolicy(text);
  if (policy.kind === "fault") return policy;
  return ok([
    ...missingOwners(policy.value, cluster),
    ...missingApprovers(policy.value, cluster),
    ...forbidden(policy.value, cluster),
  ]);
}

function parsePolicy(text: string): Result<JsonObject> {
  // Its own module for bundlers: the other one loads its parts by names that are put together while it runs.
  const { parse, printParseErrorCode } = require("jsonc-parser/lib/esm/main.js") as typeof import("jsonc-parser");
  const errors: ParseError[] = [];
  const json: unknown = parse(text, errors, { allowTrailingComma: true });
  const [first] = errors;
  if (first !== undefined) {
    const line = text.slice(0, first.offset).split("\n").length;
    return fault(`line ${line} is not HuJSON (${printParseErrorCode(first.error)})`);
  }
  return isJsonObject(json) ? ok(json) : fault("it is no object");
}

function missingOwners({ tagOwners }: JsonObject, cluster: PolicyCluster): readonly PolicyFinding[] {
  const owned = isJsonObject(tagOwners) ? tagOwners : {};
  return tagsOf(cluster).flatMap((tag): PolicyFinding[] => {
    if (texts(owned[tag]).length > 0) return [];
    return [
      { path: "tagOwners", what: `${tag} has no owner, so no key can give it to a node`, remedy: `"${tag}": ["k8s@"]` },
    ];
  });
}

function missingApprovers({ autoApprovers }: JsonObject, cluster: PolicyCluster): readonly PolicyFinding[] {
  const routes = isJsonObject(autoApprovers) && isJsonObject(autoApprovers.routes) ? autoApprovers.routes : {};
  const remedy = autoApproversLine(cluster);
  return cluster.clusterCIDRs.flatMap((cidr) =>
    tagsOf(cluster).flatMap((tag): PolicyFinding[] => {
      const isApproved = Object.entries(routes).some(
        ([route, by]) => tryParsePrefix(route)?.contains(cidr) === true && texts(by).includes(tag),
      );
      return isApproved
        ? []
        : [{ path: "autoApprovers", what: `blocks of ${cidr} are not approved for ${tag}`, remedy }];
    }),
  );
}

/** An end of a connection: pods, or nodes with a tag. */
type End = Prefix | string;

function forbidden(policy: JsonObject, cluster: PolicyCluster): readonly PolicyFinding[] {
  const rules = rulesOf(policy);
  // A policy that says nothing of connections allows all.
  if (rules === undefined) return [];
  const pods: readonly End[] = cluster.clusterCIDRs;
  const nodes: readonly End[] = tagsOf(cluster);
  const pairs: [string, End, End][] = [
    ...cluster.clusterCIDRs.map((cidr): [string, End, End] => ["pods to pods", cidr, cidr]),
    ...pods.flatMap((cidr) => nodes.map((tag): [string, End, End] => ["pods to nodes", cidr, tag])),
    ...nodes.flatMap((tag) => pods.map((cidr): [string, End, End] => ["nodes to pods", tag, cidr])),
  ];
  return pairs.flatMap(([who, from, to]): PolicyFinding[] => {
    if (rules.some(({ sources, targets }) => sources.some(covers(from, policy)) && targets.some(covers(to, policy)))) {
      return [];
    }
    const remedy = `{"action": "accept", "src": ["${from}"], "dst": ["${to}:*"]}`;
    return [{ path: "acls", what: `${who} is not accepted on every port: ${from} to ${to}`, remedy }];
  });
}

interface Rule {
  readonly sources: readonly string[];
  /** Those of which every port may be reached. */
  readonly targets: readonly string[];
}

/** What is accepted; undefined when the policy does not restrict anything. */
function rulesOf({ acls, grants }: JsonObject): readonly Rule[] | undefined {
  if (acls === undefined && grants === undefined) return undefined;
  const fromAcls = objects(acls).flatMap((acl): Rule[] => {
    if (acl.action !== "accept" || (acl.proto !== undefined && acl.proto !== "")) return [];
    const open = texts(acl.dst).flatMap((target) => (target.endsWith(":*") ? [target.slice(0, -2)] : []));
    return [{ sources: texts(acl.src), targets: open }];
  });
  const fromGrants = objects(grants).flatMap((grant): Rule[] =>
    texts(grant.ip).includes("*") ? [{ sources: texts(grant.src), targets: texts(grant.dst) }] : [],
  );
  return [...fromAcls, ...fromGrants];
}

/** Whether a name of the policy stands for all of an end. */
function covers(end: End, { hosts }: JsonObject): (name: string) => boolean {
  return (name) => {
    if (name === "*") return true;
    if (typeof end === "string") return name === end || name === "autogroup:tagged";
    const alias = isJsonObject(hosts) ? hosts[name] : undefined;
    const range = tryParsePrefix(typeof alias === "string" ? alias : name.replace(/^\[(.*)\]$/, "$1"));
    return range?.contains(end) === true;
  };
}

function texts(value: JsonValue | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === "string") : [];
}

function objects(value: JsonValue | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}
