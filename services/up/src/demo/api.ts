/** What the API answered other than 2xx; the message names the call and says what it was. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The REST API, as a user calls it. */
export interface Api {
  /** The answer's JSON. Throws ApiError. */
  call(method: string, path: string, body?: unknown): Promise<Readonly<Record<string, unknown>>>;
}

const timeoutMs = 15_000;

/** Gives the API at a base URL such as `http://127.0.0.1:8420`, for the holder of a key. */
export function api(baseUrl: string, key: string): Api {
  const authorization = { authorization: `Bearer ${key}` };
  return {
    async call(method, path, body) {
      const text = typeof body === "string";
      const response = await fetch(`${baseUrl}${path}`, {
        method,
        headers: {
          ...authorization,
          ...(body !== undefined && { "content-type": text ? yaml : "application/json" }),
        },
        ...(body !== undefined && { body: text ? body : JSON.stringify(body) }),
        signal: AbortSignal.timeout(timeoutMs),
      });
      const answer: unknown = await response.json();
      if (!isRecord(answer)) throw new Error(`${method} ${path} did not answer with an object`);
      if (response.ok) return answer;
      const said = `answered ${response.status}: ${answer["message"]}`;
      throw new ApiError(response.status, `${method} ${path} ${said}`);
    },
  };
}

const yaml = "application/yaml";

/** Whether a value of an answer is a JSON object. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Gives a text of an answer. Throws when there is none. */
export function textOf(answer: Readonly<Record<string, unknown>>, name: string): string {
  const value = answer[name];
  if (typeof value !== "string" || value === "") throw new Error(`the answer has no ${name}`);
  return value;
}
