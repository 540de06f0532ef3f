import { isDeepStrictEqual } from "node:util";
import { AppError, type FieldProblem } from "@posthorn/errors";
import { type Envelope, versionIn, wholeEnvelopes } from "./envelope.ts";
import { type ProviderSettings, signaturesOf, webhooksMaxOf } from "./provider.ts";
import { isAsymmetric, takesText } from "./signature.ts";

/** How the webhooks of a provider use what its file says. */
export interface WebhookUse {
  /** How many webhooks were given each payload version. */
  readonly countByVersion: ReadonlyMap<string, number>;
  readonly unsignedCount: number;
  /** How many do not name exactly one event type by its exact name. */
  readonly notOneTypeCount: number;
  /** How many workspaces have more webhooks than the file allows. */
  readonly overfullCount: number;
}

const judged = [
  "signatures",
  "envelopes",
  "secrets",
  "eventTypeSelection",
  "webhooksPerWorkspaceMax",
];

/** Tells whether changes of settings, by their JSON names, are worth a look at the webhooks. */
export function mayBreak(changes: readonly string[]): boolean {
  return changes.some((name) => judged.includes(name));
}

/** Gives what a change of a provider's settings breaks for webhooks that are in use. */
export function breaksOf(
  before: ProviderSettings,
  after: ProviderSettings,
  use: WebhookUse,
): FieldProblem[] {
  return [
    ...signatureBreaks(before, after, use),
    ...envelopeBreaks(before.envelopes, after.envelopes, use),
    ...ruleBreaks(before, after, use),
  ];
}

/** Throws `precondition` naming every break; does nothing when there is none. */
export function refuseBreaks(breaks: readonly FieldProblem[]): void {
  const [first] = breaks;
  if (first === undefined) return;
  const more = breaks.length > 1 ? ` (and ${breaks.length - 1} more)` : "";
  const message = `${first.field}: ${first.description}${more}; apply it with allowBreaking to do so`;
  throw new AppError("precondition", message, { fields: breaks });
}

function signatureBreaks(
  before: ProviderSettings,
  after: ProviderSettings,
  { countByVersion, unsignedCount }: WebhookUse,
): FieldProblem[] {
  const count = [...countByVersion.values()].reduce((sum, some) => sum + some, 0) - unsignedCount;
  if (count === 0) return [];
  const [old, next] = [signaturesOf(before), signaturesOf(after)];
  const lost = old.filter((signature) => !next.some((it) => isDeepStrictEqual(it, signature)));
  const descriptions = lost.map(
    ({ scheme }) => `${scheme} is taken away or changed, which ${webhooks(count)} signed with`,
  );
  if (before.secrets.custom && takesTextOnly(old) && !takesTextOnly(next)) {
    descriptions.push(`${webhooks(count)} signed with secrets that may be text of their owners`);
  }
  return descriptions.map((description) => ({ field: "signatures", description }));
}

function takesTextOnly(signatures: ReturnType<typeof signaturesOf>): boolean {
  return signatures.filter((signature) => !isAsymmetric(signature)).every(takesText);
}

function envelopeBreaks(
  before: readonly Envelope[],
  after: readonly Envelope[],
  { countByVersion }: WebhookUse,
): FieldProblem[] {
  const countByHeld = new Map<string, number>();
  for (const [given, count] of countByVersion) {
    const held = versionIn(before, given);
    countByHeld.set(held, (countByHeld.get(held) ?? 0) + count);
  }
  return [...countByHeld].flatMap(([version, count]) => {
    const next = fieldsIn(after, version);
    if (isDeepStrictEqual(next, fieldsIn(before, version))) return [];
    const what = next === undefined ? "is taken away" : "has another body";
    const description = `payload version ${version} ${what}, which ${webhooks(count)} sent`;
    return [{ field: "envelopes", description }];
  });
}

function fieldsIn(envelopes: readonly Envelope[], version: string) {
  return wholeEnvelopes(envelopes).find((envelope) => envelope.version === version)?.fields;
}

function ruleBreaks(
  before: ProviderSettings,
  after: ProviderSettings,
  { unsignedCount, notOneTypeCount, overfullCount }: WebhookUse,
): FieldProblem[] {
  const countMax = webhooksMaxOf(after);
  const problems: readonly [boolean, string, string][] = [
    [
      !after.secrets.optional && before.secrets.optional === true && unsignedCount > 0,
      "secrets.optional",
      `${webhooks(unsignedCount)} without a secret, and could not be sent to`,
    ],
    [
      after.eventTypeSelection === "EXACTLY_ONE" &&
        before.eventTypeSelection === "ANY" &&
        notOneTypeCount > 0,
      "eventTypeSelection",
      `${webhooks(notOneTypeCount)} for other than exactly one event type`,
    ],
    [
      countMax < webhooksMaxOf(before) && overfullCount > 0,
      "webhooksPerWorkspaceMax",
      `${overfullCount === 1 ? "1 workspace has" : `${overfullCount} workspaces have`} more than ${countMax} webhooks`,
    ],
  ];
  return problems.flatMap(([isBroken, field, description]) =>
    isBroken ? [{ field, description }] : [],
  );
}

function webhooks(count: number): string {
  return count === 1 ? "1 webhook is" : `${count} webhooks are`;
}
