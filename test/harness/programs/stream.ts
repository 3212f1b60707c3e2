// TCP connections that go on until they are told to stop, from the network namespace it is started in: every byte says its own place in
// the stream, is checked by the one who gets it, and comes back. On SIGUSR2 it prints what became of them so far, a line of JSON.
//   bun stream.ts PORT [ADDRESS:PORT…]      serves PORT; sends to each ADDRESS:PORT

import type { Socket } from "bun";

/** What became of one connection. */
export interface StreamReport {
  readonly target: string;
  /** Bytes that came back, each as it was sent. */
  readonly returned: number;
  /** Place of the first byte that did not; null for none. */
  readonly wrongAt: number | null;
  /** Why it ended before it was told to; null for one that went on. */
  readonly end: string | null;
  /** The longest time without a byte. */
  readonly silenceMs: number;
}

interface Stream {
  /** Bytes written, and bytes read, so far. */
  sent: number;
  received: number;
  wrongAt: number | null;
  end: string | null;
  heardAtMs: number;
  silenceMs: number;
}

const chunkBytes = 4096;
const intervalMs = 50;
const [own = "", ...targets] = process.argv.slice(2);

/** The byte at a place of any stream: one of four of the number of its word. */
const byteAt = (place: number): number => ((place >>> 2) >>> (8 * (3 - (place & 3)))) & 0xff;

function write(socket: Socket<Stream>, upTo: number): void {
  const { data } = socket;
  const bytes = Uint8Array.from({ length: upTo - data.sent }, (_, at) => byteAt(data.sent + at));
  data.sent += Math.max(socket.write(bytes), 0);
}

function read({ data }: Socket<Stream>, bytes: Uint8Array): void {
  const now = performance.now();
  data.silenceMs = Math.max(data.silenceMs, now - data.heardAtMs);
  data.heardAtMs = now;
  const wrong = bytes.findIndex((byte, at) => byte !== byteAt(data.received + at));
  if (wrong >= 0) data.wrongAt ??= data.received + wrong;
  data.received += bytes.length;
}

const stream = (): Stream => ({
  sent: 0,
  received: 0,
  wrongAt: null,
  end: null,
  heardAtMs: performance.now(),
  silenceMs: 0,
});

// The one who serves sends back as much as it has read: what it sends is known from the place.
Bun.listen<Stream>({
  hostname: "0.0.0.0",
  port: Number(own),
  socket: {
    open: (socket) => {
      socket.data = stream();
    },
    data: (socket, bytes) => {
      read(socket, bytes);
      if (socket.data.wrongAt === null) write(socket, socket.data.received);
      else socket.terminate();
    },
    drain: (socket) => write(socket, socket.data.received),
  },
});

function send(target: string): Stream {
  const data = stream();
  const [hostname = "", port = ""] = target.split(":");
  const connect = (): void => {
    Bun.connect<Stream>({
      hostname,
      port: Number(port),
      data,
      socket: {
        open: (socket) => {
          data.heardAtMs = performance.now();
          setInterval(() => write(socket, data.sent + chunkBytes), intervalMs);
        },
        data: read,
        close: () => {
          data.end ??= "closed by the other end";
        },
        error: (_, error) => {
          data.end ??= error.message;
        },
      },
    }).catch(() => setTimeout(connect, 200));
  };
  connect();
  return data;
}

const streams = targets.map((target) => ({ target, data: send(target) }));
process.on("SIGUSR2", () => {
  const reports = streams.map(({ target, data }): StreamReport => {
    const silenceMs = Math.round(Math.max(data.silenceMs, performance.now() - data.heardAtMs));
    return { target, returned: data.received, wrongAt: data.wrongAt, end: data.end, silenceMs };
  });
  console.log(JSON.stringify(reports));
});
