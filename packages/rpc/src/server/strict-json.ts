/**
 * Options of Connect by which a JSON body that is no UTF-8 is refused; its own decoder would put
 * U+FFFD into texts without a word. Unknown fields are ignored, as is Connect's way.
 */
export const strictJson = {
  ignoreUnknownFields: true,
  textDecoder: new TextDecoder("utf-8", { fatal: true }),
};
