/** The headers of a record by lower-cased name, as text. */
export type Headers = ReadonlyMap<string, string>;

/** The header that names the workspace, by id or alias. */
export const workspaceHeader = "posthorn-workspace";

const decoder = new TextDecoder();

/** Gives the headers as text. Of names that differ only in case the last one counts. */
export function headersOf(headers: Readonly<Record<string, Uint8Array>>): Headers {
  return new Map(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), decoder.decode(value)]),
  );
}

/** Gives a media type without its parameters, in lower case; empty text for none. */
export function mediaTypeOf(contentType: string | undefined): string {
  return contentType?.split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

/** Tells whether a media type says that the bytes are JSON; none at all counts as JSON. */
export function isJson(mediaType: string): boolean {
  return mediaType === "" || mediaType === "application/json" || mediaType.endsWith("+json");
}
