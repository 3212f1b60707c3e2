// TCP streams for the connectivity test. Bun makes the socket of an address before it returns, so that one made in another network
// namespace stays there; Node's own module makes it later, outside again.

import type { Socket } from "bun";
import { describeError, HeadcniError } from "../errors.ts";

export interface TcpStream extends Disposable {
  /** As this end of the connection has them. */
  readonly localAddress: string;
  readonly remoteAddress: string;
  /** Waits until the kernel has taken all. @throws HeadcniError HC_STREAM when the stream has ended */
  write(bytes: Uint8Array): Promise<void>;
  /** What has come; undefined at the end, or once it is disposed. */
  read(): Promise<Uint8Array | undefined>;
}

interface Place {
  readonly host: string;
  readonly port: number;
}

/** No more than this waits to be read: then the other end has to wait. */
const mostWaiting = 1 << 20;

/** Listens until it is disposed. @throws HeadcniError HC_STREAM when the address cannot be had */
export function listenTcp({ host, port }: Place, onStream: (stream: TcpStream) => void): Disposable & { port: number } {
  const streams = new Set<Stream>();
  try {
    const server = Bun.listen<Stream>({
      hostname: host,
      port,
      socket: {
        ...handlers,
        open: (socket) => {
          const stream = new Stream(socket);
          socket.data = stream;
          streams.add(stream);
          onStream(stream);
        },
        close: (socket) => {
          streams.delete(socket.data);
          socket.data.end();
        },
      },
    });
    const stop = (): void => {
      server.stop(true);
      for (const stream of streams) stream.end();
    };
    return { port: server.port, [Symbol.dispose]: stop };
  } catch (error) {
    throw new HeadcniError("HC_STREAM", `Cannot listen on ${host} port ${port}: ${describeError(error)}`);
  }
}

/**
 * Connects; all but the waiting is done at once, in the network namespace the caller is in.
 * @throws HeadcniError HC_STREAM when it is refused, or not answered in time
 */
export function connectTcp({ host, port }: Place, timeoutMs: number): Promise<TcpStream> {
  const { promise, resolve, reject } = Promise.withResolvers<TcpStream>();
  const failed = (why: string): void => {
    reject(new HeadcniError("HC_STREAM", `Cannot connect to ${host} port ${port}: ${why}`));
  };
  const timer = setTimeout(() => failed("no answer"), timeoutMs);
  Bun.connect<Stream>({
    hostname: host,
    port,
    socket: {
      ...handlers,
      open: (socket) => {
        clearTimeout(timer);
        const stream = new Stream(socket);
        socket.data = stream;
        resolve(stream);
        // After the time was up nothing takes it.
        void promise.catch(() => stream[Symbol.dispose]());
      },
    },
  }).catch((error: unknown) => {
    clearTimeout(timer);
    failed(describeError(error));
  });
  return promise;
}

const handlers = {
  data: (socket: Socket<Stream>, bytes: Uint8Array): void => socket.data.take(bytes),
  drain: (socket: Socket<Stream>): void => socket.data.drained(),
  end: (socket: Socket<Stream>): void => socket.data.end(),
  close: (socket: Socket<Stream>): void => socket.data?.end(),
  error: (socket: Socket<Stream>): void => socket.data?.end(),
};

class Stream implements TcpStream {
  readonly localAddress: string;
  readonly remoteAddress: string;
  readonly #socket: Socket<Stream>;
  readonly #waiting: Uint8Array[] = [];
  #size = 0;
  #isEnded = false;
  #wakeReader = (): void => undefined;
  #wakeWriter = (): void => undefined;

  constructor(socket: Socket<Stream>) {
    this.#socket = socket;
    this.localAddress = socket.localAddress;
    this.remoteAddress = socket.remoteAddress;
  }

  async write(bytes: Uint8Array): Promise<void> {
    let at = 0;
    while (at < bytes.length) {
      if (this.#isEnded) throw new HeadcniError("HC_STREAM", "The other end has closed the connection");
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wakeWriter = resolve;
      const taken = this.#socket.write(bytes.subarray(at));
      if (taken < 0) this.end();
      else at += taken;
      if (at < bytes.length && taken >= 0) await promise;
    }
  }

  async read(): Promise<Uint8Array | undefined> {
    if (this.#waiting.length === 0 && !this.#isEnded) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wakeReader = resolve;
      await promise;
    }
    const bytes = this.#waiting.shift();
    const before = this.#size;
    this.#size -= bytes?.length ?? 0;
    if (before > mostWaiting && this.#size <= mostWaiting && !this.#isEnded) this.#socket.resume();
    return bytes;
  }

  take(bytes: Uint8Array): void {
    // The buffer is Bun's and is used again.
    this.#waiting.push(bytes.slice());
    this.#size += bytes.length;
    if (this.#size > mostWaiting) this.#socket.pause();
    this.#wakeReader();
  }

  drained(): void {
    this.#wakeWriter();
  }

  end(): void {
    this.#isEnded = true;
    this.#wakeReader();
    this.#wakeWriter();
  }

  [Symbol.dispose](): void {
    this.end();
    this.#socket.end();
  }
}
