// What a responder and a test say to each other, over streams that are played.

import { describe, expect, test } from "bun:test";
import { parseAddr } from "../../cidr/addr.ts";
import { parsePrefix } from "../../cidr/prefix.ts";
import { HeadcniError } from "../../sys/errors.ts";
import type { TcpStream } from "../../sys/net/tcp-stream.ts";
import { type AskResponderOptions, askResponder, type StreamProbes } from "./ask-responder.ts";
import { answerTo } from "./responder.ts";
import { plainAddress, responderAddress, Talk } from "./responder-talk.ts";

/** Two ends; what is written to one is read at the other. @param spoil what happens to bytes on the way */
function streams(spoil: (bytes: Uint8Array) => Uint8Array | undefined = (bytes) => bytes): [TcpStream, TcpStream] {
  const ends = [createEnd(), createEnd()] as const;
  const stream = (own: End, other: End): TcpStream => ({
    localAddress: "",
    remoteAddress: "",
    read: own.take,
    write: async (bytes) => {
      const passed = spoil(bytes.slice());
      if (passed !== undefined) other.put(passed);
    },
    [Symbol.dispose]: () => {
      own.close();
      other.close();
    },
  });
  return [stream(ends[0], ends[1]), stream(ends[1], ends[0])];
}

type End = ReturnType<typeof createEnd>;

function createEnd() {
  const queue: Uint8Array[] = [];
  let isClosed = false;
  let wake = (): void => undefined;
  return {
    put: (bytes: Uint8Array): void => {
      queue.push(bytes);
      wake();
    },
    close: (): void => {
      isClosed = true;
      wake();
    },
    take: async (): Promise<Uint8Array | undefined> => {
      while (queue.length === 0 && !isClosed) await new Promise<void>((resolve) => (wake = resolve));
      return queue.shift();
    },
  };
}

const options: AskResponderOptions = {
  pod: parseAddr("10.244.1.5"),
  address: "10.244.2.254",
  node: "node-2",
  isPerf: false,
};
const patience = { signal: new AbortController().signal, patienceMs: 1000 };

interface Play {
  /** What the responder sees. */
  readonly sees?: string;
  /** Where its connect comes from; undefined: it does not come. */
  readonly comesFrom?: string | undefined;
  readonly spoil?: (bytes: Uint8Array) => Uint8Array | undefined;
}

/** A test and a responder on one machine. */
async function play({ sees = "10.244.1.5", comesFrom, spoil }: Play) {
  const [client, server] = streams(spoil);
  let arrive = (_stream: TcpStream): void => undefined;
  const probes: StreamProbes = {
    connectStream: async () => client,
    listen: (_host, onStream) => {
      arrive = onStream;
      return { port: 4711, [Symbol.dispose]: () => undefined };
    },
    nowMs: () => 0,
    pause: async () => undefined,
  };
  const respond = async (): Promise<void> => {
    const talk = new Talk(server, 1000);
    await talk.say({ responder: "node-2", sees });
    for (let question = await talk.question(); question !== undefined; question = await talk.question()) {
      await talk.say(
        await answerTo({ talk, question, sees }, async ({ host, port }) => {
          expect([host, port]).toEqual([sees, 4711]);
          const [stream] = streams();
          if (comesFrom !== undefined) arrive({ ...stream, remoteAddress: comesFrom });
          return stream;
        }),
      );
    }
  };
  const responding = respond().catch(() => undefined);
  const results = await askResponder(probes, options, patience);
  await responding;
  return Object.fromEntries(
    Object.entries(results ?? {}).map(([what, result]) => [what, `${result?.outcome}: ${result?.detail}`]),
  );
}

describe("askResponder()", () => {
  test("asks for the source, for the way back, and for a long stream each way", async () => {
    expect(await play({ comesFrom: "::ffff:10.244.2.254" })).toEqual({
      seen: "ok: a pod of node-2 sees 10.244.1.5",
      back: "ok: its pod reaches this one, as 10.244.2.254",
      transfer: expect.stringMatching(/^ok: 2 MiB each way, unchanged /),
      throughput: "undefined: undefined",
    });
  });

  test("finds sources that were changed", async () => {
    expect(await play({ sees: "100.64.0.1" })).toMatchObject({
      seen: "failed: a pod of node-2 sees 100.64.0.1, not 10.244.1.5",
      back: "not-checked: its pod sees another source",
    });
    expect(await play({ comesFrom: "100.64.0.2" })).toMatchObject({
      back: "failed: its pod reaches this one as 100.64.0.2, not as 10.244.2.254",
    });
    expect(await play({})).toMatchObject({ back: "failed: its pod does not reach this one" });
  });

  test("finds large packets that vanish, and bytes that are changed", async () => {
    const vanish = (bytes: Uint8Array) => (bytes.length > 1000 ? undefined : bytes);
    expect(await play({ spoil: vanish, comesFrom: "10.244.2.254" })).toMatchObject({
      transfer: "failed: 2 MiB by TCP do not come through on the way there: the stream stalls",
    });
    const change = (bytes: Uint8Array) => (bytes.length > 1000 ? bytes.fill(0, 500, 501) : bytes);
    expect(await play({ spoil: change, comesFrom: "10.244.2.254" })).toMatchObject({
      transfer: "failed: 2 MiB by TCP are changed on the way there",
    });
  });

  test("takes nothing else that listens there for a responder", async () => {
    const [client, server] = streams();
    await server.write(new TextEncoder().encode("SSH-2.0-OpenSSH\r\n"));
    const probes = {
      connectStream: async () => client,
      listen: () => ({ port: 1, [Symbol.dispose]: () => undefined }),
    };
    const all = { ...probes, nowMs: () => 0, pause: async () => undefined };
    expect(await askResponder(all, options, patience)).toBeUndefined();
  });

  test.each<[string, number | undefined, number]>([
    ["once", undefined, 1],
    ["until it is there, or the time is over", 2000, 5],
  ])("looks for one %s", async (_name, waitUntilMs, times) => {
    let nowMs = 0;
    let looks = 0;
    const probes: StreamProbes = {
      connectStream: async () => {
        looks += 1;
        throw new HeadcniError("HC_STREAM", "Nothing answers");
      },
      listen: () => {
        throw new Error("Nothing is to listen");
      },
      nowMs: () => nowMs,
      pause: async () => {
        nowMs += 500;
      },
    };
    expect(await askResponder(probes, { ...options, waitUntilMs }, patience)).toBeUndefined();
    expect(looks).toBe(times);
  });
});

test.each([
  ["an empty object", "{}"],
  ["a stream without end", '{"ask":"take","bytes":1e12}'],
  ["no port", '{"ask":"connect","port":0}'],
  ["nonsense", "nonsense"],
  ["a line without end", "x".repeat(5000)],
])("a responder takes %s for no question", async (_name, line) => {
  const [client, server] = streams();
  await client.write(new TextEncoder().encode(`${line}\n`));
  await expect(new Talk(server, 1000).question()).rejects.toThrow("no line of a responder");
});

test.each([
  ["10.244.2.0/24", "10.244.2.254"],
  ["fd00:244:0:2::/64", "fd00:244:0:2:ffff:ffff:ffff:ffff"],
])("a responder of %s is looked for at %s", (podCIDR, address) => {
  expect(responderAddress(parsePrefix(podCIDR)).toString()).toBe(address);
});

test("an IPv4 address of a socket of both families is plain", () => {
  expect(["::ffff:10.1.2.3", "fd00::0:1", "10.1.2.3"].map(plainAddress)).toEqual(["10.1.2.3", "fd00::1", "10.1.2.3"]);
});
