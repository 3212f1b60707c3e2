// Which containers live, as the container runtimes of this node say. Asked all or none: a runtime that is there and does not answer
// may have containers that no other one knows.

import { describeError } from "../sys/errors.ts";

/** A container runtime that can be asked. */
export interface NodeRuntime {
  /** For people: the socket's path. */
  readonly name: string;
  /** Ids of everything that may hold an address, running or not; for CRI see `CriClient`. Rejects when it cannot be asked. */
  listContainerIds(): Promise<ReadonlySet<string>>;
}

export type RuntimeAnswer =
  | { readonly kind: "answered"; readonly ids: ReadonlySet<string>; readonly asked: readonly string[] }
  /** `why` is a sentence's end that names the runtime; `runtime` is that name, undefined when there is none to ask. */
  | { readonly kind: "unanswered"; readonly why: string; readonly runtime: string | undefined };

/** Asks every runtime. One that does not answer, or none to ask, makes the answer worthless. */
export async function askRuntimes(runtimes: readonly NodeRuntime[]): Promise<RuntimeAnswer> {
  if (runtimes.length === 0)
    return {
      kind: "unanswered",
      why: "there is no container runtime's CRI socket on this node",
      runtime: undefined,
    };
  const answers = await Promise.allSettled(runtimes.map((runtime) => runtime.listContainerIds()));
  const ids = new Set<string>();
  for (const [index, answer] of answers.entries()) {
    if (answer.status === "rejected") {
      const runtime = runtimes[index]?.name;
      return { kind: "unanswered", why: `${runtime} does not answer: ${describeError(answer.reason)}`, runtime };
    }
    for (const id of answer.value) ids.add(id);
  }
  return { kind: "answered", ids, asked: runtimes.map(({ name }) => name) };
}
