import { once } from "node:events";
import { connect } from "node:http2";

/** Where a call by hand goes, and as whom. */
export interface FrameTarget {
  /** `http://host:port` that takes HTTP/2 without TLS. */
  readonly url: string;
  /** `/package.Service/Method` */
  readonly path: string;
  readonly key: string;
}

/** How a gRPC call ended. */
export interface GrpcEnd {
  /** The number of the code, as it came; empty when there was none. */
  readonly status: string;
  readonly message: string;
}

/** Puts a message into a frame of gRPC; `length` is what the frame announces. */
export function frame(message: Uint8Array, length = message.length): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, message]);
}

/** Sends bytes as the body of a gRPC call, and gives how it ended. */
export async function grpcCall({ url, path, key }: FrameTarget, body: Buffer): Promise<GrpcEnd> {
  const session = connect(url);
  try {
    const stream = session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc+proto",
      te: "trailers",
      authorization: `Bearer ${key}`,
    });
    let trailers: Readonly<Record<string, unknown>> = {};
    stream.on("trailers", (got) => {
      trailers = got;
    });
    stream.end(body);
    const [headers] = await once(stream, "response");
    stream.resume();
    await once(stream, "end");
    const end = { ...headers, ...trailers };
    return {
      status: String(end["grpc-status"] ?? ""),
      message: decodeURIComponent(String(end["grpc-message"] ?? "")),
    };
  } finally {
    session.destroy();
  }
}
