// Bad states that last, as data: each domain declares its own in a table (code, severity, sentence) and makes them from the values
// of this node. Log, /status, /metrics, `headcni status` and the node state file all show what is made here, so they never
// disagree. Codes are an interface: metrics and alerts name them. Pure.

import { expected } from "../sys/errors.ts";

/** `error`: the node is not ready. `warning`: it works, and an operator should look. */
export type Severity = "error" | "warning";

/** What is the same for every condition of a code. */
export interface DeclaredCondition {
  readonly severity: Severity;
  readonly title: string;
  /** Whether pods that start now, or run, lack network because of it. */
  readonly impactsConnectivity: boolean;
  /** Codes of its causes: while one of them holds, this one is noise and is not shown. A cause is at least as severe. */
  readonly dependsOn?: readonly string[] | undefined;
  /** It is shown only once it has held this long: for what often passes by itself. @default 0 */
  readonly visibleAfterMs?: number | undefined;
  /** Whether it can become well without anything the daemon hears of, so that it looks again soon. Always so for errors. */
  readonly isAwaited?: boolean | undefined;
}

/** A code as a domain declares it. */
export interface ConditionKind<Args> extends DeclaredCondition {
  /** The state found and what to do about it, with the values of this node. */
  readonly text: (args: Args) => string;
}

/** Conditions of a domain by code. */
export type ConditionTable = Readonly<Record<string, DeclaredCondition>>;

/** A bad state as it stands; the store knows since when. */
export interface Condition extends DeclaredCondition {
  readonly code: string;
  /** The sentence with this node's values. */
  readonly text: string;
}

/** Ties the arguments of a code's sentence to its entry: `ConfigInvalid: kind<Failure>({ … })`. */
export const kind = <Args>(declared: ConditionKind<Args>): ConditionKind<Args> => declared;

/** The function that makes conditions of one table: `condition("ConfigInvalid", { file, why })`. */
export function conditionsOf<Args extends object>(
  table: {
    readonly [Code in keyof Args]: ConditionKind<Args[Code]>;
  },
): <Code extends keyof Args & string>(code: Code, args: Args[Code]) => Condition {
  return (code, args) => {
    const { text, ...declared } = table[code];
    return { code, ...declared, text: text(args) };
  };
}

/** Why something failed, as the error says it, and its remedy if it has one. */
export interface Failure {
  readonly why: string;
  readonly hint?: string | undefined;
}

/** @throws `error` itself when it is a fault of HeadCNI */
export function failureOf(error: unknown): Failure {
  expected(error);
  return { why: error.message, hint: error.hint };
}

/** A hint as a sentence of its own. */
export function asSentence(hint: string): string {
  return hint.charAt(0).toUpperCase() + hint.slice(1);
}
