// Which containers live, as the container runtimes of this node say. Asked all or none: a runtime that is there and does not answer
// may have containers that no other one knows. One that answers and does not serve CRI, such as Docker's containerd, has no pods.

import { describeError, HeadcniError } from "../sys/errors.ts";

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
  | {
      readonly kind: "unanswered";
      readonly why: string;
      readonly runtime: string | undefined;
      /** Whether the socket is there and no process serves it. */
      readonly isDeserted: boolean;
    };

/** gRPC's numbers: its library is not loaded for them. */
const unimplemented = 12;

/** Whether what answered serves no CRI: it is no runtime of Kubernetes' pods. */
export function servesNoPods(error: unknown): boolean {
  return error instanceof HeadcniError && error.details?.grpcCode === unimplemented;
}

/** Asks every runtime that serves pods. One that does not answer, or none to ask, makes the answer worthless. */
export async function askRuntimes(runtimes: readonly NodeRuntime[]): Promise<RuntimeAnswer> {
  if (runtimes.length === 0)
    return {
      kind: "unanswered",
      why: "there is no container runtime's CRI socket on this node",
      runtime: undefined,
      isDeserted: false,
    };
  const answers = await Promise.allSettled(runtimes.map((runtime) => runtime.listContainerIds()));
  const ids = new Set<string>();
  const asked: string[] = [];
  let passedOver: RuntimeAnswer | undefined;
  for (const [index, answer] of answers.entries()) {
    const name = runtimes[index]?.name ?? "";
    if (answer.status === "rejected") {
      const refusal = unanswered(name, answer.reason);
      if (!servesNoPods(answer.reason)) return refusal;
      passedOver ??= refusal;
      continue;
    }
    asked.push(name);
    for (const id of answer.value) ids.add(id);
  }
  // With none left the node's pods have a runtime that was not found, or this is it and its CRI is turned off.
  return asked.length === 0 && passedOver !== undefined ? passedOver : { kind: "answered", ids, asked };
}

function unanswered(runtime: string, reason: unknown): RuntimeAnswer {
  const why = `${runtime} does not answer: ${describeError(reason)}`;
  const isDeserted = reason instanceof HeadcniError && reason.details?.isDeserted === true;
  return { kind: "unanswered", why, runtime, isDeserted };
}
