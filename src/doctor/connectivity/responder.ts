// `headcni connectivity serve`: a pod of this node that tells whoever connects which address it saw, takes and gives streams, and connects
// back. It is there for as long as the command runs, in a pod's namespace: nothing listens on the node.

import { gatewayOf } from "../../cidr/pod-cidrs.ts";
import type { Prefix } from "../../cidr/prefix.ts";
import { expected, HeadcniError } from "../../sys/errors.ts";
import { connectTcp, listenTcp, type TcpStream } from "../../sys/net/tcp-stream.ts";
import { inNetworkNamespace } from "../../sys/process/enter-namespace.ts";
import type { Examination } from "../examination.ts";
import {
  type Greeting,
  plainAddress,
  type Question,
  responderAddress,
  Talk,
  type TalkAnswer,
} from "./responder-talk.ts";
import { makeTestPod, type TestPod } from "./test-pod.ts";

export interface ServeOptions {
  /** Called once it answers, with the addresses of its pod. */
  readonly onReady: (pod: { readonly node: string; readonly addresses: readonly string[] }) => void;
  /** Called for each connection, with the address that it came from. */
  readonly onConnection: (from: string) => void;
}

const connectMs = 3000;
const idleMs = 60_000;

/** The daemon frees addresses of containers that no runtime knows once they are 10 minutes old, so a pod that is older is made anew. */
const renewMs = 5 * 60_000;

/** Until the signal of the examination aborts. @throws HeadcniError HC_CONNECTIVITY when no pod can be made */
export async function serveConnectivity(node: Examination, options: ServeOptions): Promise<void> {
  const { system, signal } = node;
  const { onReady, onConnection } = options;
  const [{ config }, { path, text }, { name }, { plan }] = await Promise.all([
    node.config(),
    node.conflist(),
    node.nodeName(),
    node.node(),
  ]);
  if (text === undefined) {
    throw new HeadcniError("HC_CONNECTIVITY", `Cannot make a pod that answers: ${path} does not exist`, {
      hint: "headcni conflist install writes it",
    });
  }
  const { binDir } = config.cni;
  const { probePort: port } = config.mesh;
  const podCIDRs = plan.adoption.effective.podCIDRs.list;
  const addresses = podCIDRs.map(responderAddress);
  let isFirst = true;
  while (!signal.aborted) {
    await using pod = await makeTestPod(system, { conflist: text, binDir, addresses, port });
    using talks = listen({ pod, node: name, port }, onConnection);
    await announce({ pod, podCIDRs, port }, signal);
    if (isFirst) onReady({ node: name, addresses: pod.addresses.map(String) });
    isFirst = false;
    await system.clock.sleep(renewMs, signal);
    while (talks.count > 0 && !signal.aborted) await system.clock.sleep(1000, signal);
  }
}

/**
 * Speaks to the gateway from each address. Where one was asked for while no pod had it, the node's kernel refuses for some seconds what is
 * sent there; of a neighbour that speaks it learns at once.
 */
async function announce(
  { pod, podCIDRs, port }: Pick<Place, "pod" | "port"> & { readonly podCIDRs: readonly Prefix[] },
  signal: AbortSignal,
): Promise<void> {
  // Loaded before the namespace is entered: what it does until its first wait is done inside.
  const { tryConnect } = await import("../../sys/net/connect.ts");
  const connect = (podCIDR: Prefix) => {
    const [from, to] = [responderAddress(podCIDR).toString(), gatewayOf(podCIDR).addr.toString()];
    return inNetworkNamespace(pod.netns, () => tryConnect({ from, to, port, timeoutMs: 1000 }, signal));
  };
  await Promise.all(podCIDRs.map(connect));
}

interface Place {
  readonly pod: TestPod;
  readonly node: string;
  readonly port: number;
}

/** @returns how many talk to it now; disposing ends it */
function listen(
  { pod, node, port }: Place,
  onConnection: ServeOptions["onConnection"],
): Disposable & { count: number } {
  const talks = {
    count: 0,
    [Symbol.dispose]: (): void => {
      for (const server of servers) server[Symbol.dispose]();
    },
  };
  const work = async (stream: TcpStream): Promise<void> => {
    using _ = stream;
    const sees = plainAddress(stream.remoteAddress);
    onConnection(sees);
    talks.count += 1;
    try {
      await respond(pod, new Talk(stream, idleMs), { responder: node, sees });
    } catch (error) {
      // The other end went, or is no test.
      expected(error);
    } finally {
      talks.count -= 1;
    }
  };
  const servers = pod.addresses.map((addr) =>
    inNetworkNamespace(pod.netns, () => listenTcp({ host: addr.toString(), port }, (stream) => void work(stream))),
  );
  return talks;
}

async function respond(pod: TestPod, talk: Talk, hello: Greeting): Promise<void> {
  await talk.say(hello);
  for (;;) {
    const question = await talk.question();
    if (question === undefined) return;
    const connect: Connect = (place) => inNetworkNamespace(pod.netns, () => connectTcp(place, connectMs));
    await talk.say(await answerTo({ talk, question, sees: hello.sees }, connect));
  }
}

interface Asked {
  readonly talk: Talk;
  readonly question: Question;
  readonly sees: string;
}

/** From the pod. */
type Connect = (place: { readonly host: string; readonly port: number }) => Promise<TcpStream>;

/** The answer to one question, once what it asks for is done. */
export async function answerTo({ talk, question, sees }: Asked, connect: Connect): Promise<TalkAnswer> {
  switch (question.ask) {
    case "take":
      return { sha256: await talk.receive(question.bytes) };
    case "give":
      return { sha256: await talk.send(question.bytes) };
    case "connect":
      try {
        // Nowhere else than to where the question came from.
        using _ = await connect({ host: sees, port: question.port });
        return {};
      } catch (error) {
        expected(error);
        return { failed: error.message };
      }
  }
}
