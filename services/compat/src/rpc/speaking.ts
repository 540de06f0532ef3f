import { type FieldNames, inWordsOf } from "../domain/field-names.ts";

type Method = (...call: never[]) => unknown;

/** Gives a service whose refusals name fields as its own API does. */
export function speaking<S extends object>(names: FieldNames, service: S): S {
  const methods = Object.entries<Method>(service as Record<string, Method>);
  const translated = methods.map(([name, method]) => {
    return [
      name,
      async (...call: never[]) => {
        try {
          return await method(...call);
        } catch (error) {
          throw inWordsOf(names, error);
        }
      },
    ] as const;
  });
  // The same methods under the same names.
  return Object.fromEntries(translated) as unknown as S;
}
